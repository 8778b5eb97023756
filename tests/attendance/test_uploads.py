"""What phones send: every event is kept, exactly once, and counts by the rules of the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import Opened, open_door, qr_of, stay
from tests.attendance.uploading import event, h, kept, make_device, states
from trainings.registrations.models import Registration
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
Over = Callable[[Opened], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def over(freeze: Freeze) -> Over:
    """Let the session be over: what comes in was made before."""
    return lambda door: freeze(door.ends_at + HOUR)


async def test_card_by_its_hash_by_token_and_by_short_code_then_the_person(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    people = [door.ana] + [await make.make_registration(door.training, given_names=name) for name in ("B", "C")]
    over(door)
    sent = [
        event(door, h=h(people[0])),
        event(door, code=qr_of(people[1]), known=False),
        event(door, code=people[2].short_code, how="typed", known=False),
    ]

    found = await states(device, *sent)
    again = await states(device, *sent)

    assert (found, again) == ([("stored", "")] * 3, [("already", "")] * 3)
    for one in people:
        row = await stay(door, one)
        assert (row.is_present, row.arrived_at, row.minutes, row.to_review) == (True, door.starts_at, 240, False)
        assert (await Registration.get(id=one.id)).minutes_attended == 240
    first = await kept(sent[0]["id"])
    assert (first.phone_id, first.code_hash, first.seq, first.perf, first.page) == (
        device.id,
        h(door.ana),
        1,
        1234,
        "p1",
    )
    assert (first.app_version, first.roster_version, first.registration_id) == ("1.0.0", "v1", door.ana.id)
