from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from trainings.accounts.permissions import HUB_STAFF
from trainings.db import sql
from trainings.db.sql import as_uuid
from trainings.errors import Refusal
from trainings.places.models import Hub, Venue
from trainings.schedule.models import Course, PlaceShown
from trainings.web.i18n import N_

MOST_SESSIONS = 24
LONGEST_SESSION = timedelta(hours=24)
YOUNGEST, ADULT = 12, 18
"""Younger children are only a number of childcare places."""
LONGEST_OFFER = 7 * 24
NOT_EDITED = frozenset({"hub_id", "capacity", "childcare_capacity", "design", "paper_language"})
"""The hub is fixed; registrations change capacities, certificates the design."""

TERMS = ("kind", "minutes", "contents", "completion_share", "pass_mark")
"""Copied from the course, fixed at publication."""


class UnknownHub(Refusal):
    sentence = N_("Escoja una ventanilla de la lista.")


class UnknownCourse(Refusal):
    sentence = N_("Escoja un curso de la lista. Si falta, agréguelo en Cursos.")


class VenueElsewhere(Refusal):
    sentence = N_("Ese lugar no es de esta ventanilla. Escoja uno de la lista.")


class UnknownFacilitator(Refusal):
    sentence = N_("Una de las personas que facilitan ya no tiene acceso. Escoja a otra.")


class TooManySessions(Refusal):
    sentence = N_("Una capacitación tiene hasta %(most)s sesiones. Haga otra para las demás.")


class EndsBeforeStart(Refusal):
    sentence = N_("La sesión termina antes de empezar. Corrija la hora.")


class SessionTooLong(Refusal):
    sentence = N_("Una sesión dura menos de un día. Agregue otra sesión para cada día.")


class SessionsOverlap(Refusal):
    sentence = N_("Esta sesión empieza antes de que termine otra de la misma capacitación. Corrija el día o la hora.")


class WindowReversed(Refusal):
    sentence = N_("La inscripción se cierra antes de abrirse. Corrija una de las dos fechas.")


class NegativePlaces(Refusal):
    sentence = N_("El cupo no puede ser menor que cero.")


class WrongMinimumAge(Refusal):
    sentence = N_("Escoja desde qué edad se puede venir: 12, 14 o 18 años.")


