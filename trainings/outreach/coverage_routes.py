"""`/panel/sin-actividad`: municipalities of a department without anything in a quarter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.permissions import EDITORS
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.places.data import departments
from trainings.places.map import Marked, department_map
from trainings.places.models import HubService
from trainings.schedule import towns
from trainings.schedule.months import Quarter
from trainings.schedule.public.queries import moment
from trainings.schedule.towns import Town
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext
from trainings.web.render import render

_EVENTS = """
    WITH event AS (
        SELECT COALESCE(v.municipality_id, h.seat_id) AS town_code, h.name AS hub, s.starts_at, s.ends_at
        FROM training_session s
        JOIN training t ON t.id = s.training_id
        JOIN hub h ON h.id = t.hub_id
        LEFT JOIN venue v ON v.id = s.venue_id
        WHERE s.state = 'planned' AND s.called_off_at IS NULL AND t.state IN ('published', 'unlisted', 'cancelled')
        UNION ALL
        SELECT a.municipality_id, h.name, a.starts_at, a.ends_at
        FROM outreach_activity a
        JOIN hub h ON h.id = a.hub_id
        WHERE a.state = 'published'
    )
"""
SEEN = f"""
    {_EVENTS}
    SELECT town_code, hub,
        SUM(CASE WHEN starts_at < ? AND ends_at > ? THEN 1 ELSE 0 END) AS n_within,
        MAX(CASE WHEN ends_at <= ? THEN starts_at END) AS last_at,
        MIN(CASE WHEN starts_at >= ? THEN starts_at END) AS next_at
    FROM event
    GROUP BY town_code, hub
    ORDER BY town_code, hub
"""  # noqa: S608 (both texts are constants of the program)
"""Held or planned, and announced; no drafts, nothing cancelled."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """The last event before a quarter, or the first after it."""

    starts_at: datetime
    hub: str


@dataclass(frozen=True, slots=True)
class Quiet:
    town: Town
    last: Nearby | None
    next: Nearby | None
    hubs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    code: str
    name: str
    n_towns: int
    n_busy: int

    @property
    def n_quiet(self) -> int:
        return self.n_towns - self.n_busy


@dataclass(slots=True)
class Coverage:
    """`busy`: INE codes of municipalities with something in the quarter."""

    busy: set[str]
    last: dict[str, Nearby]
    next: dict[str, Nearby]


async def coverage_of(quarter: Quarter) -> Coverage:
    """Of all hubs, since nothing here is secret."""
    found = Coverage(set(), {}, {})
    start, end = quarter.starts_at, quarter.ends_at
    for row in await sql.rows(SEEN, end, start, start, end):
        _add(found, row)
    return found


def _add(found: Coverage, row: Mapping[str, Any]) -> None:
    code, hub = row["town_code"], row["hub"]
    if row["n_within"]:
        found.busy.add(code)
    last, following = moment(row["last_at"]), moment(row["next_at"])
    if last is not None and (code not in found.last or found.last[code].starts_at < last):
        found.last[code] = Nearby(last, hub)
    if following is not None and (code not in found.next or found.next[code].starts_at > following):
        found.next[code] = Nearby(following, hub)


def counts_of(coverage: Coverage, codes: Iterable[str]) -> list[DepartmentCount]:
    counted = []
    for code in codes:
        in_it = [town for town in towns.by_code() if town.startswith(code)]
        counted.append(DepartmentCount(code, departments()[code], len(in_it), len(coverage.busy.intersection(in_it))))
    return sorted(counted, key=lambda one: one.name)


async def quiet_in(coverage: Coverage, department: str) -> list[Quiet]:
    serving = await _hubs_by_town(department)
    found = [
        Quiet(town, coverage.last.get(code), coverage.next.get(code), tuple(serving.get(code, ())))
        for code, town in towns.by_code().items()
        if town.department_code == department and code not in coverage.busy
    ]
    return sorted(found, key=lambda one: one.town.sort_key)


async def _hubs_by_town(department: str) -> dict[str, list[str]]:
    rows = await (
        reads(HubService)
        .filter(municipality__department_code=department, hub__is_active=True)
        .order_by("hub__name")
        .values_list("municipality_id", "hub__name")
    )
    found: dict[str, list[str]] = {}
    for code, hub in rows:
        found.setdefault(code, []).append(hub)
    return found


async def departments_served(hub_ids: Collection[UUID]) -> set[str]:
    rows = await reads(HubService).filter(hub_id__in=list(hub_ids)).values_list("municipality_id")
    return {code[:2] for (code,) in rows}


PATH = "/panel/sin-actividad"


@allow(*EDITORS, Role.MONITORING_OFFICER)
async def index(request: Request) -> Response:
    """`?departamento=17`, `?trimestre=2027-1`."""
    actor: Actor = request.state.actor
    quarter, notes = _asked(request.query_params.get("trimestre", ""))
    mine = await _departments(actor)
    code = request.query_params.get("departamento", "")
    if code and code not in mine:
        notes.append(gettext(N_("No encontramos ese departamento entre los suyos. Mostramos el primero.")))
    found = await coverage_of(quarter)
    counted = counts_of(found, mine)
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
    if Role.MONITORING_OFFICER in actor.roles_everywhere:
        return set(departments())
    return await departments_served(actor.hubs_with(EDITORS))


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


async def _department(found: Coverage, code: str) -> dict[str, Any]:
    [count] = counts_of(found, [code])
    quiet = await quiet_in(found, code)
    return {
        "count": count,
        "quiet": quiet,
        "map": department_map(code, {one.town.code: Marked(1) for one in quiet}),
    }


routes: list[BaseRoute] = [Route(PATH, index)]
