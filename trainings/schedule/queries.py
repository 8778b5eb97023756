from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.functions import Max
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import Role, User
from trainings.accounts.permissions import DESK, EDITORS, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.db.prepared import Select, hang
from trainings.errors import NotFound, Refusal
from trainings.lib.text import fold
from trainings.places.models import Operator
from trainings.schedule.models import (
    OF_REAL,
    REAL,
    Course,
    CoursePrerequisite,
    SessionFacilitator,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.staff_sessions import StaffSession, read_where
from trainings.web.forms import ListPage
from trainings.web.i18n import N_

SEES_ALL = (Role.MONITORING_OFFICER, Role.PLATFORM_ADMIN)
"""Trainings of all hubs, but no people."""

PAGE_SIZE = 25
NO_DATE = datetime.max.replace(tzinfo=clock.GUATEMALA)


class UnknownTraining(NotFound):
    sentence = N_("No encontramos esa capacitación en su ventanilla. Búsquela en la lista.")


class UnknownSession(NotFound):
    code = "unknown_session"
    sentence = N_("No encontramos esa sesión. Búsquela en la semana de su ventanilla.")


class InPractice(Refusal):
    sentence = N_(
        "Esto es una práctica: aquí no se emiten diplomas, no se envía nada, no se guardan teléfonos ni correos y no "
        "se borra a una sola persona. Una práctica se vacía entera."
    )


class UnknownCourse(NotFound):
    sentence = N_("No encontramos ese curso. Búsquelo en la lista.")


# -- scope


def visible_to(actor: Actor) -> QuerySet[Training]:
    """Of hubs where the actor works at the desk, and with a session the actor holds."""
    real = reads(Training).filter(REAL)
    if actor.roles_everywhere.intersection(SEES_ALL):
        return real
    own = Subquery(TrainingSession.filter(facilitators__user_id=actor.id).values("training_id"))
    return real.filter(Q(hub_id__in=list(actor.hubs_with(DESK))) | Q(id__in=own))


def sessions_visible_to(actor: Actor) -> QuerySet[TrainingSession]:
    """As `visible_to`."""
    real = reads(TrainingSession).filter(OF_REAL)
    if actor.roles_everywhere.intersection(SEES_ALL):
        return real
    own = Subquery(SessionFacilitator.filter(user_id=actor.id).values("session_id"))
    return real.filter(Q(training__hub_id__in=list(actor.hubs_with(DESK))) | Q(id__in=own))


def scope_of(actor: Actor) -> tuple[str, list[object]]:
    """`sessions_visible_to` as SQL on the session `s` of the training `t`."""
    if actor.roles_everywhere.intersection(SEES_ALL):
        return "1 = 1", []
    own = "SELECT f.session_id FROM session_facilitator f WHERE f.user_id = ?"
    return f"(t.hub_id IN ?list OR s.id IN ({own}))", [list(actor.hubs_with(DESK)), actor.id]


SEEN = """this.id = ? AND this.state <> 'practice' AND (? OR this.hub_id IN ?list OR this.id IN (
    SELECT s.training_id FROM training_session s JOIN session_facilitator f ON f.session_id = s.id WHERE f.user_id = ?))
"""
"""`visible_to`, of one."""
ONE = Select(Training, "course__topic", "hub__seat", "venue__municipality", where=SEEN)
SESSIONS_OF = Select(
    TrainingSession,
    "venue__municipality",
    where="this.training_id IN ?list",
    order="this.starts_at, this.id",
    are_few=True,
)
ITS_PEOPLE = Select(
    SessionFacilitator, "user", where="this.session_id IN (SELECT id FROM training_session WHERE training_id = ?)"
)


async def for_staff(training_id: UUID, actor: Actor) -> Training:
    """With course, hub, venue, sessions, their places and people. Else UnknownTraining."""
    sees_all = bool(actor.roles_everywhere.intersection(SEES_ALL))
    found = await sql.tables(
        [
            ONE.asked(training_id, sees_all, sorted(actor.hubs_with(DESK)), actor.id),
            SESSIONS_OF.asked([training_id]),
            ITS_PEOPLE.asked(training_id),
        ],
        are_few=True,
    )
    trainings, sessions = ONE.made(found[0]), SESSIONS_OF.made(found[1])
    if not trainings:
        raise UnknownTraining
    hang(sessions, "facilitators", ITS_PEOPLE.made(found[2]))
    hang(trainings, "sessions", sessions)
    return trainings[0]


async def session_for_staff(session_id: UUID, actor: Actor) -> TrainingSession:
    """With training, hub, venue and people. Else UnknownSession."""
    session = (
        await sessions_visible_to(actor)
        .get_or_none(id=session_id)
        .prefetch_related("training__hub", "venue__municipality", "facilitators__user")
    )
    if session is None:
        raise UnknownSession
    return session


# -- sessions in time


async def coming_sessions(actor: Actor, limit: int) -> list[StaffSession]:
    scope, of_scope = scope_of(actor)
    now = clock.now()
    values = [now - LONGEST_SESSION, now, *of_scope]
    return list(await read_where(f"{COMING_OF_STAFF} AND {scope}", values, limit=limit))


async def unclosed_sessions(actor: Actor, since: datetime) -> list[StaffSession]:
    scope, of_scope = scope_of(actor)
    return list(await read_where(f"{scope} AND {UNCLOSED}", [*of_scope, since, clock.now()]))


COMING_OF_STAFF = "s.starts_at > ? AND s.ends_at > ? AND s.closed_at IS NULL"
"""By start too, else the statement scans all years."""
UNCLOSED = """
    s.starts_at >= ? AND s.starts_at <= ? AND s.closed_at IS NULL AND s.state = 'planned'
        AND t.state IN ('published', 'unlisted')
"""


def sunday_before(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


# -- lists


@dataclass(frozen=True, slots=True)
class TrainingFilter:
    state: TrainingState | None = None
    hub_id: UUID | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StaffTraining:
    """Times UTC; None without (coming) sessions."""

    id: UUID
    title: str
    state: TrainingState
    hub_id: UUID
    hub: str
    first_at: datetime | None
    next_at: datetime | None
    n_sessions: int
    capacity: int
    taken: int


async def trainings_page(actor: Actor, wanted: TrainingFilter, page: int) -> ListPage[StaffTraining]:
    """Pages from 1: without dates first, then the latest first."""
    found = visible_to(actor)
    if wanted.state is not None:
        found = found.filter(state=wanted.state)
    if wanted.hub_id is not None:
        found = found.filter(hub_id=wanted.hub_id)
    lines = await found.annotate(last=Max("sessions__starts_at")).values("id", "title", "last")
    words = fold(wanted.text).split()
    chosen = [line for line in lines if all(word in fold(line["title"]) for word in words)]
    chosen.sort(key=lambda line: (line["last"] or NO_DATE, line["id"]), reverse=True)
    start = (page - 1) * PAGE_SIZE
    ids = [line["id"] for line in chosen[start : start + PAGE_SIZE]]
    return ListPage(await _staff_trainings(ids), start, len(chosen))


async def drafts_starting_before(actor: Actor, end: datetime) -> list[StaffTraining]:
    """With a session between now and `end`."""
    soon = visible_to(actor).filter(
        state=TrainingState.DRAFT, sessions__starts_at__gte=clock.now(), sessions__starts_at__lt=end
    )
    return await _staff_trainings([found for (found,) in await soon.distinct().values_list("id")])


_TRAINING = ("id", "title", "state", "capacity", "taken", "reserved", "hub_id", "hub__name")


async def _staff_trainings(ids: Sequence[UUID]) -> list[StaffTraining]:
    found = reads(Training).filter(id__in=list(ids))
    rows = {row["id"]: row for row in await found.values(*_TRAINING)}
    times: dict[UUID, list[datetime]] = {one: [] for one in ids}
    sessions = reads(TrainingSession).filter(training_id__in=list(ids), state=SessionState.PLANNED)
    for training_id, starts_at in await sessions.values_list("training_id", "starts_at"):
        times[training_id].append(starts_at)
    return [
        StaffTraining(
            id=one,
            title=rows[one]["title"],
            state=rows[one]["state"],
            hub_id=rows[one]["hub_id"],
            hub=rows[one]["hub__name"],
            first_at=min(times[one], default=None),
            next_at=min((moment for moment in times[one] if moment > clock.now()), default=None),
            n_sessions=len(times[one]),
            capacity=rows[one]["capacity"],
            taken=rows[one]["taken"] + rows[one]["reserved"],
        )
        for one in ids
        if one in rows
    ]


# -- what forms offer


async def people_who_facilitate(hub_id: UUID, operator_id: UUID) -> list[User]:
    """With a role at the hub or its operator, by name."""
    found = reads(User).filter(
        Q(grants__hub_id=hub_id) | Q(grants__operator_id=operator_id),
        grants__role__in=list(HUB_STAFF),
        is_active=True,
    )
    return await found.distinct().order_by("name")


async def courses(*, is_active: bool | None = None) -> list[Course]:
    """With topics and owners, by title; of equal titles the platform's first."""
    found = reads(Course).select_related("topic", "operator")
    courses = await (found if is_active is None else found.filter(is_active=is_active)).order_by("title", "id")
    return sorted(courses, key=lambda one: (one.title, one.operator_id is not None))


def without_copied(courses: Iterable[Course], operator_id: UUID) -> list[Course]:
    """An operator's own course hides others of its title."""
    found = list(courses)
    own = {fold(one.title) for one in found if one.operator_id == operator_id}
    return [one for one in found if one.operator_id == operator_id or fold(one.title) not in own]


async def operators_led_by(actor: Actor) -> dict[UUID, str]:
    """Operators where the actor edits trainings."""
    found = reads(Operator).filter(hubs__id__in=sorted(actor.hubs_with(EDITORS)))
    return dict(await found.order_by("name").distinct().values_list("id", "name"))


async def course(course_id: UUID) -> Course:
    """With topic and owner. Else UnknownCourse."""
    found = await reads(Course).get_or_none(id=course_id).select_related("topic", "operator")
    if found is None:
        raise UnknownCourse
    return found


async def required_by(course_id: UUID) -> dict[UUID, str]:
    found = reads(CoursePrerequisite).filter(course_id=course_id).order_by("required__title")
    return dict(await found.values_list("required_id", "required__title"))


async def courses_before(training: Training) -> list[str]:
    if not training.required_courses:
        return []
    found = reads(Course).filter(id__in=training.required_courses).order_by("title")
    return [title for (title,) in await found.values_list("title")]
