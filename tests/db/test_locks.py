from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.processes import running
from trainings.accounts.models import User
from trainings.db import lock, transaction
from trainings.lib.tokens import uuid7
from trainings.settings import Settings
from trainings.versions.models import Counter

pytestmark = pytest.mark.both_engines

N_PROCESSES = 2
TIMES = 15


async def test_several_processes_that_read_and_then_write_lose_nothing_and_never_fail(db: Settings) -> None:
    await Counter.create(key="rush", number=0, changed_at=datetime(2026, 3, 6, tzinfo=UTC))

    with ExitStack() as ready:
        processes = [
            ready.enter_context(running("tests.db.rush", db.data_dir, db.database_url, TIMES))
            for _ in range(N_PROCESSES)
        ]
        said = await asyncio.gather(*(asyncio.to_thread(process.goes_on) for process in processes))

    assert said == ["counted\n"] * N_PROCESSES
    assert (await Counter.get(key="rush")).number == N_PROCESSES * TIMES


async def test_lock_gives_the_rows_that_exist_in_key_order(db: Settings) -> None:
    users = [await User.create(email=f"{n}@demo.example", name="A") for n in range(3)]

    async with transaction():
        locked = await lock(User, [users[2].id, uuid7(), users[0].id, users[2].id])

    assert [user.email for user in locked] == ["0@demo.example", "2@demo.example"]


async def test_lock_outside_a_transaction_is_refused(db: Settings) -> None:
    with pytest.raises(AssertionError):
        await lock(User, [uuid7()])


async def test_locks_asked_for_in_opposite_order_do_not_wait_in_a_ring(postgres_db: Settings) -> None:
    users = [await User.create(email=f"{n}@demo.example", name="A") for n in range(4)]
    ids = [user.id for user in users]

    async def take(order: list[object]) -> list[object]:
        async with transaction():
            held = await lock(User, order)
            await asyncio.sleep(0)
            return [user.id for user in held]

    async with asyncio.timeout(30):
        taken = await asyncio.gather(*(take(list(ids if n % 2 else reversed(ids))) for n in range(60)))

    assert taken == [sorted(ids)] * 60, "whatever the order asked for, rows are taken in theirs"


async def test_locked_row_waits_for_the_other_transaction(postgres_db: Settings) -> None:
    user = await User.create(email="a@demo.example", name="A")
    is_held, order = asyncio.Event(), list[str]()

    async def first() -> None:
        async with transaction():
            await lock(User, [user.id])
            is_held.set()
            await asyncio.sleep(0.05)
            order.append("first")

    async def second() -> None:
        await is_held.wait()
        async with transaction():
            await lock(User, [user.id])
            order.append("second")

    await asyncio.gather(first(), second())

    assert order == ["first", "second"]
