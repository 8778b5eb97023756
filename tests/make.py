"""Rows for tests: plain functions with defaults, so that a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tests.database import remembered
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.lib import tokens
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.places import actions as places
from trainings.places.actions import HubDetails, OperatorDetails, SignatoryDetails, VenueDetails
from trainings.places.data import by_code
from trainings.places.models import Hub, Municipality, Operator, OperatorKind, Venue
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import (
    Course,
    CourseKind,
    Topic,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.web.i18n import language

__all__ = ["actor_of"]

LA_LIBERTAD = "1705"
TACANA = "1207"

_numbers = itertools.count(1)

P = ParamSpec("P")
T = TypeVar("T")


def kept(make: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run `make` once for the same arguments, in the same language and database, then copy its rows
    (`Database.remembered`).
    """

    @wraps(make)
    async def once(*arguments: P.args, **named: P.kwargs) -> T:
        asked = make.__module__, make.__qualname__, language(), arguments, named
        return await remembered(asked, lambda: make(*arguments, **named))

    return once


# -- places


@kept
async def make_municipality(ine_code: str = LA_LIBERTAD) -> Municipality:
    """One of the 340, as it is; made once."""
    found = await Municipality.get_or_none(ine_code=ine_code)
    if found is not None:
        return found
    row = by_code()[ine_code]
    return await Municipality.create(
        ine_code=row.ine_code,
        name=row.name,
        alias=row.alias,
        department_code=row.department_code,
        department=row.department,
        slug=row.slug,
        population_2018=row.population_2018,
        lat=row.lat,
        lon=row.lon,
        languages=" ".join(row.languages),
        search_text=row.search_text,
    )


@kept
async def make_municipalities() -> int:
    """All 340."""
    return await places.load_municipalities()


async def make_operator(municipality: str = LA_LIBERTAD, *, code: str = "", name: str = "") -> Operator:
    """The operator with this code, made once: a municipality's corporation, or an association (`0901A`)."""
    code = code or municipality
    found = await Operator.get_or_none(code=code)
    if found is not None:
        return found
    place = await make_municipality(municipality)
    kind = OperatorKind.MUNICIPALITY if code == municipality else OperatorKind.ASSOCIATION
    details = OperatorDetails(
        code=code,
        kind=kind,
        name=name or f"Municipalidad de {place.full_name}",
        municipality=municipality,
        signatories=(
            SignatoryDetails("Marta Inés Chub Pop", "Alcaldesa municipal"),
            SignatoryDetails("Rosa Xol Tiul", "Coordinadora de la ventanilla"),
        ),
    )
    return await places.create_operator(details, actor=PROGRAM)


@kept
async def make_hub(
    slug: str = "la-libertad-peten",
    *,
    municipality: str = LA_LIBERTAD,
    operator: Operator | None = None,
    serves: Sequence[str] = (),
    **details: Any,
) -> Hub:
    """The hub with this slug, made once. Its seat is `municipality`."""
    found = await Hub.get_or_none(slug=slug)
    if found is not None:
        return found
    for code in (municipality, *serves):
        await make_municipality(code)
    place = await make_municipality(municipality)
    described = HubDetails(
        slug=slug,
        name=f"Ventanilla de {place.name}",
        seat=municipality,
        address="1ra calle 2-15 zona 1, frente al parque",
        hours="lunes a viernes, de 8:00 a 16:00",
        phone="+50279001234",
        serves=tuple(serves),
        languages=("spa", "kek"),
    )
    return await places.create_hub(
        replace(described, **details), operator=operator or await make_operator(municipality), actor=PROGRAM
    )


@kept
async def make_venue(
    hub: Hub | None = None, name: str = "Salón municipal", *, municipality: str = "", **details: Any
) -> Venue:
    """A place of this hub, in its seat unless another municipality is named; made once by name."""
    hub = hub or await make_hub()
    place = await make_municipality(municipality or hub.seat_id)
    found = await Venue.get_or_none(hub_id=hub.id, municipality_id=place.ine_code, name=name)
    if found is not None:
        return found
    described = VenueDetails(name=name, municipality=place.ine_code, address="Barrio El Centro")
    return await places.create_venue(replace(described, **details), hub=hub, actor=PROGRAM)


# -- people of the staff


@kept
async def make_user(
    role: Role | None = Role.HUB_COORDINATOR,
    hub: Hub | None = None,
    *,
    operator: Operator | None = None,
    email: str = "",
    name: str = "",
    password_hash: str = "",
) -> User:
    """A person with one role (none with `role=None`), at a hub, at an operator, or everywhere."""
    number = next(_numbers)
    user = await User.create(
        email=email or f"persona{number}@ventanilla.example",
        name=name or f"Persona {number}",
        password_hash=password_hash,
    )
    if role is not None:
        await RoleGrant.create(user=user, role=role, hub=hub, operator=operator)
    return user


async def sign_in(client: Any, user: User) -> None:
    """Open a session for this person in this browser, without the sign-in page."""
    client.cookies.set("staff", await make_staff_session(user))


@kept
async def make_staff_session(user: User) -> str:
    """The token of an open session."""
    token, now = tokens.session_id(), clock.now()
    await StaffSession.create(
        token_hash=tokens.digest(token, "session"),
        user=user,
        seen_at=now,
        idle_minutes=720,
        expires_at=now + timedelta(hours=16),
    )
    return token


