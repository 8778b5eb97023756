"""One meeting: moved, cancelled, closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import NOBODY, acts, sessions_of, standing
from trainings import clock
from trainings.accounts.models import RoleGrant
from trainings.audit.actor import PROGRAM
from trainings.errors import NotFound
from trainings.schedule import actions, plans, session_actions
from trainings.schedule.models import (
    SessionFacilitator,
    TrainingSession,
)
from trainings.schedule.staff.copies import duplicate_training


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


async def test_who_has_no_access_any_more_is_left_out_of_a_session_that_is_copied_or_moved(cast: Cast) -> None:
    people = [cast.facilitator, cast.assistant]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, facilitators=people)
    [only] = training.sessions
    await RoleGrant.filter(user_id=cast.assistant.id).delete()

    copy = await duplicate_training(training.id, make.tomorrow_at(8, days=9).date(), actor=PROGRAM)
    await actions.move_session(only.id, make.tomorrow_at(14, days=4), make.tomorrow_at(16, days=4), None, actor=PROGRAM)

    for one in (copy, training):
        held = SessionFacilitator.filter(session__training_id=one.id)
        assert await held.values_list("user_id") == [(cast.facilitator.id,)]


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


async def test_coming_session_does_not_move_into_the_past(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    [coming] = await sessions_of(training)
    gone = clock.now() - timedelta(days=366)

    with pytest.raises(session_actions.MovedIntoPast):
        await actions.move_session(coming.id, gone, gone + timedelta(hours=2), None, actor=PROGRAM)

    assert (await TrainingSession.get(id=coming.id)).starts_at == coming.starts_at


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
    running = (clock.now() - timedelta(hours=1), clock.now() + timedelta(minutes=10))
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
