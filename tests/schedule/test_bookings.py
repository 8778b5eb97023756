"""A person or a place is at one session at a time, unless somebody says why not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import meeting, plan_for, sessions_of
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.schedule import actions
from trainings.schedule.bookings import FacilitatorAway, FacilitatorBooked, VenueBooked, clashes_of
from trainings.schedule.models import Training, TrainingState, Unavailability


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

    made = await actions.create_training(await plan_for(cast), [meeting(3)], actor=PROGRAM)

    assert [session.starts_at for session in await sessions_of(made)] == [meeting(3).starts_at]


@pytest.mark.both_engines
@pytest.mark.parametrize("is_online", [True, False], ids=["online", "in one place"])
async def test_plans_at_once_for_the_same_person_leave_one(cast: Cast, *, is_online: bool) -> None:
    plan = await plan_for(cast, venue_id=None if is_online else cast.venue.id)

    outcomes = await asyncio.gather(
        *(actions.create_training(plan, [meeting(3, 8, 12, cast.facilitator)], actor=PROGRAM) for _ in range(4)),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FacilitatorBooked"] * 3 + ["Training"]
    assert await Training.all().count() == 1


@pytest.mark.both_engines
async def test_all_that_is_taken_is_told_at_once(cast: Cast) -> None:
    other = await make.make_venue(cast.hub, "Escuela")
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 5)]
    await make.make_training(hub=cast.hub, title="Uno", sessions=hours, venue=other, facilitators=[cast.facilitator])
    await make.make_training(hub=cast.hub, title="Dos", sessions=hours[:1])
    plans = [meeting(days, 9, 11, cast.facilitator) for days in (3, 4, 5)]
    actor = await make.actor_of(cast.coordinator)

    told = await clashes_of(dict(enumerate(replace(plan, venue_id=cast.venue.id) for plan in plans)), actor=actor)
    with pytest.raises(FacilitatorBooked) as refused:
        await actions.create_training(await plan_for(cast), plans, actor=actor)

    all_of_them = [refused.value, *refused.value.others]
    assert [(one.code, one.field, one.values["what"]) for one in all_of_them if one.code == "facilitator_booked"] == [
        ("facilitator_booked", "sessions-0", "Uno"),
        ("facilitator_booked", "sessions-2", "Uno"),
    ]
    assert [(one.code, one.field, one.values["what"]) for one in all_of_them if one.code == "venue_booked"] == [
        ("venue_booked", "sessions-0", "Dos")
    ]
    assert {number: len(found) for number, found in told.items()} == {0: 2, 1: 0, 2: 1}


@pytest.mark.parametrize(
    ("hours", "is_away"), [((8, 12), True), ((12, 13), False), ((6, 8), False), ((11, 15), True)], ids=str
)
async def test_who_said_they_cannot_come_is_refused_until_a_reason_is_given(
    cast: Cast, hours: tuple[int, int], *, is_away: bool
) -> None:
    absence = await Unavailability.create(
        user=cast.facilitator, starts_at=make.tomorrow_at(8, days=3), ends_at=make.tomorrow_at(12, days=3)
    )
    plans = [meeting(3, *hours, cast.facilitator)]
    if not is_away:
        await actions.create_training(await plan_for(cast), plans, actor=PROGRAM)
        return

    with pytest.raises(FacilitatorAway) as refused:
        await actions.create_training(await plan_for(cast), plans, actor=PROGRAM)
    await actions.create_training(await plan_for(cast), plans, actor=PROGRAM, override_reason="Ya hablamos.")

    assert (refused.value.field, refused.value.values["who"]) == ("sessions-0", "Ana Coc")
    assert "8:00" in refused.value.values["when"]
    kept = await AuditLine.get(act="schedule.override_booking")
    assert kept.detail == {"reason": "Ya hablamos.", "session_ids": [], "absence_ids": [str(absence.id)]}


async def test_absence_of_somebody_else_is_in_nobodys_way(cast: Cast) -> None:
    await Unavailability.create(
        user=cast.assistant, starts_at=make.tomorrow_at(8, days=3), ends_at=make.tomorrow_at(12, days=3)
    )

    made = await actions.create_training(await plan_for(cast), [meeting(3, 8, 12, cast.facilitator)], actor=PROGRAM)

    assert len(await sessions_of(made)) == 1
