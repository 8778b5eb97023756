"""Without a mail server messages are kept: they reached nobody, so what they say is news still."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import make
from tests.cast import make_cast
from tests.outbox.told import accept
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_training, calls
from trainings import clock, jobs
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, OutboxJob, Outcome
from trainings.registrations.telling.changes import who_would_hear
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def shift(session_id: object, by: timedelta) -> None:
    now = await TrainingSession.get(id=session_id)
    await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, now.venue_id, actor=PROGRAM)


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.KEPT])
async def test_who_is_promised_a_message_about_what_was_called_off_finds_news_in_it(
    db: Settings, freeze: Freeze, outcome: Outcome
) -> None:
    freeze(MONDAY)
    training = await a_training(
        await make_cast(), sessions=[(SATURDAY + n * DAY, SATURDAY + n * DAY + HOUR) for n in (0, 1)]
    )
    session_id = min(training.sessions, key=lambda one: one.starts_at).id
    await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await rescheduling.cancel(session_id, actor=PROGRAM)
    freeze(clock.now() + HOUR)
    job = await OutboxJob.get(kind="training_changed")
    if outcome is Outcome.SENT:
        await accept(job)
    await OutboxJob.filter(id=job.id).update(outcome=outcome, done_at=clock.now(), attempts=1)
    freeze(clock.now() + HOUR)

    readers = await who_would_hear(await Training.get(id=training.id), is_called_off=False, turned=session_id)
    await rescheduling.restore(session_id, actor=PROGRAM)
    waiting = await OutboxJob.filter(kind="training_changed", done_at=None)
    mails = [await jobs.COMPOSERS[job.kind](job) for job in waiting]

    assert len(readers.unknowing) == len(mails) == (1 if outcome is Outcome.SENT else 0)
    assert not any(mail is None or mail.is_overtaken for mail in mails)


async def test_who_was_not_reached_by_a_kept_message_is_called_about_a_second_change_too(
    db: Settings, freeze: Freeze
) -> None:
    freeze(MONDAY)
    training = await a_training(await make_cast())
    await make.make_registration(training, given_names="Ana", email="ana@x.example")
    for _ in range(2):
        await shift(training.sessions[0].id, DAY)
        freeze(clock.now() + HOUR)
        await OutboxJob.filter(done_at=None).update(outcome=Outcome.KEPT, done_at=clock.now(), attempts=1)
        freeze(clock.now() + HOUR)

    assert [name for one in await CallList.all() for name in await calls(one)] == ["Ana"]
