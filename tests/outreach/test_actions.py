"""Activities are planned, published, moved, called off, by the rules of trainings where they are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.cast import make_cast
from tests.outreach.make_activity import make_activity, make_draft, make_responsible, plan_of
from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import Refusal
from trainings.outreach.actions import (
    TimeAndPlace,
    cancel_activity,
    create_activity,
    edit_activity,
    move_activity,
    publish_activity,
    reopen_activity,
)
from trainings.outreach.models import ActivityFeed, ActivityState, ActivityText, OutreachActivity
from trainings.places.models import Hub, Venue
from trainings.schedule.actions import create_training
from trainings.schedule.bookings import FacilitatorBooked, VenueBooked
from trainings.schedule.models import Course, Training
from trainings.schedule.plans import SessionPlan, TrainingPlan
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=4)


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(NOW)


def training_plan(course: Course, hub: Hub, venue: Venue) -> TrainingPlan:
    return TrainingPlan(course_id=course.id, hub_id=hub.id, title=course.title, capacity=20, venue_id=venue.id)


def in_the_park(starts_at: datetime = STARTS, ends_at: datetime = ENDS) -> TimeAndPlace:
    return TimeAndPlace(starts_at, ends_at, make.LA_LIBERTAD, None, "Parque central")


async def test_create_makes_a_draft_with_a_slug_of_its_own(db: Settings) -> None:
    activity = await create_activity(await plan_of(title="Feria: ¡venga!"), actor=PROGRAM)

    stored = await OutreachActivity.get(id=activity.id)
    assert stored.state is ActivityState.DRAFT
    assert stored.slug.startswith("feria-venga-")
    assert (stored.municipality_id, stored.venue_id, stored.place) == (make.LA_LIBERTAD, None, "Parque central")
    assert [line.act for line in await AuditLine.filter(object_id=activity.id)] == ["outreach.create"]


async def test_a_venue_says_in_which_municipality_it_is(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub, municipality=make.TACANA)
    at = TimeAndPlace(STARTS, ENDS, make.LA_LIBERTAD, venue.id, "Frente al portón")

    activity = await create_activity(await plan_of(hub, when=at), actor=PROGRAM)

    assert (activity.municipality_id, activity.place) == (make.TACANA, "Frente al portón")


@pytest.mark.parametrize(
    ("at", "code", "field"),
    [
        (in_the_park(ENDS, STARTS), "ends_before_start", "ends"),
        (in_the_park(STARTS, STARTS), "ends_before_start", "ends"),
        (in_the_park(STARTS, STARTS + timedelta(hours=25)), "activity_too_long", "ends"),
        (replace(in_the_park(), place=""), "no_place", "place"),
        (replace(in_the_park(), municipality="9999"), "unknown_municipality", "municipality"),
    ],
)
async def test_create_refuses_a_wrong_time_or_place(
    sqlite_db: Settings, at: TimeAndPlace, code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await create_activity(await plan_of(when=at), actor=PROGRAM)

    assert (refused.value.code, refused.value.field) == (code, field)
    assert not await OutreachActivity.exists()


async def test_create_refuses_a_venue_and_a_person_of_another_hub(sqlite_db: Settings) -> None:
    cast = await make_cast()
    there = replace(in_the_park(), venue_id=cast.venue_elsewhere.id)

    with pytest.raises(Refusal) as venue:
        await create_activity(await plan_of(cast.hub, when=there), actor=PROGRAM)
    with pytest.raises(Refusal) as person:
        await create_activity(await plan_of(cast.hub, responsible=cast.facilitator_elsewhere), actor=PROGRAM)

    assert (venue.value.code, person.value.code) == ("venue_elsewhere", "not_of_the_hub")


async def test_edit_refuses_what_somebody_changed_meanwhile(sqlite_db: Settings) -> None:
    activity = await make_draft(when=in_the_park())
    plan = await plan_of(when=in_the_park(), title="Feria de la salud")
    await edit_activity(activity.id, plan, actor=PROGRAM, revision=0)

    with pytest.raises(Refusal) as refused:
        await edit_activity(activity.id, replace(plan, title="Otra"), actor=PROGRAM, revision=0)

    assert refused.value.code == "changed_meanwhile"
    assert (await OutreachActivity.get(id=activity.id)).title == "Feria de la salud"


async def test_edit_writes_down_which_columns_changed_and_nothing_else(sqlite_db: Settings) -> None:
    activity = await make_draft(when=in_the_park())

    await edit_activity(activity.id, await plan_of(when=in_the_park(), rain_plan="Al salón"), actor=PROGRAM)

    line = await AuditLine.get(act="outreach.edit")
    assert line.detail == {"changed": ["rain_plan"]}


async def test_cancel_needs_a_reason_and_an_activity_to_come(db: Settings, freeze: Freeze) -> None:
    activity = await make_activity(when=in_the_park())

    with pytest.raises(Refusal) as silent:
        await cancel_activity(activity.id, "  ", actor=PROGRAM)
    freeze(ENDS)
    with pytest.raises(Refusal) as held:
        await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)

    assert (silent.value.code, held.value.code) == ("no_reason", "already_held")


async def test_what_is_cancelled_is_not_changed_until_it_is_reopened(db: Settings) -> None:
    activity = await make_activity(when=in_the_park())
    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)

    for change in (
        move_activity(activity.id, in_the_park(STARTS + timedelta(days=1), ENDS + timedelta(days=1)), actor=PROGRAM),
        edit_activity(activity.id, await plan_of(when=in_the_park()), actor=PROGRAM),
        publish_activity(activity.id, actor=PROGRAM),
    ):
        with pytest.raises(Refusal) as refused:
            await change
        assert refused.value.code == "called_off"
    again = await reopen_activity(activity.id, actor=PROGRAM)

    assert (again.state, again.cancelled_at, again.cancel_reason) == (ActivityState.PUBLISHED, None, "")
    assert await OutreachActivity.filter(state=ActivityState.PUBLISHED, cancel_reason="").count() == 1


async def test_draft_that_is_held_after_all_is_a_draft_again(db: Settings) -> None:
    draft = await make_draft(when=in_the_park())
    await cancel_activity(draft.id, "No hay fondos", actor=PROGRAM)

    again = [await reopen_activity(draft.id, actor=PROGRAM) for _ in range(2)]

    assert [(one.state, one.published_at, one.cancelled_at) for one in again] == [(ActivityState.DRAFT, None, None)] * 2
    assert (await ActivityText.all().count(), await ActivityFeed.all().count()) == (0, 0)
    assert await AuditLine.filter(act="outreach.reopen").count() == 1


async def test_what_was_held_is_not_moved_but_its_words_are_corrected(sqlite_db: Settings, freeze: Freeze) -> None:
    activity = await make_activity(when=in_the_park())
    freeze(ENDS + timedelta(hours=1))

    with pytest.raises(Refusal) as refused:
        await move_activity(activity.id, in_the_park(STARTS, ENDS + timedelta(hours=1)), actor=PROGRAM)
    corrected = await edit_activity(
        activity.id, await plan_of(when=in_the_park(), title="Feria municipal"), actor=PROGRAM
    )

    assert (refused.value.code, corrected.title) == ("already_held", "Feria municipal")


async def test_coming_activity_does_not_move_into_the_past(db: Settings) -> None:
    activity = await make_activity(when=in_the_park())
    year = timedelta(days=365)

    with pytest.raises(Refusal) as refused:
        await move_activity(activity.id, in_the_park(STARTS - year, ENDS - year), actor=PROGRAM)

    assert (refused.value.code, refused.value.field) == ("moved_into_past", "day")
    assert (await OutreachActivity.get(id=activity.id)).starts_at == STARTS


# -- who and what is taken


async def test_a_session_and_an_activity_see_each_other(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub)
    person = await make_responsible(hub)
    await make.make_training(
        sessions=[(STARTS, ENDS)], facilitators=[person], hub=hub, venue=venue, title="Taller de rutas"
    )
    actor = await actor_of(await make.make_user(Role.HUB_COORDINATOR, hub))

    with pytest.raises(FacilitatorBooked) as by_session:
        await create_activity(await plan_of(hub, when=in_the_park(), responsible=person), actor=actor)
    other = await make.make_user(Role.FACILITATOR, hub)
    at_venue = TimeAndPlace(STARTS + timedelta(hours=3), ENDS + timedelta(hours=3), hub.seat_id, venue.id)
    with pytest.raises(VenueBooked):
        await create_activity(await plan_of(hub, when=at_venue, responsible=other), actor=actor)

    assert by_session.value.values["what"] == "Taller de rutas"


async def test_an_activity_keeps_a_training_from_its_person_and_venue(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub)
    person = await make_responsible(hub)
    activity = await make_activity(hub, when=TimeAndPlace(STARTS, ENDS, hub.seat_id, venue.id), responsible=person)
    actor = await actor_of(person)
    course = await make.make_course()
    plan = training_plan(course, hub, venue)

    with pytest.raises(FacilitatorBooked) as refused:
        await create_training(plan, [SessionPlan(STARTS, ENDS, None, (person.id,))], actor=actor)
    with pytest.raises(VenueBooked):
        await create_training(plan, [SessionPlan(STARTS, ENDS)], actor=actor)
    await cancel_activity(activity.id, "Lluvia", actor=actor)
    await create_training(plan, [SessionPlan(STARTS, ENDS, None, (person.id,))], actor=actor)

    assert refused.value.values["what"] == "Feria informativa"


async def test_of_two_that_are_planned_at_once_for_one_person_one_stands(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub)
    person = await make_responsible(hub)
    plans = [await plan_of(hub, when=in_the_park(), responsible=person, title=f"Feria {n}") for n in range(3)]
    course = await make.make_course()
    training = training_plan(course, hub, venue)

    outcomes = await asyncio.gather(
        *(create_activity(plan, actor=PROGRAM) for plan in plans),
        create_training(training, [SessionPlan(STARTS, ENDS, None, (person.id,))], actor=PROGRAM),
        return_exceptions=True,
    )

    refused = [one for one in outcomes if isinstance(one, FacilitatorBooked)]
    assert len(refused) == len(outcomes) - 1
    assert await OutreachActivity.all().count() + await Training.all().count() == 1


async def test_an_activity_is_not_in_its_own_way(sqlite_db: Settings) -> None:
    activity = await make_activity(when=in_the_park())

    moved = await move_activity(
        activity.id, in_the_park(STARTS + timedelta(hours=1), ENDS + timedelta(hours=1)), actor=PROGRAM
    )

    assert moved.starts_at == STARTS + timedelta(hours=1)


async def test_nothing_moves_where_the_clock_alone_moves(sqlite_db: Settings) -> None:
    activity = await make_activity(when=in_the_park())

    same = await move_activity(activity.id, in_the_park(), actor=PROGRAM)

    assert (same.revision, same.stamped_at) == (activity.revision, clock.whole_second_after(None))
