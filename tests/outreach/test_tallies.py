"""The tally of the desk holds hub, day, subject and number, and nothing else, also elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests import make
from trainings.audit.models import AuditLine
from trainings.notes.models import Situation
from trainings.outreach.models import OrientationTally
from trainings.outreach.tallies import tallies_of, tally
from trainings.outreach.words import SUBJECTS
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

Freeze = Callable[[datetime], None]
EVENING = datetime(2027, 4, 1, 3, 0, tzinfo=UTC)
"""31 March in Guatemala."""


def test_subjects_are_the_situations_of_the_notes() -> None:
    assert list(SUBJECTS) == [str(situation) for situation in Situation]


async def test_numbers_of_today_and_of_the_month_by_the_day_of_guatemala(db: Settings, freeze: Freeze) -> None:
    hub = await make.make_hub()
    freeze(datetime(2027, 3, 2, 18, tzinfo=UTC))
    await tally(hub.id, "returned", 1)
    freeze(EVENING)
    await tally(hub.id, "returned", 1)
    await tally(hub.id, "returned", 1)
    await tally(hub.id, "child_alone", 1)

    march = await tallies_of(hub.id, date(2027, 3, 31))
    april = await tallies_of(hub.id, date(2027, 4, 1))

    assert {(one.subject, one.today, one.this_month) for one in march} == {
        ("work_abroad", 0, 0),
        ("relative_travelling", 0, 0),
        ("returned", 2, 3),
        ("from_abroad", 0, 0),
        ("child_alone", 1, 1),
    }
    assert {one.this_month for one in april} == {0}


async def test_there_is_none_below_zero(db: Settings) -> None:
    hub = await make.make_hub()

    nothing = await tally(hub.id, "returned", -1)
    await tally(hub.id, "returned", 1)
    back = await tally(hub.id, "returned", -1)
    below = await tally(hub.id, "returned", -1)

    assert (nothing, back, below) == (False, True, False)
    assert [row.number for row in await OrientationTally.all()] == [0]


async def test_touches_at_once_each_count(db: Settings) -> None:
    hub = await make.make_hub()

    await asyncio.gather(*(tally(hub.id, "returned", 1) for _number in range(20)))
    await asyncio.gather(*(tally(hub.id, "returned", -1) for _number in range(5)))

    assert [(row.subject, row.number) for row in await OrientationTally.all()] == [("returned", 15)]


async def test_first_touches_of_a_day_at_once_each_count(postgres_db: Settings, freeze: Freeze) -> None:
    """There is no row yet, and each wants to write it. On many days: chance decides which of them meet."""
    hub = await make.make_hub()

    for number in range(20):
        freeze(EVENING + timedelta(days=number))
        await asyncio.gather(*(tally(hub.id, "returned", 1) for _number in range(8)))

    assert [row.number for row in await OrientationTally.all()] == [8] * 20


async def test_nothing_is_kept_of_who_stood_there_and_when(db: Settings, freeze: Freeze) -> None:
    freeze(EVENING)
    hub = await make.make_hub()
    n_lines = await AuditLine.all().count()

    await tally(hub.id, "from_abroad", 1)

    [row] = await OrientationTally.all().values()
    assert row == {
        "id": row["id"],
        "created_at": datetime(2027, 3, 31, 6, tzinfo=UTC),
        "hub_id": hub.id,
        "day": date(2027, 3, 31),
        "subject": "from_abroad",
        "number": 1,
    }
    assert row["id"].version == 4, "version 7 tells the millisecond, version 5 is the same for two who write at once"
    assert await AuditLine.all().count() == n_lines
