"""`/panel`: the week, what requires attention, and the sessions that come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from tortoise.functions import Count

from trainings import clock
from trainings.accounts.permissions import (
    ATTENDANCE_TAKERS,
    EDITORS,
    STAFF,
    can_close_session,
    can_edit_trainings,
    can_issue_certificates,
    can_register_at_desk,
)
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.text import fold
from trainings.places.queries import hubs_visible_to
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.queries import counts_by_state
from trainings.schedule import queries
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.queries import StaffSession
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import render

FIRST_HOUR, LAST_HOUR = 8, 18
HALF_HOUR = 30
SHORTEST_BOX = 2
UNCLOSED_FOR = timedelta(days=30)
DRAFTS_WITHIN = timedelta(days=7)
FINISHED_WITHIN = timedelta(days=120)
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


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that somebody must see to."""

    icon: str
    href: str
    title: str
    sentence: str
    is_hot: bool = False


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
        "desk": await desk_of(actor),
        "title": dates.date_span([first_day, first_day + timedelta(days=6)], language()),
        "days": [_day(first_day + timedelta(days=n), shown, hours[0], waiting, actor) for n in range(7)],
        "hours": [f"{hour % 12 or 12}" for hour in range(*hours)],
        "coming": [_line(session, waiting, actor) for session in coming],
        "concerns": await _concerns(actor) if first_day == this_week else [],
        "before": _week_path(first_day - timedelta(days=7)),
        "after": _week_path(first_day + timedelta(days=7)),
        "is_this_week": first_day == this_week,
        "can_create": bool(actor.hubs_with(EDITORS)),
    }
    return render(request, "schedule/staff/week.html", context)


def _week_path(first_day: date) -> str:
    return f"/panel/semana?desde={first_day.isoformat()}"


async def desk_of(actor: Actor) -> str:
    """The hub in words for whoever works at one only."""
    if len(actor.roles_at) != 1:
        return ""
    hubs = await hubs_visible_to(actor)
    return f"{hubs[0].name}, {hubs[0].seat.department}" if len(hubs) == 1 else ""


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
    return Day(
        name=short_weekday(day),
        number=day.day,
        is_today=day == clock.today(),
        boxes=[_box(session, first_hour, waiting, actor) for session in sessions if session.day == day],
    )


