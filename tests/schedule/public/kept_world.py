"""Two hubs whose trainings, activities and places change by random steps, each by the program's own action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests import make
from tests.cast import Cast, make_cast
from tests.notes import sounds
from tests.notes.make_notes import text
from tests.outreach.make_activity import make_activity, make_draft
from tests.registrations.card_world import make_block
from tests.schedule.wishes import plan_of, standing
from trainings import clock
from trainings.accounts.actions import NewAccount, Post, open_account
from trainings.accounts.models import Role, RoleGrant
from trainings.accounts.queries import actor_of
from trainings.attendance import actions as attendance
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM, Actor
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.notes import actions as notes
from trainings.notes.models import InformationNote, NoteState
from trainings.outreach import actions as outreach
from trainings.outreach.actions import TimeAndPlace
from trainings.outreach.models import OutreachActivity
from trainings.outreach.place_actions import correct_venue
from trainings.people import audio, communities
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.places import actions as places
from trainings.places import feasts
from trainings.places.actions import HubDetails
from trainings.places.models import AccessFeature, FeastDay, Hub, Venue
from trainings.registrations.commands import for_one
from trainings.registrations.models import HoldReason, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.seats import actions as seats
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.models import (
    Course,
    CourseKind,
    DatedChange,
    PlaceShown,
    Topic,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.phase import end_of

HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
FIRST_DAY, N_DAYS = date(2027, 1, 1), 1461
"""Four years: each weekday, feast and end of a month, and a 29 February."""


@dataclass
class World:
    """`stops`: moments to which the clock goes next; `number`: of the last thing that needed a name of its own; `told`:
    the steps made so far, to read.
    """

    cast: Cast
    chance: Random
    freeze: Callable[[datetime], None]
    sound: Path
    number: int = 0
    n_done: int = 0
    stops: Sequence[datetime] = ()
    told: list[str] = field(default_factory=list)

    def go_to(self, *moments: datetime) -> None:
        self.stops = moments
        self.told[-1] += f" to {moments[len(moments) // 2].isoformat()}"

    def name(self, of: str) -> str:
        self.number += 1
        return f"{of} {self.number}"

    async def training(self, **which: Any) -> Training:
        return self.chance.choice(await Training.filter(**which).order_by("id"))

    async def session(self) -> TrainingSession:
        return self.chance.choice(await TrainingSession.all().order_by("starts_at", "id"))

    async def hub(self) -> Hub:
        return self.chance.choice(await Hub.all().order_by("slug"))

    async def venue(self, hub: Hub | None = None) -> Venue:
        found = Venue.filter(hub_id=hub.id) if hub else Venue.all()
        return self.chance.choice(await found.order_by("id"))

    async def activity(self) -> OutreachActivity:
        return self.chance.choice(await OutreachActivity.all().order_by("id"))

    def soon(self) -> datetime:
        """A full quarter of an hour within ten days; often today or over midnight."""
        quarters = self.chance.choice((self.chance.randint(1, 40), self.chance.randint(1, 960)))
        return clock.now().replace(minute=0, second=0, microsecond=0) + quarters * timedelta(minutes=15)

    def moments(self) -> tuple[datetime, datetime]:
        start = self.soon()
        return start, start + self.chance.choice((HOUR, 2 * HOUR, 4 * HOUR, 11 * HOUR))


async def make_world(chance: Random, freeze: Callable[[datetime], None], sound: Path) -> World:
    """On a random day and minute, with more trainings than the home page shows; the second hub has a protected one."""
    begins = clock.midnight(FIRST_DAY + chance.randrange(N_DAYS) * DAY) + chance.randrange(24 * 60) * HOUR / 60
    freeze(begins)
    cast = await make_cast()
    world = World(cast, chance, freeze, sound, told=[f"begins {begins.isoformat()}"])
    course, before = await make.make_course(), await make.make_course("Inducción")
    await course_actions.edit_course(
        course.id, replace(as_it_is(course), prerequisite_ids=frozenset([before.id])), actor=PROGRAM
    )
    for hub in (cast.hub, cast.elsewhere):
        await make.make_venue(hub, "Biblioteca")
        await make.make_venue(hub, "Escuela", municipality=make.TACANA if hub is cast.hub else make.LA_LIBERTAD)
        for n in range(5):
            days = [begins + (9 * n + 4) * (n + 1) * HOUR + day * DAY for day in (0, 1)]
            await make.make_training(
                hub=hub,
                venue=cast.venue if hub is cast.hub else cast.venue_elsewhere,
                course=course,
                title=world.name("Taller"),
                capacity=2 + n % 2,
                sessions=[(start, start + 3 * HOUR) for start in days],
                place_shown=PlaceShown.PUBLIC if hub is cast.hub or n else PlaceShown.AFTER_CONFIRMATION,
                childcare_capacity=n % 2,
                opens_at=begins + HOUR if n % 2 else None,
                closes_at=days[0] - HOUR if n % 2 else None,
                facilitators=[cast.facilitator if hub is cast.hub else cast.facilitator_elsewhere],
            )
    await make_activity(cast.hub, when=time_and_place(world, cast.hub), responsible=cast.coordinator)
    return world


def time_and_place(world: World, hub: Hub) -> TimeAndPlace:
    start, end = world.moments()
    return TimeAndPlace(start, end, hub.seat_id, None, world.name("Parque"))


# -- what staff do


async def move(w: World) -> None:
    session = await w.session()
    training = await Training.get(id=session.training_id)
    hub = await Hub.get(id=training.hub_id)
    venue, (start, end) = await w.venue(hub), w.chance.choice(((session.starts_at, session.ends_at), w.moments()))
    await rescheduling.move(session.id, start, end, venue.id, actor=PROGRAM, override_reason="prueba")


async def call_session_off(w: World) -> None:
    await rescheduling.cancel((await w.session()).id, actor=PROGRAM)


async def restore_session(w: World) -> None:
    await rescheduling.restore((await w.session()).id, actor=PROGRAM, override_reason="prueba")


async def add_session(w: World) -> None:
    plan = SessionPlan(*w.moments())
    await schedule.add_session((await w.training()).id, plan, actor=PROGRAM, override_reason="prueba")


async def close(w: World) -> None:
    begun = await TrainingSession.filter(starts_at__lte=clock.now(), closed_at=None).order_by("-starts_at", "id")
    if begun:
        await attendance.close_session(begun[0].id, actor=PROGRAM)


async def reopen_closed(w: World) -> None:
    closed = await TrainingSession.filter(closed_at__not_isnull=True).order_by("-starts_at", "id")
    if closed:
        await attendance.reopen_session(closed[0].id, actor=PROGRAM)


async def say_not_held(w: World) -> None:
    over = await TrainingSession.filter(ends_at__lte=clock.now()).order_by("-starts_at", "id")
    if over:
        await rescheduling.not_held(over[0].id, actor=PROGRAM, reason="Llovió.")


def one_of(w: World, of: str, **columns: Any) -> dict[str, Any]:
    name = w.chance.choice(list(columns))
    w.told[-1] += f" {name}={columns[name]!r} of {of}"
    return {name: columns[name]}


async def edit(w: World) -> None:
    training = await w.training()
    columns = one_of(
        w,
        training.slug,
        title=w.name("Taller"),
        summary=w.name("Resumen"),
        neutral_title=w.name("Reunión"),
        bring=w.name("Su DPI"),
        place_shown=w.chance.choice(list(PlaceShown)),
        has_waiting_list=not training.has_waiting_list,
        approval_required=not training.approval_required,
        walk_ins=not training.walk_ins,
        admits_minors=not training.admits_minors,
        audience=w.chance.choice(((), ("docente",), ("cocode", "radio"))),
        languages=w.chance.choice(((), ("spa",), ("kek", "spa"))),
        offers=w.chance.choice(((), ("snack",), ("childcare",))),
        online_url=w.chance.choice((None, "https://reunion.example/1")),
        contact_phone=w.chance.choice(("", "+50255559999")),
    )
    await write(training, columns)


async def set_window(w: World) -> None:
    """Of sign-ups: one end, both or none."""
    opens, closes = sorted((w.soon(), w.soon()))
    ends = w.chance.choice(((opens, closes + HOUR), (opens, None), (None, closes), (None, None)))
    await write(await w.training(), dict(zip(("opens_at", "closes_at"), ends, strict=True)))


async def write(training: Training, columns: dict[str, Any]) -> None:
    plan, sessions = plan_of(training, **columns), await standing(training)
    act = partial(schedule.edit_training, training.id, plan, sessions, actor=PROGRAM, override_reason="prueba")
    await rescheduling.change_sessions(training.id, act, actor=PROGRAM)


async def resize(w: World) -> None:
    await seats.resize((await w.training()).id, w.chance.randint(0, 4), w.chance.randint(0, 2), actor=PROGRAM)


async def publish(w: World) -> None:
    await schedule.publish((await w.training()).id, actor=PROGRAM)


async def unlist(w: World) -> None:
    await schedule.unlist((await w.training()).id, actor=PROGRAM)


async def call_off(w: World) -> None:
    await rescheduling.call_off((await w.training()).id, w.name("Llueve"), actor=PROGRAM)


async def reopen(w: World) -> None:
    off = await Training.filter(state=TrainingState.CANCELLED).order_by("id")
    if off:
        await rescheduling.reopen(off[0].id, actor=PROGRAM, override_reason="prueba")


async def create(w: World) -> None:
    state = w.chance.choice((TrainingState.PUBLISHED, TrainingState.UNLISTED, TrainingState.DRAFT))
    course = w.chance.choice(await Course.all().order_by("id"))
    hub = await w.hub()
    venue = await w.venue(hub)
    await make.make_training(
        hub=hub, venue=venue, course=course, title=w.name("Otro"), capacity=3, sessions=[w.moments()], state=state
    )


# -- who comes


def person(w: World) -> PersonForm:
    said = {"given_names": w.name("Ana"), "surnames": "Caal", "municipality": "0000", "actor_type": "cocode"}
    return PersonForm.model_validate(said)


async def sign_up(w: World) -> None:
    wish = for_one(person(w), frozenset({ConsentPurpose.DATA}), childcare_places=w.chance.choice((0, 0, 1)))
    await seats.sign_up((await w.training()).id, wish, actor=PROGRAM)


async def hold(w: World) -> None:
    wish = for_one(person(w), frozenset({ConsentPurpose.DATA})).held(HoldReason.REVIEW)
    await seats.sign_up((await w.training()).id, wish, actor=PROGRAM)


async def reserve(w: World) -> None:
    await make_block(await w.training(), w.chance.randint(1, 2), community=w.name("Las Pozas"))


async def approve(w: World) -> None:
    held = await RegistrationGroup.filter(state=RegistrationState.HELD).order_by("id")
    if held:
        await seats.approve(held[0].id, actor=PROGRAM)


async def cancel_sign_up(w: World) -> None:
    signed_up = await Registration.exclude(state=RegistrationState.CANCELLED).order_by("id")
    if signed_up:
        await seats.cancel(w.chance.choice(signed_up).id, actor=PROGRAM)


# -- activities, notes, places, the catalogue


async def add_activity(w: World) -> None:
    hub = await w.hub()
    made = w.chance.choice((make_activity, make_draft))
    responsible = w.cast.coordinator if hub.id == w.cast.hub.id else w.cast.coordinator_elsewhere
    await made(hub, when=time_and_place(w, hub), title=w.name("Feria"), responsible=responsible)


async def move_activity(w: World) -> None:
    activity = await w.activity()
    at = time_and_place(w, await Hub.get(id=activity.hub_id))
    await outreach.move_activity(activity.id, at, actor=PROGRAM, override_reason="prueba")


async def cancel_activity(w: World) -> None:
    await outreach.cancel_activity((await w.activity()).id, "Llueve.", actor=PROGRAM)


async def reopen_activity(w: World) -> None:
    await outreach.reopen_activity((await w.activity()).id, actor=PROGRAM, override_reason="prueba")


async def add_note(w: World) -> None:
    """For a few days, so that the clock comes to its last one."""
    said = text(title=w.name("Nota"), expires_on=clock.today() + w.chance.randint(1, 5) * DAY)
    await notes.create_note(said, hub_id=(await w.hub()).id, actor=await coordinator(w), publish=True)


async def withdraw_note(w: World) -> None:
    found = await InformationNote.filter(state=NoteState.PUBLISHED).order_by("id")
    if found:
        await notes.withdraw_note(w.chance.choice(found).id, actor=PROGRAM)


async def record_consent(w: World) -> None:
    w.sound.write_bytes(sounds.mp3(w.number + 1))
    audio.add(w.sound, w.chance.choice(("spa", "kek", "mam")))


async def coordinator(w: World) -> Actor:
    return await actor_of(w.cast.coordinator)


async def correct_place(w: World) -> None:
    venue = await w.venue()
    columns = one_of(
        w,
        venue.name,
        name=w.name("Salón"),
        address=w.name("Barrio"),
        access=w.chance.choice(((), (AccessFeature.RAMP,))),
        municipality=w.chance.choice((make.TACANA, make.LA_LIBERTAD)),
    )
    told = replace(rescheduling.details_of(venue), **columns)
    await correct_venue(venue, told, hub=await Hub.get(id=venue.hub_id), actor=PROGRAM)


async def correct_hub(w: World) -> None:
    hub = await w.hub()
    columns = one_of(
        w,
        hub.slug,
        name=w.name("Ventanilla"),
        address=w.name("Calle"),
        hours=w.name("lunes"),
        phone=f"+5027900{w.number % 10_000:04}",
        serves=w.chance.choice(((), (make.TACANA, make.LA_LIBERTAD))),
    )
    told = HubDetails(hub.name, hub.seat_id, hub.address, hub.hours, hub.phone, languages=tuple(hub.languages))
    await places.update_hub(hub, replace(told, **columns), actor=PROGRAM)


async def hire(w: World) -> None:
    """Staff may look for the sessions of who works at their hub."""
    account, post = NewAccount(f"ana{w.number}@muni.example", w.name("Ana")), Post(Role.FACILITATOR, w.cast.hub.id)
    await open_account(account, post, actor=PROGRAM)


async def change_facilitator(w: World) -> None:
    training = await w.training()
    people = await RoleGrant.filter(role=Role.FACILITATOR, hub_id=training.hub_id).order_by("id")
    plans = [replace(one, facilitator_ids=(w.chance.choice(people).user_id,)) for one in await standing(training)]
    await schedule.edit_training(
        training.id, plan_of(training), sessions=plans, actor=PROGRAM, override_reason="prueba"
    )


async def confirm_community(w: World) -> None:
    town = w.chance.choice((make.LA_LIBERTAD, make.TACANA))
    await communities.confirm(town, w.name("Las Pozas"), actor=PROGRAM)


async def add_feast(w: World) -> None:
    day, where = clock.today() + w.chance.randint(0, 20) * DAY, w.chance.choice((make.LA_LIBERTAD, make.TACANA))
    told = feasts.FeastDetails(where, w.name("Fiesta"), day.month, day.day, w.chance.randint(1, 3))
    await feasts.add_feast(told, served={where}, actor=PROGRAM)


async def remove_feast(w: World) -> None:
    found = await FeastDay.all().order_by("id")
    served = {make.LA_LIBERTAD, make.TACANA}
    if found:
        await feasts.remove_feast(w.chance.choice(found).id, served=served, actor=PROGRAM)


async def rename_topic(w: World) -> None:
    topic = w.chance.choice(await Topic.all().order_by("id"))
    await course_actions.rename_topic(topic.id, w.name("Tema"), actor=PROGRAM)


def as_it_is(course: Course) -> CoursePlan:
    """Without the courses it asks for."""
    contents = tuple((part["title"], part["minutes"]) for part in course.contents)
    return CoursePlan(
        course.kind, course.topic_id, course.title, course.minutes, summary=course.summary, contents=contents
    )


async def edit_course(w: World) -> None:
    course = w.chance.choice(await Course.all().order_by("id"))
    others = [one.id for one in await Course.exclude(id=course.id).order_by("id")]
    columns = one_of(
        w,
        course.title,
        summary=w.name("De qué trata"),
        audience=w.chance.choice(((), ("docente",))),
        is_active=not course.is_active,
        prerequisite_ids=frozenset(w.chance.sample(others, min(len(others), 1))),
    )
    await course_actions.edit_course(course.id, replace(as_it_is(course), **columns), actor=PROGRAM)


async def rename_course(w: World) -> None:
    """Trainings that ask for it before name it."""
    course = w.chance.choice(await Course.all().order_by("id"))
    await course_actions.edit_course(course.id, replace(as_it_is(course), title=w.name("Curso")), actor=PROGRAM)


async def add_course(w: World) -> None:
    """Of the one topic or another."""
    topic = w.chance.choice(await Topic.all().order_by("id"))
    if w.chance.random() < 0.3:
        topic = await course_actions.create_topic(w.name("Tema"), actor=PROGRAM)
    plan = CoursePlan(w.chance.choice(list(CourseKind)), topic.id, w.name("Curso"), 120)
    await course_actions.create_course(plan, actor=PROGRAM)


# -- the clock


async def wait(w: World) -> None:
    w.go_to(clock.now() + w.chance.randint(1, 90) * HOUR / 60)


async def wait_over_midnight(w: World) -> None:
    w.go_to(*around(clock.midnight(clock.today() + DAY)))


async def wait_for_a_change(w: World) -> None:
    """Over the very moment at which something begins, ends, opens or closes."""
    await wait_for_one(w, await moments_of_change())


async def wait_until_said_no_more(w: World) -> None:
    """A week after a change or a cancellation."""
    await wait_for_one(w, await moments_of_silence())


async def wait_for_one(w: World, moments: Iterable[datetime | None]) -> None:
    coming = sorted({one for one in moments if one is not None and one > clock.now() + INSTANT})
    if coming:
        w.go_to(*around(w.chance.choice(coming[:3])))


def around(moment: datetime) -> tuple[datetime, ...]:
    return moment - INSTANT, moment, moment + INSTANT


async def moments_of_change() -> list[datetime | None]:
    found: list[datetime | None] = []
    for session in await TrainingSession.all():
        found += (session.starts_at, session.ends_at, end_of(session))
    for training in await Training.all():
        found += (training.opens_at, training.closes_at)
    for activity in await OutreachActivity.all():
        found += (activity.starts_at, activity.ends_at)
    return found


async def moments_of_silence() -> list[datetime]:
    said = [change.created_at for change in await DatedChange.all()]
    said += [one.cancelled_at for one in await Training.all() if one.cancelled_at]
    said += [one.cancelled_at for one in await OutreachActivity.all() if one.cancelled_at]
    return [moment + SHOWN_FOR for moment in said]


Step = Callable[[World], Awaitable[None]]
OFTEN: Sequence[Step] = (
    wait,
    wait_over_midnight,
    wait_for_a_change,
    wait_for_a_change,
    move,
    edit,
    edit,
    set_window,
    sign_up,
)
STEPS: Sequence[Step] = (
    *OFTEN,
    *(call_session_off, restore_session, add_session, close, reopen_closed, say_not_held),
    *(resize, publish, unlist, call_off, reopen, create),
    *(sign_up, hold, reserve, approve, cancel_sign_up),
    *(add_activity, move_activity, cancel_activity, reopen_activity, add_note, withdraw_note, record_consent),
    *(
        hire,
        change_facilitator,
        correct_place,
        correct_hub,
        confirm_community,
        add_feast,
        remove_feast,
        rename_topic,
        edit_course,
        add_course,
    ),
)


async def take(step: Step, world: World) -> None:
    """What a rule refuses changes nothing, and is told."""
    world.stops = ()
    world.told.append(f"{clock.now().isoformat()} {step.__name__}")
    try:
        await step(world)
    except (Refusal, NotFound, WrongInput) as refused:
        world.told[-1] += f": refused, {type(refused).__name__}"
    else:
        world.n_done += 1
