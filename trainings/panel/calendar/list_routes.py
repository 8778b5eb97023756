"""`/panel/lista`: a month as a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS, STAFF
from trainings.accounts.queries import names_of
from trainings.audit.actor import Actor
from trainings.db import sql
from trainings.db.sql import Table, as_uuid
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity
from trainings.panel.calendar.spans import (
    Loaded,
    activity_entry,
    asked_month,
    load,
    month_frame,
    next_change,
    session_entry,
)
from trainings.panel.calendar.views import View
from trainings.schedule.months import days_touched
from trainings.schedule.public.entries import Entry
from trainings.schedule.public.remembered import remembered
from trainings.schedule.staff_sessions import StaffSession
from trainings.schedule.words import STATES
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import render

HOLDERS = """
    SELECT f.session_id, u.name FROM session_facilitator f JOIN app_user u ON u.id = f.user_id
    WHERE f.session_id IN ?list ORDER BY u.name
"""


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
    holders = await sql.tuples(HOLDERS, [session.key for session in loaded.sessions], are_few=True)
    responsible = await names_of(activity.responsible_id for activity in loaded.activities)

    def page() -> Response:
        context = {
            **month_frame(loaded, actor, View.LIST),
            "notes": notes + loaded.notes,
            "lines": _lines(loaded, actor, _by_session(holders), responsible),
        }
        return render(request, "panel/calendar/list.html", context)

    facts = loaded, notes, holders, responsible, request.scope["state"].get("waiting")
    query = loaded.wanted.query(mes=month)
    return remembered(request, facts, page, until=next_change(loaded), query=query, is_staff=True)


def _lines(
    loaded: Loaded, actor: Actor, holders: Mapping[UUID, list[str]], responsible: Mapping[UUID | None, str]
) -> list[Line]:
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


def _by_session(holders: Table) -> dict[UUID, list[str]]:
    found = defaultdict[UUID, list[str]](list)
    for session_id, name in holders:
        found[as_uuid(session_id)].append(name)
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