# -- schedule


@kept
async def make_topic(slug: str = "riesgos", name: str = "Riesgos de la migración irregular") -> Topic:
    """The topic with this slug, made once."""
    return await Topic.get_or_none(slug=slug) or await Topic.create(slug=slug, name=name)


@kept
async def make_course(
    title: str = "Riesgos de la migración irregular: mitos y realidades", *, topic: Topic | None = None, **columns: Any
) -> Course:
    """A course (taller, 4 hours) unless told otherwise."""
    described: dict[str, Any] = {
        "kind": CourseKind.TALLER,
        "minutes": 240,
        "contents": [{"title": "Mitos y realidades", "minutes": 120}, {"title": "A quién acudir", "minutes": 120}],
    }
    return await Course.create(title=title, topic=topic or await make_topic(), **(described | columns))


def tomorrow_at(hour: int, minute: int = 0, *, days: int = 1) -> datetime:
    """A moment that many days from now, on the clock of Guatemala."""
    day = clock.today() + timedelta(days=days)
    return clock.midnight(day) + timedelta(hours=hour, minutes=minute)


@kept
async def make_training(
    *,
    hub: Hub | None = None,
    venue: Venue | None = None,
    course: Course | None = None,
    title: str = "",
    capacity: int = 20,
    state: TrainingState = TrainingState.PUBLISHED,
    sessions: Sequence[tuple[datetime, datetime]] | None = None,
    facilitators: Sequence[User] = (),
    **columns: Any,
) -> Training:
    """A training, published and with one session tomorrow from 8:30 to 12:30 unless told otherwise.

    `sessions` are (start, end) pairs in UTC; `columns` are further fields of the plan. Its `sessions` are loaded.
    Several may be held by the same people in the same place at once.
    """
    hub = hub or await make_hub()
    venue = venue or await make_venue(hub)
    course = course or await make_course()
    people = tuple(user.id for user in facilitators)
    if sessions is None:
        sessions = [(tomorrow_at(8, 30), tomorrow_at(12, 30))]
    plan = TrainingPlan(
        course_id=course.id,
        hub_id=hub.id,
        venue_id=venue.id,
        title=title or course.title,
        capacity=capacity,
        **columns,
    )
    planned = [SessionPlan(starts_at, ends_at, facilitator_ids=people) for starts_at, ends_at in sessions]
    made = await schedule.create_training(plan, planned, actor=PROGRAM, override_reason="prueba")
    await _bring_to(made, state)
    training = await Training.get(id=made.id)
    await training.fetch_related("sessions")
    return training


async def _bring_to(training: Training, state: TrainingState) -> None:
    if state is TrainingState.PRACTICE:
        await Training.filter(id=training.id).update(state=state)
    if state in (TrainingState.PUBLISHED, TrainingState.CANCELLED):
        await schedule.publish(training.id, actor=PROGRAM)
    if state is TrainingState.UNLISTED:
        await schedule.unlist(training.id, actor=PROGRAM)
    if state is TrainingState.CANCELLED:
        async with transaction():
            await schedule.cancel_training(
                await Training.get(id=training.id), "No hay quien facilite ese día.", actor=PROGRAM
            )


async def make_session(
    training: Training,
    starts_at: datetime,
    ends_at: datetime,
    *,
    venue: Venue | None = None,
    facilitators: Sequence[User] = (),
) -> TrainingSession:
    """One more meeting of a training."""
    people = tuple(user.id for user in facilitators)
    plan = SessionPlan(starts_at, ends_at, venue.id if venue else None, people)
    return await schedule.add_session(training.id, plan, actor=PROGRAM, override_reason="prueba")


# -- registrations


@kept
async def make_registration(
    training: Training,
    *,
    given_names: str = "María Elena",
    surnames: str = "Caal Tzib",
    email: str = "",
    phone: str = "",
    municipality: str = "0000",
    community: str = "",
    **fields: Any,
) -> Registration:
    """Somebody's sign-up for this training, as the public form makes it: confirmed, waiting or held as the rules say.

    `fields` go to the form of the person (`actor_type`, `age_group` …), to the sign-up (`needs`, `source` …) or are
    `other_phone`. Without a phone or an e-mail address nobody is taken for somebody else, whatever the name.
    """
    other_phone = fields.pop("other_phone", None)
    about_person = {name: fields.pop(name) for name in set(fields) & set(PersonForm.model_fields)}
    if municipality != "0000":
        await make_municipality(municipality)
    person = PersonForm.model_validate(
        {
            "given_names": given_names,
            "surnames": surnames,
            "municipality": municipality,
            "community": community,
            "actor_type": "cocode",
            "phone": phone or None,
            "email": email or None,
            **about_person,
        }
    )
    wish = for_one(
        person,
        fields.pop("purposes", frozenset({ConsentPurpose.DATA})),
        **fields,
    )
    wish = replace(wish, members=(replace(wish.first, other_phone=other_phone),))
    done = await sign_up(training.id, wish, actor=PROGRAM)
    return await Registration.get(id=done.registration_id).prefetch_related("participant", "group")
