"""What a change, and the question before it, ask of the database does not grow with the sessions changed before."""

from __future__ import annotations

from tests import make
from tests.cast import Cast, make_cast
from tests.queries import counted_queries
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training
from trainings import clock
from trainings.db import transaction
from trainings.lib.tokens import uuid7
from trainings.registrations.telling.changes import who_would_hear
from trainings.schedule.changes import note_changes, standing
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings


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
