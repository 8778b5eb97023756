from __future__ import annotations

import asyncio
import sqlite3
from contextvars import copy_context
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import OperationalError

from tests.database import Database
from trainings.db import close_in_turn, sql, transaction
from trainings.db.sql import Statement
from trainings.settings import Settings
from trainings.versions.models import Counter

pytestmark = [pytest.mark.both_engines, pytest.mark.usefixtures("with_its_thread")]

MOMENT = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
BY_KEY = "SELECT number FROM counter WHERE key = ?"


async def write(number: int) -> None:
    await Counter.update_or_create({"number": number, "changed_at": MOMENT}, key="k")


async def test_row_by_key_is_as_it_was_committed_last(db: Settings) -> None:
    assert await sql.row_by_key(BY_KEY, "k") is None

    for number in (1, 2):
        await write(number)
        assert await sql.row_by_key(BY_KEY, "k") == {"number": number}

    outside = copy_context()
    async with transaction():
        await write(3)
        assert await sql.row_by_key(BY_KEY, "k") == {"number": 3}, "a transaction sees its own"
        beside = asyncio.create_task(sql.row_by_key(BY_KEY, "k"), context=outside)
        assert await beside == {"number": 2}, "nobody else does"


async def test_row_by_key_says_what_is_wrong_with_a_statement(db: Settings) -> None:
    with pytest.raises(OperationalError, match="nothing_of_this_name"):
        await sql.row_by_key("SELECT nothing_of_this_name FROM counter WHERE key = ?", "k")


async def test_row_by_key_does_not_take_a_turn_of_the_readers_thread(sqlite_db: Settings) -> None:
    await write(1)

    reading = sql.row_by_key(BY_KEY, "k")

    with pytest.raises(StopIteration) as ended:
        reading.send(None)
    assert ended.value.value == {"number": 1}


async def test_few_rows_do_not_take_a_turn_of_the_readers_thread(sqlite_db: Settings) -> None:
    await write(1)

    reading = sql.tables([Statement(BY_KEY, ["k"]), Statement(BY_KEY, ["none"])], are_few=True)

    with pytest.raises(StopIteration) as ended:
        reading.send(None)
    assert ended.value.value == [((1,),), ()]


async def test_row_by_key_sees_what_another_program_wrote_and_lets_it_empty_the_log(sqlite_db: Settings) -> None:
    await write(1)
    await sql.row_by_key(BY_KEY, "k")
    other = sqlite3.connect(sqlite_db.sqlite_path, isolation_level=None)
    other.execute("UPDATE counter SET number = 2")

    assert await sql.row_by_key(BY_KEY, "k") == {"number": 2}

    other.execute("UPDATE counter SET number = 3")
    assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    other.close()


async def test_row_by_key_when_the_database_is_locked_waits_in_the_thread(sqlite_db: Settings) -> None:
    await write(1)
    await close_in_turn()
    other = sqlite3.connect(sqlite_db.sqlite_path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("UPDATE counter SET number = 2")

    waiting = asyncio.create_task(sql.row_by_key(BY_KEY, "k"))
    await asyncio.sleep(0)

    assert not waiting.done()
    other.close()
    assert await waiting == {"number": 2}


async def test_row_by_key_cannot_write(sqlite_db: Settings) -> None:
    await write(1)

    with pytest.raises(OperationalError, match="readonly"):
        await sql.row_by_key("UPDATE counter SET number = 2 RETURNING number")

    assert await sql.row_by_key(BY_KEY, "k") == {"number": 1}


async def test_row_by_key_reads_the_file_that_came_in_place_of_the_closed_one(
    sqlite_db: Settings, database: Database
) -> None:
    await write(1)
    assert await sql.row_by_key(BY_KEY, "k") == {"number": 1}

    await database.fresh("sqlite")

    assert await sql.row_by_key(BY_KEY, "k") is None
