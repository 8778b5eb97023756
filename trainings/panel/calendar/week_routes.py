"""`/panel`: the week, what requires attention, what comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS, STAFF
from trainings.audit.actor import Actor
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity, coming_activities
from trainings.panel.calendar.attention import concerns_of
from trainings.panel.calendar.spans import Loaded, activity_entry, frame, load
from trainings.panel.calendar.views import View
from trainings.registrations.models import RegistrationState
from trainings.registrations.queries import counts_by_state
from trainings.schedule import queries
from trainings.schedule.models import TrainingState
from trainings.schedule.session_words import move_path, numbered, session_path, short_day, short_weekday, when
from trainings.schedule.staff_sessions import StaffSession
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import render

FIRST_HOUR, LAST_HOUR = 8, 18
HALF_HOUR = 30
SHORTEST_BOX = 2
READABLE = timedelta(hours=1)
COMING = 10
EARLIEST, LATEST = date(2000, 1, 2), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Event:
    starts_at: datetime
    ends_at: datetime
    look: str
    href: str
    title: str
    place: str
    state: str
    move: str


@dataclass(frozen=True, slots=True)
class Box:
    """`slot`: its classes (start, length, state); `move`: the form that moves it; `half` of the day goes without saying
    in the grid.
    """

    slot: str
    href: str
    time: str
    half: str
    title: str
    place: str
    state: str
    move: str


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    name: str
    is_today: bool
    notes: Sequence[str]
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True)
class Line:
    """`capacity` 0: no sign-up."""

    starts_at: datetime
    when: str
    href: str
    title: str
    place: str
    taken: int
    capacity: int
    state: str
    is_off: bool


@allow(*STAFF)
async def index(request: Request) -> Response:
    return await _week(request, queries.sunday_before(clock.today()))


@allow(*STAFF)
async def week(request: Request) -> Response:
    """`?desde=2027-03-04`, else this week."""
    try:
        day = date.fromisoformat(request.query_params.get("desde", ""))
    except ValueError:
        day = clock.today()
    return await _week(request, queries.sunday_before(min(max(day, EARLIEST), LATEST)))


async def _week(request: Request, first_day: date) -> Response:
    actor: Actor = request.state.actor
    is_this_week = first_day == queries.sunday_before(clock.today())
    loaded = await load(request, first_day, first_day + timedelta(days=6))
    is_whole = is_this_week and not loaded.wanted.values
    coming = await queries.coming_sessions(actor, COMING) if is_whole else []
    activities = await coming_activities(actor, COMING) if is_whole else []
    sessions = loaded.sessions
    waiting = await _waiting([*sessions, *coming])
    context = {
        **_calendar(loaded, sessions, actor, waiting),
        "coming": _lines(coming, activities, waiting, actor),
        "concerns": await concerns_of(actor) if is_whole else [],
        "is_whole": is_whole,
        "is_now": is_this_week,
    }
    return render(request, "panel/calendar/week.html", context)


def _calendar(
    loaded: Loaded, sessions: Sequence[StaffSession], actor: Actor, waiting: Mapping[UUID, int]
) -> dict[str, Any]:
    first_day, notes = loaded.first, loaded.day_notes()
    days = [first_day + timedelta(days=n) for n in range(7)]
    events = _events(loaded, sessions, actor, waiting)
    hours = _hours(events)
    return {
        **frame(loaded, sessions, actor, View.WEEK, desde=first_day),
        "title": dates.date_span(days, language()),
        "days": [_day(day, events, hours[0], notes.get(day, ())) for day in days],
        "hours": [f"{hour % 12 or 12}" for hour in range(*hours)],
        "before": loaded.wanted.path(View.WEEK, desde=first_day - timedelta(days=7)),
        "after": loaded.wanted.path(View.WEEK, desde=first_day + timedelta(days=7)),
    }


async def _waiting(sessions: Sequence[StaffSession]) -> Mapping[UUID, int]:
    counts = await counts_by_state(list({session.training_id for session in sessions}))
    return {training_id: states.get(RegistrationState.WAITLISTED, 0) for training_id, states in counts.items()}


# -- the calendar


def _events(loaded: Loaded, sessions: Sequence[StaffSession], actor: Actor, waiting: Mapping[UUID, int]) -> list[Event]:
    may_move = actor.hubs_with(EDITORS)
    found = [
        Event(
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            look=session.look,
            href=session_path(session, actor, is_due=session.is_due),
            title=numbered(session),
            place=session.place,
            state=_box_state(session, waiting.get(session.training_id, 0)),
            move=move_path(session, may_move=session.hub_id in may_move),
        )
        for session in sessions
    ]
    for activity in loaded.activities:
        entry = activity_entry(activity, may_move)
        found.append(
            Event(
                starts_at=activity.starts_at,
                ends_at=activity.ends_at,
                look=entry.look,
                href=entry.href,
                title=entry.title,
                place=entry.place,
                state=entry.state,
                move=entry.move,
            )
        )
    return sorted(found, key=lambda event: event.starts_at)


def _hours(events: Sequence[Event]) -> tuple[int, int]:
    starts = [clock.local(event.starts_at) for event in events]
    ends = [clock.local(event.ends_at) for event in events]
    last = [
        24 if end.date() > start.date() else end.hour + bool(end.minute)
        for start, end in zip(starts, ends, strict=True)
    ]
    return min([FIRST_HOUR, *(start.hour for start in starts)]), max([LAST_HOUR, *last])


def _day(day: date, events: Sequence[Event], first_hour: int, notes: Sequence[str]) -> Day:
    of_day = [event for event in events if clock.local(event.starts_at).date() == day]
    return Day(
        day=day,
        name=short_weekday(day),
        is_today=day == clock.today(),
        notes=notes,
        boxes=[_box(event, first_hour, layer=_layer(event, of_day[:n])) for n, event in enumerate(of_day)],
    )


def _layer(event: Event, before: Sequence[Event]) -> str:
    """Beside events that began at nearly the same time, over the end of earlier ones."""
    at_once = [other for other in before if other.ends_at > event.starts_at]
    if not at_once:
        return ""
    return "over" if all(event.starts_at - other.starts_at >= READABLE for other in at_once) else "beside"


def _box(event: Event, first_hour: int, *, layer: str) -> Box:
    start = clock.local(event.starts_at)
    row = (start.hour - first_hour) * 2 + start.minute // HALF_HOUR + 1
    rows = -(-int((event.ends_at - event.starts_at).total_seconds()) // (HALF_HOUR * 60))
    rest = (24 - first_hour) * 2 + 1 - row
    height = min(max(rows, SHORTEST_BOX), max(rest, 1))
    time, _, half = dates.time_of_day(event.starts_at, language()).partition(dates.NBSP)
    return Box(
        slot=" ".join(filter(None, (f"f{row}", f"s{height}", event.look, layer))),
        href=event.href,
        time=time,
        half=half,
        title=event.title,
        place=event.place,
        state=event.state,
        move=event.move,
    )


def _box_state(session: StaffSession, n_waiting: int) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_draft:
        return gettext(N_("Borrador"))
    if n_waiting:
        words = gettext(N_("%(taken)s/%(capacity)s · %(waiting)s en espera"))
        return words % {"taken": session.taken, "capacity": session.capacity, "waiting": n_waiting}
    return f"{session.taken}/{session.capacity}"


# -- the list


def _lines(
    sessions: Sequence[StaffSession],
    activities: Sequence[ListedActivity],
    waiting: Mapping[UUID, int],
    actor: Actor,
) -> list[Line]:
    lines = [_line(session, waiting, actor) for session in sessions]
    lines += [_activity_line(activity) for activity in activities]
    return sorted(lines, key=lambda line: line.starts_at)[:COMING]


def _activity_line(activity: ListedActivity) -> Line:
    entry, now = activity_entry(activity, frozenset()), clock.now()
    is_running = activity.starts_at <= now and not activity.is_cancelled and not activity.is_draft
    return Line(
        starts_at=activity.starts_at,
        when=when(activity.starts_at),
        href=entry.href,
        title=entry.title,
        place=entry.place,
        taken=0,
        capacity=0,
        state=gettext(N_("En curso")) if is_running else entry.state,
        is_off=activity.is_cancelled,
    )


def _line(session: StaffSession, waiting: Mapping[UUID, int], actor: Actor) -> Line:
    return Line(
        starts_at=session.starts_at,
        when=when(session.starts_at),
        href=session_path(session, actor, is_due=session.is_due),
        title=numbered(session),
        place=session.place,
        taken=session.taken,
        capacity=session.capacity,
        state=_line_state(session, waiting.get(session.training_id, 0)),
        is_off=session.is_cancelled,
    )


def _line_state(session: StaffSession, n_waiting: int) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_draft:
        return gettext(N_("Borrador"))
    if session.is_running:
        return gettext(N_("En curso"))
    if n_waiting:
        return gettext(N_("Llena, %(n)s en espera")) % {"n": n_waiting}
    if session.taken >= session.capacity:
        return gettext(N_("Llena"))
    if session.state is TrainingState.UNLISTED:
        return gettext(N_("Solo con enlace"))
    return _open_state(session)


def _open_state(session: StaffSession) -> str:
    if session.closes_at is not None and session.closes_at <= clock.now():
        return gettext(N_("Inscripción cerrada"))
    if session.opens_at is not None and session.opens_at > clock.now():
        return gettext(N_("Abre el %(day)s")) % {"day": short_day(clock.local(session.opens_at).date())}
    if session.closes_at is None:
        return gettext(N_("Abierta"))
    day = clock.local(session.closes_at).date()
    return gettext(N_("Abierta hasta %(day)s")) % {"day": short_day(day)}


routes: list[BaseRoute] = [
    Route("/panel", index),
    Route("/panel/semana", week),
]