def _box(session: StaffSession, first_hour: int, waiting: Mapping[UUID, int], actor: Actor) -> Box:
    start = clock.local(session.starts_at)
    row = (start.hour - first_hour) * 2 + start.minute // HALF_HOUR + 1
    rows = -(-int((session.ends_at - session.starts_at).total_seconds()) // (HALF_HOUR * 60))
    rest = (24 - first_hour) * 2 + 1 - row
    return Box(
        slot=f"f{row} s{min(max(rows, SHORTEST_BOX), max(rest, 1))} {_look(session)}".strip(),
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


def numbered(session: StaffSession) -> str:
    """The title, with the number of the meeting where there are several."""
    if session.n_sessions == 1:
        return session.title
    words = gettext(N_("%(title)s, sesión %(position)s de %(n)s"))
    return words % {"title": session.title, "position": session.position, "n": session.n_sessions}


def session_path(session: StaffSession, actor: Actor) -> str:
    """Attendance on the day and afterwards, for whoever takes it; before that, the training."""
    is_due = session.day <= clock.today() and not session.is_cancelled and not session.is_draft
    if is_due and actor.has_any(ATTENDANCE_TAKERS):
        return f"/panel/sesiones/{session.id}/asistencia"
    return f"/panel/capacitaciones/{session.training_id}"


def short_weekday(day: date) -> str:
    """`mié.` · `Wed`"""
    name = dates.weekday(day, language())[:3]
    return name if language().startswith("en") else f"{name}."


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


def when(moment: datetime) -> str:
    """`Hoy, 8:30 a. m.` · `jue. 4, 8:30 a. m.`"""
    day = clock.local(moment).date()
    name = gettext(N_("Hoy")) if day == clock.today() else f"{short_weekday(day)} {day.day}"
    return f"{name}, {dates.time_of_day(moment, language())}"


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
    if session.closes_at is None:
        return gettext(N_("Abierta"))
    if session.closes_at <= clock.now():
        return gettext(N_("Inscripción cerrada"))
    day = clock.local(session.closes_at).date()
    return gettext(N_("Abierta hasta %(day)s")) % {"day": f"{short_weekday(day)} {day.day}"}


# -- what requires attention


async def _concerns(actor: Actor) -> list[Concern]:
    """Trouble before calendar: what cannot wait first."""
    found = [*await _to_close(actor), *await _to_approve(actor), *await _to_publish(actor), *await _to_certify(actor)]
    return sorted(found, key=lambda concern: not concern.is_hot)


async def _to_close(actor: Actor) -> list[Concern]:
    """Sessions that go on now, and those that are over and whose minutes wait for nobody but a click."""
    concerns = []
    now = clock.now()
    for session in await queries.unclosed_sessions(actor, now - UNCLOSED_FOR):
        path = f"/panel/sesiones/{session.id}/asistencia"
        if session.is_running(now) and actor.has_any(ATTENDANCE_TAKERS):
            until = dates.time_of_day(session.ends_at, language())
            sentence = gettext(N_("Está en curso hasta las %(until)s.")) % {"until": until}
            concerns.append(Concern("lista", path, gettext(N_("Pasar asistencia")), f"{numbered(session)}. {sentence}"))
        elif not session.is_running(now) and _may_close(session, actor):
            ended = dates.day_and_time(session.ends_at, language())
            sentence = gettext(N_("Terminó el %(when)s.")) % {"when": ended}
            title = gettext(N_("Cerrar una sesión"))
            concerns.append(
                Concern("candado", path + "/cerrar", title, f"{numbered(session)}. {sentence}", is_hot=True)
            )
    return concerns


def _may_close(session: StaffSession, actor: Actor) -> bool:
    # Who sees a session of a hub without working at its desk sees it because they hold it.
    return can_close_session(actor, session.hub_id, is_facilitator=session.hub_id not in actor.hubs_with(EDITORS))


async def _to_approve(actor: Actor) -> list[Concern]:
    hubs = [hub_id for hub_id in actor.roles_at if can_register_at_desk(actor, hub_id)]
    held = reads(Registration).filter(
        state=RegistrationState.HELD, training__hub_id__in=hubs, training__state__not=TrainingState.CANCELLED
    )
    rows = (
        await held.annotate(n=Count("id"))
        .group_by("training_id", "training__title")
        .values("training_id", "training__title", "n")
    )
    return [
        Concern(
            "persona",
            f"/panel/capacitaciones/{row['training_id']}#personas",
            ngettext("Responder a %(num)s persona", "Responder a %(num)s personas", row["n"]) % {"num": row["n"]},
            gettext(N_("Esperan que las acepten en «%(title)s».")) % {"title": row["training__title"]},
        )
        for row in sorted(rows, key=lambda row: fold(row["training__title"]))
    ]


async def _to_publish(actor: Actor) -> list[Concern]:
    drafts = await queries.drafts_starting_before(actor, clock.now() + DRAFTS_WITHIN)
    editable = {hub_id for hub_id in actor.roles_at if can_edit_trainings(actor, hub_id)}
    return [
        Concern(
            "calendario",
            f"/panel/capacitaciones/{draft.id}",
            gettext(N_("Publicar un borrador")),
            gettext(N_("«%(title)s» es el %(when)s."))
            % {"title": draft.title, "when": dates.day_and_time(draft.next_at, language())},
        )
        for draft in drafts
        if draft.hub_id in editable and draft.next_at is not None
    ]


async def _to_certify(actor: Actor) -> list[Concern]:
    """Trainings whose people completed and hold no certificate yet."""
    hubs = [hub_id for hub_id in actor.roles_at if can_issue_certificates(actor, hub_id)]
    finished = reads(Registration).filter(
        training__hub_id__in=hubs,
        completed_at__gte=clock.now() - FINISHED_WITHIN,
        certificates__id=None,
    )
    rows = await finished.annotate(n=Count("id")).group_by("training_id").values("training_id", "n")
    titles = dict(await reads(Training).filter(id__in=[row["training_id"] for row in rows]).values_list("id", "title"))
    return [
        Concern(
            "diploma",
            f"/panel/capacitaciones/{row['training_id']}/diplomas",
            ngettext("Emitir %(num)s diploma", "Emitir %(num)s diplomas", row["n"]) % {"num": row["n"]},
            gettext(N_("«%(title)s»: cumplieron las horas.")) % {"title": titles[row["training_id"]]},
        )
        for row in sorted(rows, key=lambda row: fold(titles[row["training_id"]]))
    ]


routes: list[BaseRoute] = [
    Route("/panel", index),
    Route("/panel/semana", week),
]
