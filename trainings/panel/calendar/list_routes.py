"""`/panel/lista`: a month as a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS, STAFF
from trainings.accounts.queries import names_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity
from trainings.panel.calendar.spans import Loaded, activity_entry, asked_month, load, month_frame, session_entry
from trainings.panel.calendar.views import View
from trainings.schedule.models import SessionFacilitator
from trainings.schedule.months import days_touched
from trainings.schedule.public.entries import Entry
from trainings.schedule.staff_sessions import StaffSession
from trainings.schedule.words import STATES
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import render


@dataclass(frozen=True, slots=True)
class Line:
    """`capacity` 0: no sign-up. `note`: of its day."""

    day: date
    hours: str
    entry: Entry
    who: str
    note: str
    taken: int = 0
    capacity: int = 0


@allow(*STAFF)
async def index(request: Request) -> Response:
    """`?mes=2027-03`."""
    actor: Actor = request.state.actor
    month, notes = asked_month(request)
    loaded = await load(request, month.first, month.last)
    context = {
        **month_frame(loaded, actor, View.LIST),
        "notes": notes + loaded.notes,
        "lines": await _lines(loaded, actor),
    }
    return render(request, "panel/calendar/list.html", context)


async def _lines(loaded: Loaded, actor: Actor) -> list[Line]:
    holders = await _holders([session.id for session in loaded.sessions])
    responsible = await names_of(activity.responsible_id for activity in loaded.activities)
    notes, may_move = loaded.day_notes(), actor.hubs_with(EDITORS)

    def line(one: StaffSession | ListedActivity, entry: Entry, who: str, taken: int = 0, capacity: int = 0) -> Line:
        day = max(one.day, loaded.first)
        return Line(day, _hours(one), entry, who, ". ".join(notes.get(day, ())), taken, capacity)

    lines = [
        line(one, session_entry(one, actor, _state(one)), ", ".join(holders.get(one.id, [])), one.taken, one.capacity)
        for one in loaded.sessions
    ]
    lines += [
        line(one, activity_entry(one, may_move), responsible.get(one.responsible_id, "")) for one in loaded.activities
    ]
    return sorted(lines, key=lambda line: line.entry.starts_at)


async def _holders(session_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    rows = await (
        reads(SessionFacilitator)
        .filter(session_id__in=list(session_ids))
        .order_by("user__name")
        .values_list("session_id", "user__name")
    )
    found: dict[UUID, list[str]] = {}
    for session_id, name in rows:
        found.setdefault(session_id, []).append(name)
    return found


def _hours(one: StaffSession | ListedActivity) -> str:
    start, end = (dates.time_of_day(moment, language()) for moment in (one.starts_at, one.ends_at))
    if len(days_touched(one.starts_at, one.ends_at)) > 1:
        end = dates.day_and_time(one.ends_at, language())
    return gettext("%(start)s a %(end)s") % {"start": start, "end": end}


def _state(session: StaffSession) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_running:
        return gettext(N_("En curso"))
    if session.is_over:
        return gettext(N_("Ya se realizó"))
    return gettext(STATES[session.state])


routes: list[BaseRoute] = [Route("/panel/lista", index)]
