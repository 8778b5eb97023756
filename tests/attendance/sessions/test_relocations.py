"""What is to come at a venue that is in another place from now on: all of it moves, or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import make
from tests.cast import make_cast
from tests.queries import until_somebody_waits
from trainings.attendance.models import Attendance
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sessions.rescheduling import details_of, relocate
from trainings.audit.actor import PROGRAM
from trainings.db import lock, transaction
from trainings.places.actions import VenueExists
from trainings.places.models import Venue
from trainings.schedule.models import DatedChange, Training, TrainingSession
from trainings.settings import Settings


async def test_all_that_is_to_come_moves_or_nothing(db: Settings) -> None:
    cast = await make_cast()
    for hour in (8, 8, 14):
        span = (make.tomorrow_at(hour), make.tomorrow_at(hour + 3))
        await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[span], facilitators=[cast.facilitator])
    details = details_of(cast.venue)

    with pytest.raises(VenueExists):
        await relocate(cast.venue, replace(details, address="Otra calle"), hub=cast.hub, actor=PROGRAM)
    assert not await DatedChange.exists()
    assert (await Venue.get(id=cast.venue.id)).is_active
    new = await relocate(cast.venue, replace(details, name="Escuela Central"), hub=cast.hub, actor=PROGRAM)

    assert {key for (key,) in await TrainingSession.all().values_list("venue_id")} == {new.id}
    assert await DatedChange.filter(left_venue_id=cast.venue.id).count() == 3
    old = await Venue.get(id=cast.venue.id)
    assert (old.name, old.is_active, new.is_active) == (cast.venue.name, False, True)


async def test_what_is_moved_at_that_moment_stays_moved_and_nobody_waits_in_a_ring(postgres_db: Settings) -> None:
    """The older training, which is not held there, is held by another transaction until the newer one is moved."""
    cast = await make_cast()
    elsewhere = await make.make_venue(cast.hub, name="Salón")
    older = await make.make_training(hub=cast.hub, venue=elsewhere)
    spans = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (1, 2)]
    newer = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=spans)
    first, last = newer.sessions
    guest = await make.make_registration(older)
    await Attendance.create(session=first, registration=guest, is_present=True)
    new_details, hour = replace(details_of(cast.venue), name="Escuela Central"), timedelta(hours=1)
    is_held = asyncio.Event()

    async def meanwhile() -> Venue:
        await is_held.wait()
        return await relocate(cast.venue, new_details, hub=cast.hub, actor=PROGRAM)

    relocating = asyncio.create_task(meanwhile())
    async with transaction():
        await lock(Training, [older.id])
        is_held.set()
        await until_somebody_waits()
        await rescheduling.move(first.id, first.starts_at + hour, first.ends_at + hour, cast.venue.id, actor=PROGRAM)
        await rescheduling.move(last.id, last.starts_at, last.ends_at, elsewhere.id, actor=PROGRAM)
    new = await relocating

    held = {one.id: (one.starts_at, one.venue_id) for one in await TrainingSession.filter(training_id=newer.id)}
    assert held == {first.id: (first.starts_at + hour, new.id), last.id: (last.starts_at, elsewhere.id)}