class WrongOfferHours(Refusal):
    sentence = N_("Escoja cuántas horas se guarda el lugar, o ninguna.")


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """UTC. No `venue_id`: the training's venue. `id`: an existing session."""

    starts_at: datetime
    ends_at: datetime
    venue_id: UUID | None = None
    facilitator_ids: tuple[UUID, ...] = ()
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Languages ISO 639-3, audience actor types, offers codes, phone E.164. `minimum_age`: 12 to 17 if minors are
    admitted, else 18 or more; None: the youngest of these. `offer_hours`: how long an offered place is kept once the
    person was reached; None gives it at once. Capacities, `design` and `paper_language` count at creation only.
    """

    course_id: UUID
    hub_id: UUID
    title: str
    capacity: int
    venue_id: UUID | None = None
    project_id: UUID | None = None
    online_url: str | None = None
    neutral_title: str = ""
    summary: str = ""
    childcare_capacity: int = 0
    has_waiting_list: bool = True
    offer_hours: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    place_shown: PlaceShown = PlaceShown.PUBLIC
    approval_required: bool = False
    walk_ins: bool = True
    admits_minors: bool = False
    minimum_age: int | None = None
    audience: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    interpreter_languages: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    bring: str = ""
    contact_phone: str = ""
    design: str = ""
    paper_language: str = ""

    def columns(self) -> dict[str, Any]:
        values = {column.name: getattr(self, column.name) for column in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def check_plan(plan: TrainingPlan) -> None:
    """Refuses a window that closes before it opens, negative places, and a minimum age against the admission of
    minors.
    """
    if plan.opens_at is not None and plan.closes_at is not None and plan.closes_at <= plan.opens_at:
        raise WindowReversed(field="closes_on")
    for name in ("capacity", "childcare_capacity"):
        if getattr(plan, name) < 0:
            raise NegativePlaces(field=name)
    ages = range(YOUNGEST, ADULT) if plan.admits_minors else range(ADULT, 100)
    if plan.minimum_age is not None and plan.minimum_age not in ages:
        raise WrongMinimumAge(field="from_age")
    if plan.offer_hours is not None and not 1 <= plan.offer_hours <= LONGEST_OFFER:
        raise WrongOfferHours(field="offer_hours")


def check_times(sessions: Sequence[SessionPlan], others: Iterable[tuple[datetime, datetime]] = ()) -> None:
    """Refuses a session that ends before it starts, lasts over a day, or overlaps another. `others`: (start, end) of
    stored sessions.
    """
    if len(sessions) > MOST_SESSIONS:
        raise TooManySessions(most=MOST_SESSIONS)
    for number, session in enumerate(sessions):
        if session.ends_at <= session.starts_at:
            raise EndsBeforeStart(field=session_field(number))
        if session.ends_at - session.starts_at > LONGEST_SESSION:
            raise SessionTooLong(field=session_field(number))
    spans = [(session.starts_at, session.ends_at, number) for number, session in enumerate(sessions)]
    spans += [(starts_at, ends_at, -1) for starts_at, ends_at in others]
    for before, after in pairwise(sorted(spans)):
        if after[0] < before[1]:
            raise SessionsOverlap(field=session_field(max(before[2], after[2])))


def session_field(number: int) -> str:
    return f"sessions-{number}"


async def check_places(hub_id: UUID, venue_ids: Iterable[UUID | None]) -> None:
    """Refuses an unknown or closed hub, and venues of another hub."""
    if not await Hub.exists(id=hub_id, is_active=True):
        raise UnknownHub(field="hub")
    wanted = {venue_id for venue_id in venue_ids if venue_id is not None}
    if await Venue.filter(id__in=wanted, hub_id=hub_id).count() != len(wanted):
        raise VenueElsewhere(field="venue")


async def terms_of(course_id: UUID) -> dict[str, Any]:
    """As training columns. Refuses a course outside the catalogue."""
    course = await Course.get_or_none(id=course_id).prefetch_related("prerequisites")
    if course is None:
        raise UnknownCourse(field="course")
    required = sorted(str(one.required_id) for one in course.prerequisites)
    same = {name: getattr(course, name) for name in TERMS}
    return {**same, "course_audience": course.audience, "required_courses": required}


async def check_facilitators(sessions: Mapping[int, SessionPlan]) -> None:
    """Refuses people without account or role: they could not open the attendance. `sessions` by number in the whole
    plan.
    """
    for number, session in sessions.items():
        if set(session.facilitator_ids) != await with_access(session.facilitator_ids):
            raise UnknownFacilitator(field=session_field(number))


async def without_who_left(sessions: Iterable[SessionPlan]) -> list[SessionPlan]:
    planned = list(sessions)
    known = await with_access(user_id for one in planned for user_id in one.facilitator_ids)
    return [replace(one, facilitator_ids=tuple(key for key in one.facilitator_ids if key in known)) for one in planned]


WITH_ACCESS = """
    SELECT u.id FROM app_user u
    WHERE u.id IN ?list AND u.is_active AND EXISTS (
        SELECT 1 FROM role_grant g WHERE g.user_id = u.id AND g.role IN ?list)
"""


async def with_access(user_ids: Iterable[UUID]) -> frozenset[UUID]:
    wanted = set(user_ids)
    if not wanted:
        return frozenset()
    known = await sql.tuples(WITH_ACCESS, sorted(wanted), list(HUB_STAFF), are_few=True)
    return frozenset([as_uuid(user_id) for (user_id,) in known])
