"""Through the actions people use, with the clock set back for its past."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.accounts import actions as accounts
from trainings.accounts.models import Role, User
from trainings.attendance import actions as attendance
from trainings.attendance.events import EventKind, SentEvent
from trainings.attendance.models import ScanHow
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk
from trainings.certificates.models import IssueJob, JobPurpose, JobState
from trainings.db import transaction
from trainings.lib import tokens
from trainings.lib.text import slugify
from trainings.outreach.place_actions import open_hubs
from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.places import actions as places
from trainings.places.hub_file import demo_hubs
from trainings.places.models import Hub, Venue
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration, Source
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.telling import changes
from trainings.schedule import actions as schedule
from trainings.schedule.catalogue.course_actions import CoursePlan, create_course, create_topic
from trainings.schedule.catalogue.project_actions import ProjectPlan, create_project
from trainings.schedule.models import Course, CourseKind, PlaceShown, Project, Topic, Training, TrainingSession
from trainings.schedule.plans import ADULT, SessionPlan, TrainingPlan
from trainings.seed.catalogue import COURSES, SeedCourse
from trainings.seed.names import person
from trainings.seed.plan import Fate, Planned, planned_trainings, sessions_of

CONSENT = frozenset({ConsentPurpose.DATA})
DOMAIN = "demo.example"
OFFER_HOURS = 48


@dataclass(slots=True)
class World:
    dice: random.Random
    scale: int
    hubs: list[Hub]
    facilitators: list[User]
    courses: dict[str, Course]
    project: Project | None = None


# -- places, people of the staff, the catalogue


async def build_hubs() -> list[Hub]:
    await places.load_municipalities()
    return await open_hubs(demo_hubs(), actor=PROGRAM)


async def build_accounts(hubs: list[Hub], password: str) -> list[User]:
    """Seven demo accounts, and a facilitator for each other hub; returns the facilitators by hub."""
    first, second = hubs[0], hubs[1]
    await _account("admin", "Administración de la plataforma", Role.PLATFORM_ADMIN, password)
    await _account("municipal", "Otto Rolando Méndez", Role.MUNICIPAL_ADMIN, password, operator_id=first.operator_id)
    await _account("coordina", "Ana Lucía Coc Méndez", Role.HUB_COORDINATOR, password, hub_id=first.id)
    await _account("coordina2", "Delmy Carolina Cus", Role.HUB_COORDINATOR, password, hub_id=second.id)
    await _account("monitoreo", "Silvia Marina Tut", Role.MONITORING_OFFICER, password)
    await _account("asistente", "Irma Yolanda Pop", Role.ASSISTANT, password, hub_id=first.id)
    facilitators = [await _account("facilita", "Marta Julia Choc", Role.FACILITATOR, password, hub_id=first.id)]
    for hub in hubs[1:]:
        name = f"facilita.{slugify(hub.slug)}"
        facilitators.append(await _account(name, f"Facilita {hub.name}", Role.FACILITATOR, password, hub_id=hub.id))
    return facilitators


async def _account(
    name: str, shown: str, role: Role, password: str, *, hub_id: UUID | None = None, operator_id: UUID | None = None
) -> User:
    async with transaction():
        user = await accounts.create_user(
            f"{name}@{DOMAIN}", name=shown, actor=PROGRAM, password=password, is_demo=True
        )
        await accounts.grant_role(user, role, actor=PROGRAM, hub_id=hub_id, operator_id=operator_id)
    return user


async def build_project() -> Project:
    first = clock.today().replace(month=1, day=1)
    plan = ProjectPlan(
        name="Comunidades informadas",
        donor="Cooperación de demostración",
        starts_on=first,
        ends_on=first.replace(year=first.year + 2) - timedelta(days=1),
        fiscal_year_month=10,
        targets={"personas": 400},
    )
    return await create_project(plan, actor=PROGRAM)


async def build_catalogue() -> dict[str, Course]:
    topics: dict[str, Topic] = {}
    made = {}
    for position, entry in enumerate(COURSES):
        if entry.topic not in topics:
            topics[entry.topic] = await create_topic(entry.topic, actor=PROGRAM, position=position)
        plan = CoursePlan(
            kind=entry.kind,
            topic_id=topics[entry.topic].id,
            title=entry.title,
            minutes=sum(entry.sessions),
            summary=entry.summary,
            contents=entry.contents,
            audience=tuple(entry.audience),
        )
        made[entry.title] = await create_course(plan, actor=PROGRAM)
    return made


# -- a year of trainings


async def build_year(world: World) -> None:
    """Each training at its time: made a month before, registered for, held, certified."""
    now = clock.now()
    for planned in planned_trainings(world.dice, len(world.hubs)):
        plans = sessions_of(planned, (world.facilitators[planned.hub].id,))
        made_at = min(plans[0].starts_at - timedelta(days=30), now - timedelta(days=1))
        with clock.frozen(made_at):
            training = await _make(world, planned, plans)
        if planned.fate in (Fate.DRAFT, Fate.NOT_YET_OPEN):
            continue
        with clock.frozen(min(plans[0].starts_at - timedelta(days=3), now - timedelta(hours=2))):
            await _sign_people_up(world, training, planned)
            if planned.fate is Fate.CANCELLED:
                await changes.call_off_training(training.id, "No habrá paso por la lluvia.", actor=PROGRAM)
        if planned.fate is not Fate.CANCELLED:
            await _hold(world, training, planned, plans, now)


async def _make(world: World, planned: Planned, sessions: tuple[SessionPlan, ...]) -> Training:
    hub = world.hubs[planned.hub]
    venues = await Venue.filter(hub_id=hub.id).order_by("created_at")
    course = world.courses[planned.course.title]
    plan = _plan(world, planned, course, hub, venues)
    training = await schedule.create_training(
        plan, sessions, actor=PROGRAM, override_reason="Calendario de demostración"
    )
    if planned.fate is Fate.UNLISTED:
        return await schedule.unlist(training.id, actor=PROGRAM)
    return training if planned.fate is Fate.DRAFT else await schedule.publish(training.id, actor=PROGRAM)


def _plan(world: World, planned: Planned, course: Course, hub: Hub, venues: list[Venue]) -> TrainingPlan:
    is_protected = planned.fate is Fate.PROTECTED
    first_start = sessions_of(planned, ())[0].starts_at
    has_childcare = world.dice.random() < 0.4
    speaks = [code for code in hub.languages if code != "spa"]
    return TrainingPlan(
        course_id=course.id,
        hub_id=hub.id,
        project_id=world.project.id if world.project and planned.hub == 0 else None,
        title=course.title,
        neutral_title="Reunión en la municipalidad" if is_protected else "",
        summary=course.summary,
        capacity=_capacity(world, planned),
        venue_id=venues[0].id if is_protected else world.dice.choice(venues).id,
        childcare_capacity=4 if has_childcare else 0,
        opens_at=first_start - timedelta(days=10) if planned.fate is Fate.NOT_YET_OPEN else None,
        closes_at=first_start - timedelta(hours=16) if world.dice.random() < 0.5 else None,
        place_shown=PlaceShown.AFTER_CONFIRMATION if is_protected else PlaceShown.PUBLIC,
        approval_required=planned.fate is Fate.BY_APPROVAL,
        offer_hours=OFFER_HOURS if planned.fate is Fate.FULL else None,
        **_ages(planned.course),
        audience=_audience(course),
        languages=("spa",),
        interpreter_languages=tuple(speaks[:1]) if world.dice.random() < 0.4 else (),
        offers=("snack", "childcare") if has_childcare else ("snack",),
        bring="Lápiz y cuaderno, si tiene." if world.dice.random() < 0.3 else "",
    )


def _audience(course: Course) -> tuple[str, ...]:
    return tuple(course.audience) if course.kind in (CourseKind.CURSO, CourseKind.DIPLOMADO) else ()


def _ages(course: SeedCourse) -> dict[str, Any]:
    if course.from_age >= ADULT:
        return {}
    return {"admits_minors": True, "minimum_age": course.from_age}


def _capacity(world: World, planned: Planned) -> int:
    return 6 if planned.fate is Fate.FULL else world.dice.choice((20, 24, 25, 30, 35, 40))


async def _sign_people_up(world: World, training: Training, planned: Planned) -> None:
    n_people = 9 if planned.fate is Fate.FULL else world.dice.randrange(2, 7) * world.scale
    for _number in range(n_people):
        await _sign_up(world, training, world.hubs[planned.hub].seat_id)


async def _sign_up(world: World, training: Training, municipality: str) -> None:
    needs = ("interpreter",) if world.dice.random() < 0.06 else ()
    is_desk = world.dice.random() < 0.3
    who = person(world.dice, municipality, list(training.audience), is_asked=bool(training.audience) and not is_desk)
    wish = for_one(
        who,
        CONSENT,
        needs=needs,
        source=Source.DESK if is_desk else Source.WEB,
        consent_how=ConsentHow.READ_ALOUD if is_desk else ConsentHow.FORM,
    )
    await sign_up(training.id, wish, actor=PROGRAM)


async def _hold(
    world: World, training: Training, planned: Planned, plans: tuple[SessionPlan, ...], now: datetime
) -> None:
    people = await Registration.filter(training_id=training.id, state="confirmed").order_by("id")
    sessions = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    over = [session for session in sessions if session.ends_at < now]
    for session in over:
        with clock.frozen(session.starts_at):
            came = [one for one in people if world.dice.random() < 0.88]
            await _check_in(world, session, came)
        if planned.hub == 0 and session is over[0]:
            await _leave_early(session, came[-1:])
        with clock.frozen(session.ends_at):
            await attendance.close_session(session.id, actor=PROGRAM)
    if over and len(over) == len(plans) and world.dice.random() < 0.85:
        with clock.frozen(plans[-1].ends_at + timedelta(hours=20)):
            await issue_to_all(training.id)


async def issue_to_all(training_id: UUID) -> None:
    """As the button does; files are set when they are opened, so the job is over."""
    job = await bulk.start(training_id, JobPurpose.ISSUE, actor=PROGRAM)
    await IssueJob.filter(id=job.id).update(state=JobState.DONE, finished_at=clock.now())


async def _check_in(world: World, session: TrainingSession, people: list[Registration]) -> None:
    scans = [
        SentEvent(
            id=tokens.uuid7(),
            kind=EventKind.IN,
            session=session.id,
            how=world.dice.choice((ScanHow.CAMERA, ScanHow.CAMERA, ScanHow.TYPED, ScanHow.LIST)),
            at=session.starts_at + timedelta(minutes=world.dice.randrange(-14, 12)),
            registration=one.id,
        )
        for one in people
    ]
    if scans:
        await attendance.take(session.id, scans, actor=PROGRAM)


async def _leave_early(session: TrainingSession, people: list[Registration]) -> None:
    """Half an hour earns no diploma: the first hub always has a constancia to issue."""
    gone = session.starts_at + timedelta(minutes=30)
    scans = [
        SentEvent(
            id=tokens.uuid7(),
            kind=EventKind.LEFT,
            session=session.id,
            how=ScanHow.LIST,
            at=gone,
            stated_at=gone,
            registration=one.id,
        )
        for one in people
    ]
    if scans:
        with clock.frozen(gone):
            await attendance.take(session.id, scans, actor=PROGRAM)


# -- what is going on right now


def running_course() -> SeedCourse:
    return COURSES[0]


async def publish_training(
    world: World, title: str, starts: Sequence[datetime], long: timedelta, *, at: datetime, **details: Any
) -> Training:
    """In La Libertad, Petén, held by `facilita@`, published at that moment."""
    hub, course = world.hubs[0], world.courses[title]
    venue = await Venue.filter(hub_id=hub.id, municipality_id=hub.seat_id).order_by("created_at").first()
    assert venue is not None
    plan = TrainingPlan(
        course_id=course.id,
        hub_id=hub.id,
        title=course.title,
        summary=course.summary,
        venue_id=venue.id,
        languages=("spa",),
        **details,
    )
    sessions = [SessionPlan(one, one + long, facilitator_ids=(world.facilitators[0].id,)) for one in starts]
    with clock.frozen(at):
        made = await schedule.create_training(
            plan, sessions, actor=PROGRAM, override_reason="Calendario de demostración"
        )
        return await schedule.publish(made.id, actor=PROGRAM)


async def build_running(world: World) -> Training:
    """Now: open, with places, some people in."""
    now = clock.now()
    starts_at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    course = running_course()
    training = await publish_training(
        world,
        course.title,
        [starts_at],
        timedelta(hours=4),
        at=now - timedelta(days=12),
        capacity=30,
        childcare_capacity=4,
        **_ages(course),
        audience=_audience(world.courses[course.title]),
        interpreter_languages=("kek",),
        offers=("snack", "childcare", "interpreter"),
    )
    with clock.frozen(now - timedelta(days=2)):
        for _number in range(14):
            await _sign_up(world, training, world.hubs[0].seat_id)
    people = await Registration.filter(training_id=training.id, state="confirmed").order_by("id")
    running = await TrainingSession.get(training_id=training.id)
    with clock.frozen(starts_at):
        await _check_in(world, running, people[:6])
    return training
