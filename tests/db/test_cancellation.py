"""Cancelled requests must not take the database with them: the storm that breaks the upstream engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError

from trainings.db import batch, sql, transaction
from trainings.db.cancellation import finish
from trainings.db.sql import Statement
from trainings.settings import Settings

pytestmark = [pytest.mark.both_engines, pytest.mark.usefixtures("with_its_thread")]

INSERT = "INSERT INTO counter (key, number, changed_at) VALUES (?, 0, '2026-01-01 00:00:00+00:00')"
N_TRANSACTIONS = 400
AT_ONCE = 20
PATIENCE = 60.0
MOMENTS = 47
"""Of breaking off, from at once until long after what is done would have ended."""

Write = Callable[[str], Awaitable[None]]


async def insert_pair(name: str) -> None:
    async with transaction():
        await sql.rows("SELECT count(*) FROM counter")
        await sql.execute(_literal(f"{name}-left"))
        async with transaction():
            await sql.execute(_literal(f"{name}-right"))


def _literal(key: str) -> str:
    return INSERT.replace("?", f"'{key}'")


async def written_within(seconds: float, write: Write, name: str) -> str | None:
    """The name, when what was written was acknowledged in time."""
    try:
        async with asyncio.timeout(seconds):
            await write(name)
    except TimeoutError:
        return None
    return name


async def storm(write: Write, n_transactions: int = N_TRANSACTIONS) -> set[str]:
    """Transactions broken off at every possible moment; the names of those that were acknowledged."""
    # Twice: the first opens the connections. On a slow machine all takes longer, what is broken off too.
    for n_round in range(2):
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(write(f"before{n_round}-{n}") for n in range(AT_ONCE)))
    step = 1.5 * (asyncio.get_running_loop().time() - began) / MOMENTS
    acknowledged: set[str] = set()
    for first in range(0, n_transactions, AT_ONCE):
        attempts = (written_within(step * (n % MOMENTS), write, f"n{n}") for n in range(first, first + AT_ONCE))
        acknowledged.update(filter(None, await asyncio.gather(*attempts)))
    return acknowledged


async def write_batch(name: str) -> None:
    """The same as a batch: begun by what it reads, ended by what it writes."""
    async with batch():
        await sql.rows_of([Statement("SELECT count(*) AS n FROM counter", ())])
        await sql.write_all([Statement(_literal(f"{name}-left"), [()])])
        await sql.write_all([Statement(_literal(f"{name}-right"), [()])], ends_batch=True)


@pytest.mark.parametrize("write", [insert_pair, write_batch])
async def test_storm_of_what_is_cancelled_leaves_the_database_usable_and_whole(db: Settings, write: Write) -> None:
    acknowledged = await storm(write)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(write(f"after{n}") for n in range(AT_ONCE)))
    keys = {row["key"] for row in await sql.rows("SELECT key FROM counter")}
    left = {key.removesuffix("-left") for key in keys if key.endswith("-left")}
    right = {key.removesuffix("-right") for key in keys if key.endswith("-right")}
    assert 0 < len(acknowledged) < N_TRANSACTIONS
    assert left == right
    assert acknowledged | {f"after{n}" for n in range(AT_ONCE)} <= left


async def test_batch_that_breaks_is_undone_and_the_next_one_goes_on(db: Settings) -> None:
    with pytest.raises(IntegrityError):
        async with batch():
            await sql.rows_of([Statement("SELECT 1 AS n", ())])
            await sql.write_all([Statement(_literal("twice"), [(), ()])], ends_batch=True)
    with suppress(ZeroDivisionError):
        async with batch():
            await sql.rows_of([Statement("SELECT 1 AS n", ())])
            await sql.write_all([Statement(_literal("undone"), [()])])
            raise ZeroDivisionError

    await write_batch("after")

    assert [row["key"] for row in await sql.rows("SELECT key FROM counter ORDER BY key")] == [
        "after-left",
        "after-right",
    ]


async def test_batch_inside_a_transaction_ends_with_it(db: Settings) -> None:
    with suppress(ZeroDivisionError):
        async with transaction():
            await write_batch("inner")
            raise ZeroDivisionError

    assert await sql.rows("SELECT key FROM counter") == []


async def test_batch_that_was_not_begun_asks_nothing(sqlite_db: Settings) -> None:
    with pytest.raises(AssertionError, match="begins with"):
        async with batch():
            await sql.rows("SELECT key FROM counter")

    await write_batch("after")


@pytest.mark.proof
async def test_long_storm_loses_no_acknowledged_transaction(db: Settings) -> None:
    acknowledged = await storm(insert_pair, n_transactions=20_000)

    async with asyncio.timeout(PATIENCE):
        await insert_pair("after")
    keys = {row["key"] for row in await sql.rows("SELECT key FROM counter")}
    engine = "SQLite" if db.is_sqlite else "PostgreSQL"
    n_stored = sum(key.startswith("n") for key in keys) // 2
    print(f"\nstorm on {engine}: 20000 begun, {len(acknowledged)} acknowledged, {n_stored} stored, 0 lost")
    assert {f"{name}-{side}" for name in acknowledged for side in ("left", "right")} <= keys


async def test_storm_returns_every_connection_to_the_pool(postgres_db: Settings) -> None:
    await storm(insert_pair)

    pool = get_connection("default")._pool
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(insert_pair(f"after{n}") for n in range(AT_ONCE)))
    assert pool.get_idle_size() == pool.get_size()


@pytest.mark.parametrize("milliseconds", [1, 2, 3, 5, 8])
async def test_bulk_insert_that_is_cancelled_is_done_whole_or_not_at_all(db: Settings, milliseconds: int) -> None:
    rows = [[f"row{n}"] for n in range(2_000)]

    with suppress(TimeoutError):
        async with asyncio.timeout(milliseconds / 1000):
            await sql.execute_many(INSERT, rows)
    with suppress(TimeoutError):
        async with asyncio.timeout(milliseconds / 1000), transaction():
            await sql.execute_many(INSERT.replace("?", "? || '-more'"), rows)

    async with asyncio.timeout(PATIENCE):
        await insert_pair("after")
    for ending in ("row%", "row%-more"):
        (row,) = await sql.rows(f"SELECT count(*) AS n FROM counter WHERE key LIKE '{ending}'")
        assert row["n"] % len(rows) == 0


async def test_refusal_inside_a_transaction_undoes_it(db: Settings) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await sql.execute(_literal("gone"))
            _ = 1 / 0

    assert await sql.rows("SELECT key FROM counter") == []


async def test_refusal_inside_an_inner_transaction_undoes_only_that(db: Settings) -> None:
    async with transaction():
        await sql.execute(_literal("stays"))
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await sql.execute(_literal("gone"))
                _ = 1 / 0

    assert await sql.rows("SELECT key FROM counter") == [{"key": "stays"}]


async def test_finish_when_cancelled_twice_ends_the_work_first() -> None:
    ended = asyncio.Event()
    started = asyncio.Event()
    go_on = asyncio.Event()

    async def work() -> None:
        started.set()
        await go_on.wait()
        ended.set()

    waiting = asyncio.create_task(finish(work()))
    await started.wait()
    waiting.cancel()
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_finish_when_the_work_fails_raises_its_failure() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await finish(work())
