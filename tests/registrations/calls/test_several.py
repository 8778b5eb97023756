"""Sessions that are changed one by one and together: whoever has to be called hears all of it in one call."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_training, calls
from tests.registrations.calls.test_last_heard import DAY, HOUR, WEEK, holders, plain, shift
from tests.registrations.card_world import make_block
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList
from trainings.registrations.calls.households import households
from trainings.registrations.calls.texts import text_for, told_by
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingSession


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def with_two_sessions(cast: Cast) -> tuple[Training, list[UUID]]:
    days = [SATURDAY, SATURDAY + WEEK]
    training = await a_training(cast, sessions=[(day, day + HOUR) for day in days])
    return training, [one.id for one in sorted(training.sessions, key=lambda one: one.starts_at)]


async def shift_both(training: Training, session_ids: list[UUID]) -> UUID | None:
    async def both() -> None:
        for session_id in session_ids:
            now = await TrainingSession.get(id=session_id)
            times = now.starts_at + DAY, now.ends_at + DAY
            await schedule.move_session(session_id, *times, now.venue_id, actor=PROGRAM)

    return await rescheduling.change_sessions(training.id, both, actor=PROGRAM)


async def test_call_about_two_sessions_tells_the_earlier_changes_of_each_of_them_too(
    cast: Cast, freeze: Freeze
) -> None:
    training, ids = await with_two_sessions(cast)
    for name in ("Ana", "Eva"):
        await make.make_registration(training, given_names=name)
    block = await make_block(training)
    for session_id in ids:
        await shift(session_id, HOUR)
        freeze(clock.now() + HOUR)
    of_first, of_second = await CallList.all().order_by("created_at")

    await shift_both(training, ids)

    of_both = await CallList.exclude(id__in=[of_first.id, of_second.id]).get()
    lists = [of_first, of_second, of_both]
    assert [set(await calls(one)) for one in lists] == [set(), set(), {"Ana", "Eva"}]
    assert [await holders(one) for one in lists] == [[], [], [block.id]]
    text = plain(text_for((await households(of_both))[0], await told_by(of_both)))
    assert "La del sábado 6 de marzo, 8:30 a. m. pasa al domingo 7 de marzo, 9:30 a. m." in text
    assert "La del sábado 13 de marzo, 8:30 a. m. pasa al domingo 14 de marzo, 9:30 a. m." in text
