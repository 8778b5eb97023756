"""Planning, editing, publishing, copying and calling off: what is written, and what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast, make_cast
from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.errors import NotFound, Refusal
from trainings.schedule import actions, plans, session_actions
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.bookings import FacilitatorBooked, VenueBooked
from trainings.schedule.models import (
    Offer,
    PlaceShown,
    SessionFacilitator,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.settings import Settings

NOBODY = UUID(int=0)


@pytest.fixture
async def cast(db: Settings) -> Cast:
    return await make_cast()


async def plan_for(cast: Cast, **fields: Any) -> TrainingPlan:
    course = await make.make_course()
    values: dict[str, Any] = {"title": course.title, "capacity": 20, "venue_id": cast.venue.id}
    return TrainingPlan(course_id=course.id, hub_id=cast.hub.id, **(values | fields))


def meeting(days: int = 3, start: int = 8, end: int = 12, *people: User, **fields: Any) -> SessionPlan:
    return SessionPlan(
        make.tomorrow_at(start, days=days),
        make.tomorrow_at(end, days=days),
        **{"facilitator_ids": tuple(user.id for user in people)} | fields,
    )


async def sessions_of(training: Training) -> list[TrainingSession]:
    return await TrainingSession.filter(training_id=training.id).order_by("starts_at").prefetch_related("facilitators")


async def acts() -> list[str]:
    return [line.act for line in await AuditLine.all().order_by("id") if line.act.startswith("schedule.")]


# -- creating


async def test_create_training_writes_a_draft_with_numbered_sessions(cast: Cast) -> None:
    plan = await plan_for(
        cast,
        title="Trata de personas: ¿qué hacer?",
        languages=("spa", "kek"),
        offers=(Offer.SNACK.value,),
        place_shown=PlaceShown.AFTER_CONFIRMATION,
        online_url="https://reunion.example/x",
    )

    training = await actions.create_training(
        plan, [meeting(10, 8, 12, cast.facilitator), meeting(3, 8, 12)], actor=PROGRAM
    )

    kept = await Training.get(id=training.id)
    assert kept.state is TrainingState.DRAFT
    assert kept.slug.startswith("trata-de-personas-que-hacer-")
    assert len(kept.slug.rpartition("-")[2]) == 6
    assert len(kept.short_code) == 6
    assert (kept.languages, kept.offers, kept.online_url) == (["spa", "kek"], ["snack"], "https://reunion.example/x")
    first, second = await sessions_of(training)
    assert [(one.position, one.venue_id) for one in (first, second)] == [(1, cast.venue.id), (2, cast.venue.id)]
    assert [one.user_id for one in second.facilitators] == [cast.facilitator.id]
    assert kept.published_at is None
    assert (await acts())[-1] == "schedule.create_training"


@pytest.mark.parametrize(
    ("sessions", "refusal", "field"),
    [
        ([meeting(3, 12, 8)], plans.EndsBeforeStart, "sessions-0"),
        ([meeting(3, 8, 8)], plans.EndsBeforeStart, "sessions-0"),
        ([meeting(3, 8, 12), meeting(3, 11, 13)], plans.SessionsOverlap, "sessions-1"),
        ([meeting(3, 9, 10), meeting(3, 8, 12)], plans.SessionsOverlap, "sessions-1"),
        ([meeting(3, 0, 30)], plans.SessionTooLong, "sessions-0"),
        ([meeting(n) for n in range(1, 26)], plans.TooManySessions, None),
        ([meeting(3, venue_id=NOBODY)], plans.VenueElsewhere, "venue"),
        ([meeting(3, facilitator_ids=(NOBODY,))], plans.UnknownFacilitator, "sessions-0"),
        ([meeting(3, id=NOBODY)], session_actions.SessionElsewhere, None),
    ],
    ids=[
        "ends before start",
        "no length",
        "overlap",
        "one inside the other",
        "over a day",
        "too many",
        "unknown venue",
        "unknown person",
        "unknown session",
    ],
)
async def test_create_training_refuses_sessions(
    cast: Cast, sessions: list[SessionPlan], refusal: type[Refusal], field: str | None
) -> None:
    with pytest.raises(refusal) as refused:
        await actions.create_training(await plan_for(cast), sessions, actor=PROGRAM)

    assert refused.value.field == field
    assert await Training.all().count() == 0


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"course_id": NOBODY}, plans.UnknownCourse),
        ({"hub_id": NOBODY}, plans.UnknownHub),
        ({"venue_id": NOBODY}, plans.VenueElsewhere),
        ({"capacity": -1}, plans.NegativePlaces),
        ({"opens_at": make.tomorrow_at(9), "closes_at": make.tomorrow_at(8)}, plans.WindowReversed),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_create_training_refuses_a_plan(cast: Cast, fields: dict[str, Any], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        await actions.create_training(replace(await plan_for(cast), **fields), [], actor=PROGRAM)


async def test_venue_of_another_hub_is_refused(cast: Cast) -> None:
    with pytest.raises(plans.VenueElsewhere):
        await actions.create_training(await plan_for(cast), [meeting(venue_id=cast.venue_elsewhere.id)], actor=PROGRAM)


# -- who is taken


async def test_facilitator_who_is_elsewhere_is_refused_with_who_and_when(cast: Cast) -> None:
    other = await make.make_venue(cast.hub, "Escuela")
    await make.make_training(
        hub=cast.hub,
        title="Refugio y protección",
        sessions=[(make.tomorrow_at(10, days=3), make.tomorrow_at(14, days=3))],
        facilitators=[cast.facilitator],
        venue=other,
    )

    with pytest.raises(FacilitatorBooked) as refused:
        await actions.create_training(
            await plan_for(cast),
            [meeting(2), meeting(3, 8, 12, cast.facilitator)],
            actor=await make.actor_of(cast.coordinator),
        )

    assert refused.value.field == "sessions-1"
    assert refused.value.values["who"] == "Ana Coc"
    assert refused.value.values["what"] == "Refugio y protección"
    assert "10:00" in refused.value.values["when"]


async def test_training_of_another_hub_is_named_by_its_hub_only(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))]
    await make.make_training(
        hub=cast.elsewhere,
        venue=cast.venue_elsewhere,
        title="Un tema delicado",
        sessions=hours,
        facilitators=[cast.facilitator],
    )

    with pytest.raises(FacilitatorBooked) as refused:
        await actions.create_training(
            await plan_for(cast), [meeting(3, 8, 12, cast.facilitator)], actor=await make.actor_of(cast.coordinator)
        )

    assert refused.value.values["what"] == cast.elsewhere.name


async def test_venue_is_taken_and_free_again_at_the_very_minute(cast: Cast) -> None:
    await make.make_training(hub=cast.hub, sessions=[(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))])

    with pytest.raises(VenueBooked):
        await actions.create_training(await plan_for(cast), [meeting(3, 11, 13)], actor=PROGRAM)
    training = await actions.create_training(await plan_for(cast), [meeting(3, 12, 13)], actor=PROGRAM)

    assert len(await sessions_of(training)) == 1


async def test_reason_lets_a_clash_stand_and_is_kept(cast: Cast) -> None:
    taken = await make.make_training(
        hub=cast.hub, sessions=[(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))]
    )

    await actions.create_training(
        await plan_for(cast), [meeting(3)], actor=PROGRAM, override_reason="El salón tiene dos aulas."
    )

    kept = await AuditLine.get(act="schedule.override_booking")
    assert kept.detail == {"reason": "El salón tiene dos aulas.", "session_ids": [str(taken.sessions[0].id)]}


@pytest.mark.parametrize(
    "state", [TrainingState.CANCELLED, "session"], ids=["training called off", "session cancelled"]
)
async def test_what_was_cancelled_takes_nobody(cast: Cast, state: object) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    if state is TrainingState.CANCELLED:
        async with transaction():
            await actions.cancel_training(await Training.get(id=training.id), "Lluvia", actor=PROGRAM)
    else:
        await actions.cancel_session((await sessions_of(training))[0].id, actor=PROGRAM)

    await actions.create_training(await plan_for(cast), [meeting(3)], actor=PROGRAM)


async def test_two_plans_at_once_for_the_same_person_leave_one(cast: Cast) -> None:
    plan = await plan_for(cast, venue_id=None)

    outcomes = await asyncio.gather(
        *(actions.create_training(plan, [meeting(3, 8, 12, cast.facilitator)], actor=PROGRAM) for _ in range(4)),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FacilitatorBooked"] * 3 + ["Training"]
    assert await Training.all().count() == 1


# -- editing


def plan_of(training: Training, **fields: Any) -> TrainingPlan:
    columns = {name: getattr(training, name) for name in TrainingPlan.__dataclass_fields__}
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in columns.items()}
    return TrainingPlan(**(values | fields))


async def standing(training: Training) -> list[SessionPlan]:
    return [
        SessionPlan(one.starts_at, one.ends_at, one.venue_id, tuple(who.user_id for who in one.facilitators), one.id)
        for one in await sessions_of(training)
    ]


async def test_edit_writes_what_changed_and_leaves_places_alone(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=20)

    edited = await actions.edit_training(
        training.id,
        plan_of(training, title="Otro", capacity=1, childcare_capacity=9, walk_ins=False),
        await standing(training),
        actor=PROGRAM,
    )

    kept = await Training.get(id=training.id)
    assert (kept.title, kept.walk_ins, kept.capacity, kept.childcare_capacity) == ("Otro", False, 20, 0)
    assert kept.slug == training.slug
    assert kept.revision == training.revision + 1
    assert not edited.is_moved
    line = await AuditLine.filter(act="schedule.edit_training").first()
    assert line is not None
    assert sorted(line.detail["changed"]) == ["title", "walk_ins"]


async def test_edit_of_a_draft_drops_sessions_left_out_and_numbers_the_rest(cast: Cast) -> None:
    training = await actions.create_training(
        await plan_for(cast), [meeting(3, 8, 12, cast.facilitator), meeting(4), meeting(5)], actor=PROGRAM
    )
    first, _second, third = await standing(training)

    await actions.edit_training(
        training.id, plan_of(training), [replace(third, facilitator_ids=()), first, meeting(4, 13, 15)], actor=PROGRAM
    )

    kept = await sessions_of(training)
    assert [(one.position, one.id == first.id or one.id == third.id) for one in kept] == [
        (1, True),
        (2, False),
        (3, True),
    ]
    assert [len(one.facilitators) for one in kept] == [1, 0, 0]


async def test_edit_of_a_published_training_keeps_sessions_left_out_and_printed_numbers(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (5, 9)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    first, second = await standing(training)

    edited = await actions.edit_training(training.id, plan_of(training), [second, meeting(3)], actor=PROGRAM)

    kept = await sessions_of(training)
    assert [one.position for one in kept] == [3, 1, 2]
    assert {first.id, second.id} <= {one.id for one in kept}
    assert edited.is_moved


async def test_edit_tells_a_change_of_people_apart_from_a_move(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    [only] = await standing(training)

    edited = await actions.edit_training(
        training.id, plan_of(training), [replace(only, facilitator_ids=(cast.coordinator.id,))], actor=PROGRAM
    )

    assert not edited.is_moved
    assert await SessionFacilitator.filter(session_id=only.id).values_list("user_id") == [(cast.coordinator.id,)]


async def test_edit_moves_the_sessions_that_are_where_the_training_is(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    school = await make.make_venue(cast.hub, "Escuela")
    [only] = await standing(training)

    edited = await actions.edit_training(
        training.id, plan_of(training, venue_id=school.id), [replace(only, venue_id=None)], actor=PROGRAM
    )

    assert edited.is_moved
    assert [one.venue_id for one in await sessions_of(training)] == [school.id]


async def test_edit_does_not_ask_again_for_a_clash_that_stands(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))]
    await make.make_training(hub=cast.hub, sessions=hours, facilitators=[cast.facilitator])
    training = await make.make_training(hub=cast.hub, sessions=hours, facilitators=[cast.facilitator])

    await actions.edit_training(training.id, plan_of(training, title="Otro"), await standing(training), actor=PROGRAM)

    assert (await Training.get(id=training.id)).title == "Otro"


async def test_edit_refuses_an_old_page(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    opened_at = training.revision
    await actions.edit_training(training.id, plan_of(training, title="A"), await standing(training), actor=PROGRAM)

    with pytest.raises(actions.ChangedMeanwhile):
        await actions.edit_training(
            training.id, plan_of(training, title="B"), await standing(training), actor=PROGRAM, revision=opened_at
        )

    assert (await Training.get(id=training.id)).title == "A"


async def test_edit_refuses_another_hub_and_a_session_of_another_training(cast: Cast) -> None:
    training, other = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.hub)

    with pytest.raises(actions.HubFixed):
        await actions.edit_training(
            training.id, plan_of(training, hub_id=cast.elsewhere.id), await standing(training), actor=PROGRAM
        )
    with pytest.raises(session_actions.SessionElsewhere):
        await actions.edit_training(training.id, plan_of(training), await standing(other), actor=PROGRAM)
    with pytest.raises(NotFound):
        await actions.edit_training(NOBODY, plan_of(training), [], actor=PROGRAM)


async def test_edit_refuses_what_is_called_off(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)

    with pytest.raises(session_actions.TrainingCalledOff):
        await actions.edit_training(training.id, plan_of(training), await standing(training), actor=PROGRAM)
    with pytest.raises(session_actions.TrainingCalledOff):
        await actions.add_session(training.id, meeting(5), actor=PROGRAM)


# -- states


ALLOWED = {
    (TrainingState.DRAFT, "publish"): TrainingState.PUBLISHED,
    (TrainingState.DRAFT, "unlist"): TrainingState.UNLISTED,
    (TrainingState.DRAFT, "cancel"): TrainingState.CANCELLED,
    (TrainingState.PUBLISHED, "publish"): TrainingState.PUBLISHED,
    (TrainingState.PUBLISHED, "unlist"): TrainingState.UNLISTED,
    (TrainingState.PUBLISHED, "cancel"): TrainingState.CANCELLED,
    (TrainingState.UNLISTED, "publish"): TrainingState.PUBLISHED,
    (TrainingState.UNLISTED, "unlist"): TrainingState.UNLISTED,
    (TrainingState.UNLISTED, "cancel"): TrainingState.CANCELLED,
    (TrainingState.CANCELLED, "reopen"): TrainingState.PUBLISHED,
}


async def act(name: str, training: Training) -> None:
    if name == "cancel":
        async with transaction():
            await actions.cancel_training(await Training.get(id=training.id), "Lluvia", actor=PROGRAM)
    else:
        verbs = {"publish": actions.publish, "unlist": actions.unlist, "reopen": actions.reopen}
        await verbs[name](training.id, actor=PROGRAM)


@pytest.mark.parametrize("name", ["publish", "unlist", "cancel", "reopen"])
@pytest.mark.parametrize("state", list(TrainingState))
async def test_every_move_between_states(cast: Cast, state: TrainingState, name: str) -> None:
    training = await make.make_training(hub=cast.hub, state=state)

    if (state, name) not in ALLOWED:
        with pytest.raises(actions.IllegalMove):
            await act(name, training)
    else:
        await act(name, training)

    assert (await Training.get(id=training.id)).state is ALLOWED.get((state, name), state)


async def test_publish_refuses_without_sessions_and_without_a_place(cast: Cast) -> None:
    empty = await actions.create_training(await plan_for(cast), [], actor=PROGRAM)
    nowhere = await actions.create_training(await plan_for(cast, venue_id=None), [meeting(3)], actor=PROGRAM)
    online = await actions.create_training(
        await plan_for(cast, venue_id=None, online_url="https://reunion.example/x"), [meeting(3)], actor=PROGRAM
    )

    with pytest.raises(actions.NoSessions):
        await actions.publish(empty.id, actor=PROGRAM)
    with pytest.raises(actions.NoVenue):
        await actions.unlist(nowhere.id, actor=PROGRAM)
    assert (await actions.publish(online.id, actor=PROGRAM)).state is TrainingState.PUBLISHED


async def test_publishing_twice_is_recorded_once(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    published_at = training.published_at

    await actions.publish(training.id, actor=PROGRAM)

    assert (await acts()).count("schedule.publish") == 1
    assert (await Training.get(id=training.id)).published_at == published_at


async def test_calling_off_needs_a_reason_and_something_to_come(cast: Cast) -> None:
    coming = await make.make_training(hub=cast.hub)
    over = await make.make_training(
        hub=cast.hub, sessions=[(clock.now() - timedelta(hours=5), clock.now() - timedelta(hours=1))]
    )

    async with transaction():
        with pytest.raises(actions.NoReason):
            await actions.cancel_training(coming, "  ", actor=PROGRAM)
        with pytest.raises(actions.AlreadyOver):
            await actions.cancel_training(over, "Lluvia", actor=PROGRAM)


async def test_reopening_brings_back_the_sessions_that_stood(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    await actions.cancel_session((await sessions_of(training))[0].id, actor=PROGRAM)
    await act("cancel", training)

    await actions.reopen(training.id, actor=PROGRAM)

    kept = await Training.get(id=training.id)
    assert (kept.cancelled_at, kept.cancel_reason) == (None, "")
    assert [one.state for one in await sessions_of(training)] == [SessionState.CANCELLED, SessionState.PLANNED]


# -- copies


async def test_duplicate_is_a_draft_on_other_days_with_the_same_hours_and_people(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, 30, days=days), make.tomorrow_at(12, 30, days=days)) for days in (3, 10, 17)]
    training = await make.make_training(
        hub=cast.hub,
        sessions=hours,
        facilitators=[cast.facilitator],
        capacity=25,
        closes_at=make.tomorrow_at(18, days=2),
        languages=("kek",),
    )
    await actions.cancel_session((await sessions_of(training))[1].id, actor=PROGRAM)
    await make.make_registration(training)
    first_day = clock.today() + timedelta(days=40)

    copy = await actions.duplicate_training(training.id, first_day, actor=PROGRAM)

    kept = await Training.get(id=copy.id)
    assert (kept.state, kept.capacity, kept.taken, kept.languages) == (TrainingState.DRAFT, 25, 0, ["kek"])
    assert kept.slug != training.slug
    assert kept.closes_at == make.tomorrow_at(18, days=39)
    sessions = await sessions_of(copy)
    assert [clock.local(one.starts_at) for one in sessions] == [
        datetime.combine(first_day + timedelta(days=days), time(8, 30), clock.GUATEMALA) for days in (0, 14)
    ]
    assert [[who.user_id for who in one.facilitators] for one in sessions] == [[cast.facilitator.id]] * 2


async def test_duplicate_onto_the_same_day_asks_for_a_reason(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    same_day = clock.local(training.sessions[0].starts_at).date()

    with pytest.raises(VenueBooked):
        await actions.duplicate_training(training.id, same_day, actor=PROGRAM)
    await actions.duplicate_training(training.id, same_day, actor=PROGRAM, override_reason="Dos aulas")


async def test_duplicate_of_a_called_off_training_is_a_draft_again(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)

    copy = await actions.duplicate_training(training.id, date(2027, 5, 3), actor=PROGRAM)

    kept = await Training.get(id=copy.id)
    assert (kept.state, kept.cancel_reason, kept.cancelled_at) == (TrainingState.DRAFT, "", None)


# -- sessions


async def test_move_session_keeps_its_people_and_number(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    [only] = await standing(training)
    school = await make.make_venue(cast.hub, "Escuela")
    assert only.id is not None

    moved = await actions.move_session(
        only.id, make.tomorrow_at(14, days=4), make.tomorrow_at(16, days=4), school.id, actor=PROGRAM
    )

    assert (moved.starts_at, moved.venue_id, moved.position) == (make.tomorrow_at(14, days=4), school.id, 1)
    assert await SessionFacilitator.filter(session_id=only.id).count() == 1


async def test_move_onto_another_session_of_the_training_is_refused(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    first, second = await standing(training)
    assert first.id is not None

    with pytest.raises(plans.SessionsOverlap):
        await actions.move_session(first.id, second.starts_at, second.ends_at, None, actor=PROGRAM)


async def test_held_sessions_neither_move_nor_are_cancelled(cast: Cast) -> None:
    hours = [
        (clock.now() - timedelta(hours=5), clock.now() - timedelta(hours=1)),
        (make.tomorrow_at(8, days=3), make.tomorrow_at(9, days=3)),
    ]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    held, _coming = await sessions_of(training)

    with pytest.raises(session_actions.AlreadyHeld):
        await actions.move_session(held.id, make.tomorrow_at(8), make.tomorrow_at(9), None, actor=PROGRAM)
    with pytest.raises(session_actions.AlreadyHeld):
        await actions.cancel_session(held.id, actor=PROGRAM)


async def test_cancel_session_twice_is_once_and_the_last_one_is_refused(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    first, second = await sessions_of(training)

    await actions.cancel_session(first.id, actor=PROGRAM)
    await actions.cancel_session(first.id, actor=PROGRAM)

    assert (await acts()).count("schedule.cancel_session") == 1
    with pytest.raises(session_actions.OnlySession):
        await actions.cancel_session(second.id, actor=PROGRAM)
    with pytest.raises(session_actions.SessionCancelled):
        await actions.move_session(first.id, make.tomorrow_at(8), make.tomorrow_at(9), None, actor=PROGRAM)


async def test_close_and_reopen_a_session(cast: Cast) -> None:
    running = (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))
    training = await make.make_training(hub=cast.hub, sessions=[running])
    [session] = training.sessions
    actor = await make.actor_of(cast.facilitator)

    await actions.close_session(session.id, actor=actor)
    await actions.close_session(session.id, actor=PROGRAM)

    closed = await TrainingSession.get(id=session.id)
    assert closed.closed_at is not None
    assert closed.closed_by_id == cast.facilitator.id
    await actions.reopen_session(session.id, actor=actor)
    await actions.reopen_session(session.id, actor=actor)
    assert (await TrainingSession.get(id=session.id)).closed_at is None
    assert (await acts())[-2:] == ["schedule.close_session", "schedule.reopen_session"]


async def test_close_refuses_before_it_starts_and_when_cancelled(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    first, second = await sessions_of(training)
    await actions.cancel_session(second.id, actor=PROGRAM)

    with pytest.raises(session_actions.NotStarted):
        await actions.close_session(first.id, actor=PROGRAM)
    with pytest.raises(session_actions.SessionCancelled):
        await actions.close_session(second.id, actor=PROGRAM)
    with pytest.raises(NotFound):
        await actions.close_session(NOBODY, actor=PROGRAM)


# -- catalogue


async def test_course_is_created_and_corrected(cast: Cast) -> None:
    topic = await actions.create_topic("Trata de personas", actor=PROGRAM)
    plan = actions.CoursePlan(
        kind=(await make.make_course()).kind, topic_id=topic.id, title="Trata: denuncia", minutes=240
    )

    course = await actions.create_course(plan, actor=PROGRAM)
    await actions.edit_course(course.id, replace(plan, minutes=480, contents=(("Denuncia", 60),)), actor=PROGRAM)

    await course.refresh_from_db()
    assert (topic.slug, course.minutes, course.contents) == (
        "trata-de-personas",
        480,
        [{"title": "Denuncia", "minutes": 60}],
    )


async def test_catalogue_refuses_what_is_there_and_what_is_not(cast: Cast) -> None:
    course = await make.make_course("Estafas en ofertas de trabajo")
    plan = actions.CoursePlan(
        kind=course.kind, topic_id=course.topic_id, title="ESTAFAS en ofertas de trabajo", minutes=60
    )

    with pytest.raises(Refusal, match="Ya hay un curso"):
        await actions.create_course(plan, actor=PROGRAM)
    with pytest.raises(Refusal, match="tema de la lista"):
        await actions.create_course(replace(plan, title="Otro", topic_id=NOBODY), actor=PROGRAM)
    with pytest.raises(Refusal, match="horas"):
        await actions.create_course(replace(plan, title="Otro", minutes=0), actor=PROGRAM)
    with pytest.raises(Refusal, match="1 a 100"):
        await actions.create_course(replace(plan, title="Otro", completion_share=101), actor=PROGRAM)
    with pytest.raises(Refusal, match="Ya hay un tema"):
        await actions.create_topic("RIESGOS de la migracion irregular", actor=PROGRAM)
    with pytest.raises(Refusal, match="Ya hay un tema"):
        await actions.create_topic("Otro nombre", slug="riesgos", actor=PROGRAM)
    with pytest.raises(NotFound):
        await actions.edit_course(NOBODY, plan, actor=PROGRAM)
