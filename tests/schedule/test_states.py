"""Publishing, hiding, calling off, reopening and copying."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import acts, meeting, plan_for, sessions_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.schedule import actions
from trainings.schedule.models import SessionFeed, SessionState, SessionText, Training, TrainingState
from trainings.schedule.staff import copies

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


@pytest.mark.parametrize("state", [TrainingState.DRAFT, TrainingState.UNLISTED])
async def test_held_after_all_what_nobody_was_shown_stays_so(cast: Cast, state: TrainingState) -> None:
    training = await make.make_training(hub=cast.hub, state=state)
    await act("cancel", training)
    off = await Training.get(id=training.id)

    for name in ("publish", "unlist"):
        with pytest.raises(actions.IllegalMove):
            await act(name, training)
    await act("reopen", training)

    kept = await Training.get(id=training.id)
    assert (off.state_before, kept.state, kept.state_before) == (state, state, None)
    assert kept.published_at == off.published_at == training.published_at
    assert (await SessionText.all().count(), await SessionFeed.all().count()) == (0, 0)


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

    copy = await copies.duplicate_training(training.id, first_day, actor=PROGRAM)

    kept = await Training.get(id=copy.id)
    assert (kept.state, kept.capacity, kept.taken, kept.languages) == (TrainingState.DRAFT, 25, 0, ["kek"])
    assert kept.slug != training.slug
    assert kept.closes_at == make.tomorrow_at(18, days=39)
    sessions = await sessions_of(copy)
    assert [clock.local(one.starts_at) for one in sessions] == [
        datetime.combine(first_day + timedelta(days=days), time(8, 30), clock.GUATEMALA) for days in (0, 14)
    ]
    assert [[who.user_id for who in one.facilitators] for one in sessions] == [[cast.facilitator.id]] * 2


async def test_duplicate_of_a_called_off_training_is_a_draft_again(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)

    copy = await copies.duplicate_training(training.id, date(2027, 5, 3), actor=PROGRAM)

    kept = await Training.get(id=copy.id)
    assert (kept.state, kept.cancel_reason, kept.cancelled_at) == (TrainingState.DRAFT, "", None)
