"""`/panel/sin-actividad`: municipalities of a department without anything in a quarter."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.permissions import EDITORS
from trainings.audit.actor import Actor
from trainings.outreach import coverage
from trainings.places.data import departments
from trainings.places.map import Marked, department_map
from trainings.schedule.quarters import Quarter
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext
from trainings.web.render import render

PATH = "/panel/sin-actividad"


@allow(*EDITORS, Role.MONITORING_OFFICER)
async def index(request: Request) -> Response:
    """By department (`?departamento=17`) and quarter (`?trimestre=2027-1`)."""
    actor: Actor = request.state.actor
    quarter, notes = _asked(request.query_params.get("trimestre", ""))
    mine = await _departments(actor)
    code = request.query_params.get("departamento", "")
    if code and code not in mine:
        notes.append(gettext(N_("No encontramos ese departamento entre los suyos. Mostramos el primero.")))
    found = await coverage.coverage_of(quarter)
    counted = coverage.counts_of(found, mine)
    chosen = code if code in mine else next((one.code for one in counted if one.n_busy), counted[0].code)
    context = {
        "here": "semana",
        "notes": notes,
        "counted": [(one, _path(one.code, quarter)) for one in counted],
        **_steps(chosen, quarter),
        **await _department(found, chosen),
        "can_create": bool(actor.hubs_with(EDITORS)),
    }
    return render(request, "outreach/staff/coverage.html", context)


async def _departments(actor: Actor) -> set[str]:
    """All for staff without a hub; else those served by hubs that the actor leads."""
    if Role.MONITORING_OFFICER in actor.roles_everywhere:
        return set(departments())
    return await coverage.departments_served(actor.hubs_with(EDITORS))


def _asked(typed: str) -> tuple[Quarter, list[str]]:
    quarter = Quarter.read(typed)
    notes = [gettext(N_("No entendimos el trimestre. Mostramos este."))] if typed and quarter is None else []
    return quarter or Quarter.of(clock.today()), notes


def _path(code: str, quarter: Quarter | None) -> str:
    values = {"departamento": code} | ({"trimestre": str(quarter)} if quarter else {})
    return f"{PATH}?{urlencode(values)}"


def _steps(code: str, quarter: Quarter) -> dict[str, Any]:
    return {
        "quarter": quarter.name,
        "before": _path(code, quarter.later(-1)) if Quarter.read(str(quarter.later(-1))) else "",
        "after": _path(code, quarter.later(1)) if Quarter.read(str(quarter.later(1))) else "",
        "today": _path(code, None),
        "is_now": quarter == Quarter.of(clock.today()),
    }


async def _department(found: coverage.Coverage, code: str) -> dict[str, Any]:
    [count] = coverage.counts_of(found, [code])
    quiet = await coverage.quiet_in(found, code)
    return {
        "count": count,
        "quiet": quiet,
        "map": department_map(code, {one.town.code: Marked(1) for one in quiet}),
    }


routes: list[BaseRoute] = [Route(PATH, index)]
