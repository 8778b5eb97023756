"""`/panel`: the week, what requires attention, and the sessions that come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import (
    ATTENDANCE_TAKERS,
    EDITORS,
    STAFF,
)
from trainings.audit.actor import Actor
from trainings.lib import dates
from trainings.registrations.models import RegistrationState
from trainings.registrations.queries import counts_by_state
from trainings.schedule import queries
from trainings.schedule.attention_routes import concerns_of
from trainings.schedule.models import TrainingState
from trainings.schedule.queries import StaffSession
from trainings.schedule.session_words import numbered, short_day, short_weekday, when
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
class Box:
    """A session in the calendar: `slot` are its classes (start, length, state)."""

    slot: str
    href: str
    time: str
    title: str
    place: str
    state: str


@dataclass(frozen=True, slots=True)
class Day:
    """One column of the week."""

    name: str
    number: int
    is_today: bool
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True)
class Line:
    """A session in the list of those that come."""

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
    """Any week, by a day in it (`?desde=2027-03-04`); what is no date is this week."""
    try:
        day = date.fromisoformat(request.query_params.get("desde", ""))
    except ValueError:
        day = clock.today()
    return await _week(request, queries.sunday_before(min(max(day, EARLIEST), LATEST)))


async def _week(request: Request, first_day: date) -> Response:
    actor: Actor = request.state.actor
    this_week = queries.sunday_before(clock.today())
    shown = await queries.week_of(actor, first_day)
    coming = await queries.coming_sessions(actor, COMING) if first_day == this_week else []
    waiting = await _waiting(shown + coming)
    hours = _hours(shown)
    context = {
        "here": "semana",
        "title": dates.date_span([first_day + timedelta(days=n) for n in range(7)], language()),
        "days": [_day(first_day + timedelta(days=n), shown, hours[0], waiting, actor) for n in range(7)],
        "hours": [f"{hour % 12 or 12}" for hour in range(*hours)],
        "coming": [_line(session, waiting, actor) for session in coming],
        "concerns": await concerns_of(actor) if first_day == this_week else [],
        "before": _week_path(first_day - timedelta(days=7)),
        "after": _week_path(first_day + timedelta(days=7)),
        "is_this_week": first_day == this_week,
        "can_create": bool(actor.hubs_with(EDITORS)),
    }
    return render(request, "schedule/staff/week.html", context)


def _week_path(first_day: date) -> str:
    return f"/panel/semana?desde={first_day.isoformat()}"


async def _waiting(sessions: Sequence[StaffSession]) -> Mapping[UUID, int]:
    """How many people wait, by training."""
    counts = await counts_by_state(list({session.training_id for session in sessions}))
    return {training_id: states.get(RegistrationState.WAITLISTED, 0) for training_id, states in counts.items()}


# -- the calendar


def _hours(sessions: Sequence[StaffSession]) -> tuple[int, int]:
    """From the hour of the earliest to that of the latest session, at least 8 to 18."""
    starts = [clock.local(session.starts_at) for session in sessions]
    ends = [clock.local(session.ends_at) for session in sessions]
    last = [
        24 if end.date() > start.date() else end.hour + bool(end.minute)
        for start, end in zip(starts, ends, strict=True)
    ]
    return min([FIRST_HOUR, *(start.hour for start in starts)]), max([LAST_HOUR, *last])


def _day(
    day: date, sessions: Sequence[StaffSession], first_hour: int, waiting: Mapping[UUID, int], actor: Actor
) -> Day:
    of_day = [session for session in sessions if session.day == day]
    return Day(
        name=short_weekday(day),
        number=day.day,
        is_today=day == clock.today(),
        boxes=[
            _box(session, first_hour, waiting, actor, layer=_layer(session, of_day[:n]))
            for n, session in enumerate(of_day)
        ],
    )


def _layer(session: StaffSession, before: Sequence[StaffSession]) -> str:
    """It may cover the end of what began well before it, and stands beside what began at nearly the same time."""
    at_once = [other for other in before if other.ends_at > session.starts_at]
    if not at_once:
        return ""
    return "over" if all(session.starts_at - other.starts_at >= READABLE for other in at_once) else "beside"


def _box(session: StaffSession, first_hour: int, waiting: Mapping[UUID, int], actor: Actor, *, layer: str) -> Box:
    start = clock.local(session.starts_at)
    row = (start.hour - first_hour) * 2 + start.minute // HALF_HOUR + 1
    rows = -(-int((session.ends_at - session.starts_at).total_seconds()) // (HALF_HOUR * 60))
    rest = (24 - first_hour) * 2 + 1 - row
    height = min(max(rows, SHORTEST_BOX), max(rest, 1))
    return Box(
        slot=" ".join(filter(None, (f"f{row}", f"s{height}", _look(session), layer))),
        href=session_path(session, actor),
        time=f"{start.hour % 12 or 12}:{start.minute:02}",
        title=numbered(session),
        place=session.place,
        state=_box_state(session, waiting.get(session.training_id, 0)),
    )


def _look(session: StaffSession) -> str:
    now = clock.now()
    if session.is_cancelled:
        return "off"
    if session.is_draft:
        return "draft"
    if session.is_running(now) and session.closed_at is None:
        return "open"
    return "gone" if session.is_over(now) else ""


def _box_state(session: StaffSession, n_waiting: int) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_draft:
        return gettext(N_("Borrador"))
    if n_waiting:
        words = gettext(N_("%(taken)s/%(capacity)s · %(waiting)s en espera"))
        return words % {"taken": session.taken, "capacity": session.capacity, "waiting": n_waiting}
    return f"{session.taken}/{session.capacity}"


def session_path(session: StaffSession, actor: Actor) -> str:
    """Attendance on the day and afterwards, for whoever takes it; before that, the training."""
    is_due = session.day <= clock.today() and not session.is_cancelled and not session.is_draft
    if is_due and actor.has_any(ATTENDANCE_TAKERS):
        return f"/panel/sesiones/{session.id}/asistencia"
    return f"/panel/capacitaciones/{session.training_id}"


# -- the list


def _line(session: StaffSession, waiting: Mapping[UUID, int], actor: Actor) -> Line:
    return Line(
        when=when(session.starts_at),
        href=session_path(session, actor),
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
    if session.is_running(clock.now()):
        return gettext(N_("En curso"))
    if n_waiting:
        return gettext(N_("Llena, %(n)s en espera")) % {"n": n_waiting}
    if session.taken >= session.capacity:
        return gettext(N_("Llena"))
    if session.training_state == TrainingState.UNLISTED:
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
