"""What a change asks of the database, and which sheets to sign it makes wrong: they say the number of their session."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tests import make
from tests.cast import Cast, make_cast
from tests.queries import counted_queries
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.lib.tokens import uuid7
from trainings.registrations.telling.changes import who_would_hear
from trainings.schedule import session_actions
from trainings.schedule.changes import note_changes, standing
from trainings.schedule.models import PrintKind, Training, TrainingSession
from trainings.schedule.plans import SessionPlan
from trainings.schedule.staff.printouts import note_printed, outdated
from trainings.settings import Settings


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


async def asked(cast: Cast, freeze: Freeze, n_sessions: int) -> tuple[int, int]:
    """How many questions precede calling off a training whose sessions all changed twice, and how many are read to
    note what became of them.
    """
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, n_sessions)
    await make.make_registration(training, email="ana@x.example")
    for by in (HOUR, -HOUR):
        async with transaction():
            before = await standing(training.id)
            for one in await TrainingSession.filter(training_id=training.id):
                one.starts_at, one.ends_at = one.starts_at + by, one.ends_at + by
                await one.save()
            with counted_queries() as noting:
                await note_changes(before, batch_id=uuid7())
        freeze(clock.now() + HOUR)
    with counted_queries() as asking:
        readers = await who_would_hear(await Training.get(id=training.id), is_called_off=True)
    assert readers.unknowing
    return len(asking), len([one for one in noting if one.startswith("SELECT")])


async def test_sessions_changed_before_add_no_questions(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()

    # The first finds nothing that is kept from one question to the next.
    _first, few, many = [await asked(cast, freeze, n) for n in (3, 3, 20)]

    assert few == many
    assert all(few)
