"""Sheets to sign say the number of their session: what was printed with another one than it has now is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tests.cast import Cast
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.schedule import session_actions
from trainings.schedule.models import PrintKind, Training, TrainingSession
from trainings.schedule.plans import SessionPlan
from trainings.schedule.staff.printouts import note_printed, outdated


async def printed(training: Training, freeze: Freeze) -> list[TrainingSession]:
    """The sessions of a training, a sheet of each printed an hour ago."""
    sessions = sorted(training.sessions, key=lambda one: one.starts_at)
    for one in sessions:
        await note_printed(training.id, PrintKind.SHEET, actor=PROGRAM, session_id=one.id)
    freeze(clock.now() + HOUR)
    return sessions


async def wrong(training: Training) -> set[UUID | None]:
    now = await Training.get(id=training.id)
    return {one.session_id for one in await outdated(now, await TrainingSession.filter(training_id=training.id))}


async def move(session: TrainingSession, starts_at: datetime) -> None:
    await rescheduling.move(session.id, starts_at, starts_at + 4 * HOUR, session.venue_id, actor=PROGRAM)


async def test_sheet_is_wrong_where_another_session_took_its_number(cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 3)
    one, two, three = await printed(training, freeze)

    await move(one, two.starts_at + timedelta(hours=6))
    after_move = await wrong(training)
    await move(one, one.starts_at)
    moved_back = await wrong(training)
    await rescheduling.cancel(one.id, actor=PROGRAM)
    called_off = await wrong(training)
    freeze(three.starts_at)
    late = await wrong(training)

    assert after_move == {one.id, two.id}
    assert moved_back == set()
    assert called_off == {one.id, two.id, three.id}
    assert late == {three.id}


async def test_sheets_of_later_sessions_are_wrong_once_an_earlier_date_is_added(cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 3)
    one, two, three = await printed(training, freeze)

    async def add(starts_at: datetime) -> None:
        plan = SessionPlan(starts_at, starts_at + HOUR, None)
        await rescheduling.change_sessions(
            training.id, lambda: session_actions.add_session(training.id, plan, actor=PROGRAM), actor=PROGRAM
        )

    await add(three.starts_at + DAY)
    after_last = await wrong(training)
    await add(one.starts_at + timedelta(hours=6))
    between = await wrong(training)
    freeze(clock.now() + HOUR)
    await note_printed(training.id, PrintKind.SHEET, actor=PROGRAM, session_id=two.id)

    assert after_last == set()
    assert between == {two.id, three.id}
    assert await wrong(training) == {three.id}
