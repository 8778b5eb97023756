"""What is to come at a venue that is in another place from now on: all of it moves, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import make
from tests.cast import make_cast
from trainings.attendance.relocations import details_of, relocate
from trainings.audit.actor import PROGRAM
from trainings.places.actions import VenueExists
from trainings.places.models import Venue
from trainings.schedule.models import SessionChange, TrainingSession
from trainings.settings import Settings


async def test_all_that_is_to_come_moves_or_nothing(db: Settings) -> None:
    cast = await make_cast()
    for hour in (8, 8, 14):
        span = (make.tomorrow_at(hour), make.tomorrow_at(hour + 3))
        await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[span], facilitators=[cast.facilitator])
    details = details_of(cast.venue)

    with pytest.raises(VenueExists):
        await relocate(cast.venue, replace(details, address="Otra calle"), hub=cast.hub, actor=PROGRAM)
    assert not await SessionChange.exists()
    assert (await Venue.get(id=cast.venue.id)).is_active
    new = await relocate(cast.venue, replace(details, name="Escuela Central"), hub=cast.hub, actor=PROGRAM)

    assert {key for (key,) in await TrainingSession.all().values_list("venue_id")} == {new.id}
    assert await SessionChange.filter(old_venue_id=cast.venue.id).count() == 3
    old = await Venue.get(id=cast.venue.id)
    assert (old.name, old.is_active, new.is_active) == (cast.venue.name, False, True)
