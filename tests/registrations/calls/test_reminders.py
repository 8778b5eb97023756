"""Call lists of reminders, beside each other and beside those of changes: each tells what still holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests import make
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_training, calls, only_call, session_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import WhyClosed
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.telling.reminders import remind
from trainings.schedule.models import Training, TrainingSession

WEDNESDAY = datetime.fromisoformat("2027-03-03T15:01:00+00:00")
FRIDAY = WEDNESDAY + timedelta(days=2)
HOUR = timedelta(hours=1)
FOUR_HOURS = 4 * HOUR


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def reminders_of(training: Training) -> list[CallList]:
    return await CallList.filter(training_id=training.id, reason=CallReason.REMINDER).order_by("created_at")


async def move_to(training: Training, starts_at: datetime) -> None:
    session = await session_of(training)
    await rescheduling.move(session.id, starts_at, starts_at + FOUR_HOURS, session.venue_id, actor=PROGRAM)


async def reminded_of(freeze: Freeze, *starts: datetime) -> tuple[Training, TrainingSession]:
    """A training of sessions of an hour, of which Ana has to be reminded by voice, an hour later; and its first."""
    training = await a_training(sessions=[(start, start + HOUR) for start in starts])
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    freeze(WEDNESDAY)
    await remind()
    freeze(WEDNESDAY + HOUR)
    return training, await TrainingSession.get(training_id=training.id, starts_at=starts[0])


async def test_each_reminder_has_its_list_and_the_later_takes_over(db: object, freeze: Freeze) -> None:
    training = await a_training()
    ana = await make.make_registration(training, given_names="Ana", phone="5555 1234")
    freeze(WEDNESDAY)
    await remind()
    [first] = await reminders_of(training)
    await call_actions.mark(first.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await call_actions.close(first.id, None, actor=PROGRAM)
    freeze(WEDNESDAY + timedelta(days=1))
    await make.make_registration(training, given_names="Berta", phone="5555 4321")

    freeze(FRIDAY)
    await remind()

    first, second = await reminders_of(training)
    assert await calls(second) == {"Ana": "+50255551234", "Berta": "+50255554321"}
    assert (second.due_at, second.closed_at) == (FRIDAY, None)
    assert await calls(first) == {"Ana": "+50255551234"}


async def test_who_was_not_called_before_the_first_reminder_is_on_one_list(db: object, freeze: Freeze) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    for morning in (WEDNESDAY, FRIDAY):
        freeze(morning)
        await remind()

    first, second = await reminders_of(training)
    assert await calls(first) == {}
    assert await calls(second) == {"Ana": "+50255551234"}


async def test_day_whose_first_session_is_called_off_between_its_reminders_has_one_list(
    db: object, freeze: Freeze
) -> None:
    training, morning = await reminded_of(freeze, SATURDAY, SATURDAY + 3 * HOUR)
    await rescheduling.cancel(morning.id, actor=PROGRAM)
    [change] = await changes_of(training)
    await call_actions.close(change.id, WhyClosed.NO_ANSWER, actor=PROGRAM)

    freeze(FRIDAY)
    await remind()

    first, second = await reminders_of(training)
    assert await calls(first) == {}
    assert await calls(second) == {"Ana": "+50255551234"}
    said = text_for(await only_call(second), await told_by(second)).replace(NBSP, " ")
    assert "11:30 a. m." in said
    assert "8:30" not in said


async def test_call_about_what_was_called_off_tells_the_rest_of_the_day(db: object, freeze: Freeze) -> None:
    training, morning = await reminded_of(freeze, SATURDAY, SATURDAY + 3 * HOUR, SATURDAY + 5 * HOUR)
    await rescheduling.cancel(morning.id, actor=PROGRAM)
    freeze(FRIDAY)
    await remind()
    [change] = await changes_of(training)

    said = text_for(await only_call(change), await told_by(change)).replace(NBSP, " ")

    assert "La del sábado 6 de marzo, 8:30 a. m. no se realiza" in said
    assert "Las siguientes son: sábado 6 de marzo, 11:30 a. m. y sábado 6 de marzo, 1:30 p. m." in said


async def test_session_moved_out_of_a_day_leaves_the_reminder_of_that_day_to_the_others(
    db: object, freeze: Freeze
) -> None:
    training, morning = await reminded_of(freeze, SATURDAY, SATURDAY + 3 * HOUR)
    sunday = SATURDAY + timedelta(days=1)
    await rescheduling.move(morning.id, sunday, sunday + HOUR, morning.venue_id, actor=PROGRAM)
    [change] = await changes_of(training)
    await call_actions.close(change.id, WhyClosed.NO_ANSWER, actor=PROGRAM)

    freeze(FRIDAY)
    await remind()
    of_saturday = [await calls(one) for one in await reminders_of(training)]
    freeze(FRIDAY + timedelta(days=1))
    await remind()
    all_of_them = [await calls(one) for one in await reminders_of(training)]

    assert of_saturday == [{}, {"Ana": "+50255551234"}]
    assert all_of_them == [{}, {"Ana": "+50255551234"}, {"Ana": "+50255551234"}]


async def test_nobody_is_reminded_by_voice_of_a_day_that_was_left(db: object, freeze: Freeze) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    freeze(WEDNESDAY)
    await remind()
    [reminder] = await reminders_of(training)

    freeze(WEDNESDAY + timedelta(hours=1))
    await move_to(training, SATURDAY + timedelta(days=7))
    [change] = await CallList.filter(training_id=training.id, reason=CallReason.CHANGED)
    assert await calls(reminder) == {}
    assert await calls(change) == {"Ana": "+50255551234"}

    freeze(WEDNESDAY + timedelta(hours=2))
    await move_to(training, SATURDAY + timedelta(hours=1))
    for one in await changes_of(training):
        await call_actions.close(one.id, WhyClosed.NO_ANSWER, actor=PROGRAM)
    assert await calls(reminder) == {"Ana": "+50255551234"}


async def changes_of(training: Training) -> list[CallList]:
    found = CallList.filter(training_id=training.id, reason=CallReason.CHANGED, closed_at=None)
    return await found.order_by("created_at")


async def test_who_is_still_to_be_told_of_a_move_is_not_reminded_by_another_call(db: object, freeze: Freeze) -> None:
    training = await a_training()
    ana = await make.make_registration(training, given_names="Ana", phone="5555 1234")
    await make.make_registration(training, given_names="Berta", phone="5555 4321")
    await move_to(training, SATURDAY + timedelta(hours=1))
    [change] = await changes_of(training)
    freeze(MONDAY + timedelta(hours=1))
    await call_actions.mark(change.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)

    freeze(WEDNESDAY)
    await remind()

    [reminder] = await reminders_of(training)
    assert await calls(reminder) == {"Ana": "+50255551234"}
    await call_actions.close(change.id, WhyClosed.NO_ANSWER, actor=PROGRAM)
    assert await calls(reminder) == {"Ana": "+50255551234", "Berta": "+50255554321"}
