"""A person or a place is at one session at a time, unless somebody says why not."""

from __future__ import annotations

import asyncio

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import meeting, plan_for, sessions_of
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.schedule import actions
from trainings.schedule.bookings import FacilitatorBooked, VenueBooked
from trainings.schedule.models import (
    Training,
    TrainingState,
)


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

    made = await actions.create_training(await plan_for(cast), [meeting(3)], actor=PROGRAM)

    assert [session.starts_at for session in await sessions_of(made)] == [meeting(3).starts_at]


@pytest.mark.parametrize("is_online", [True, False], ids=["online", "in one place"])
async def test_plans_at_once_for_the_same_person_leave_one(cast: Cast, *, is_online: bool) -> None:
    plan = await plan_for(cast, venue_id=None if is_online else cast.venue.id)

    outcomes = await asyncio.gather(
        *(actions.create_training(plan, [meeting(3, 8, 12, cast.facilitator)], actor=PROGRAM) for _ in range(4)),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FacilitatorBooked"] * 3 + ["Training"]
    assert await Training.all().count() == 1
