"""`/panel/lista`: a month of the panel as a list, with who holds each session."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.models import User
from trainings.accounts.permissions import EDITORS, STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity
from trainings.panel.calendar.spans import Loaded, activity_entry, asked_month, load, month_frame
from trainings.panel.calendar.views import View
from trainings.schedule.models import SessionFacilitator
from trainings.schedule.months import days_touched
from trainings.schedule.session_words import move_path, numbered, session_path
from trainings.schedule.staff.day_notes import Notes
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
    look: str
    href: str
    title: str
    place: str
    who: str
    taken: int
    capacity: int
    state: str
    note: str
    move: str


@allow(*STAFF)
async def index(request: Request) -> Response:
    """Of a month (`?mes=2027-03`)."""
    actor: Actor = request.state.actor
    month, notes = asked_month(request)
    loaded = await load(request, month.first, month.last)
    sessions = loaded.sessions
    context = {
        **month_frame(loaded, sessions, actor, View.LIST),
        "notes": notes + loaded.notes,
        "lines": await _lines(loaded, sessions, actor),
    }
    return render(request, "panel/calendar/list.html", context)


async def _lines(loaded: Loaded, sessions: Sequence[StaffSession], actor: Actor) -> list[Line]:
    """What began before the month stands under its first day."""
    holders = await _holders([session.id for session in sessions])
    responsible = await _names({activity.responsible_id for activity in loaded.activities})
    notes = loaded.day_notes()
    found = [(one.starts_at, _session_line(one, loaded, notes, actor, holders.get(one.id, []))) for one in sessions]
    found += [
        (one.starts_at, _activity_line(one, loaded, notes, actor, responsible.get(one.responsible_id, "")))
        for one in loaded.activities
    ]
    return [line for _start, line in sorted(found, key=lambda pair: pair[0])]


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


async def _names(user_ids: Collection[UUID]) -> dict[UUID, str]:
    if not user_ids:
        return {}
    return dict(await reads(User).filter(id__in=list(user_ids)).values_list("id", "name"))


def _session_line(session: StaffSession, loaded: Loaded, notes: Notes, actor: Actor, holders: Iterable[str]) -> Line:
    day = max(session.day, loaded.first)
    return Line(
        day=day,
        hours=_hours(session),
        look=session.look,
        href=session_path(session, actor, is_due=session.is_due),
        title=numbered(session),
        place=session.place,
        who=", ".join(holders),
        taken=session.taken,
        capacity=session.capacity,
        state=_state(session),
        note=". ".join(notes.get(day, ())),
        move=move_path(session, may_move=session.hub_id in actor.hubs_with(EDITORS)),
    )


def _activity_line(activity: ListedActivity, loaded: Loaded, notes: Notes, actor: Actor, responsible: str) -> Line:
    entry, day = activity_entry(activity, actor.hubs_with(EDITORS)), max(activity.day, loaded.first)
    return Line(
        day=day,
        hours=_hours(activity),
        look=entry.look,
        href=entry.href,
        title=entry.title,
        place=entry.place,
        who=responsible,
        taken=0,
        capacity=0,
        state=entry.state,
        note=". ".join(notes.get(day, ())),
        move=entry.move,
    )


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
