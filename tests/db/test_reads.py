from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError, TransactionManagementError

from trainings.db import connect, reads, transaction
from trainings.settings import Settings
from trainings.versions.models import Counter

pytestmark = pytest.mark.both_engines

MOMENT = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


async def test_reads_sees_what_was_just_committed(db: Settings) -> None:
    async with transaction():
        await Counter.create(key="k", number=7, changed_at=MOMENT)

    counter = await reads(Counter).get(key="k")

    assert counter.number == 7


async def test_reads_inside_a_transaction_sees_its_own_writes(db: Settings) -> None:
    async with transaction():
        await Counter.create(key="k", number=7, changed_at=MOMENT)

        assert await reads(Counter).count() == 1


async def test_reads_outside_does_not_see_what_is_not_committed(db: Settings) -> None:
    query = reads(Counter).count()

    async with transaction():
        await Counter.create(key="k", number=7, changed_at=MOMENT)

        assert await query == 0


async def test_read_alias_refuses_writes(db: Settings) -> None:
    with pytest.raises((OperationalError, TransactionManagementError), match=r"read-?only"):
        await Counter.create(key="k", number=7, changed_at=MOMENT, using_db=get_connection("read"))

    assert await Counter.all().count() == 0


async def test_connect_inside_itself_changes_nothing(db: Settings) -> None:
    before = get_connection("default")

    async with connect(db):
        assert get_connection("default") is before

    await Counter.create(key="k", number=7, changed_at=MOMENT)
    assert await Counter.all().count() == 1
