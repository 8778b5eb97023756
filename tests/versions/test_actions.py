from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from trainings import clock
from trainings.db import transaction
from trainings.settings import Settings
from trainings.versions.actions import bump, moved_at
from trainings.versions.queries import NEVER, current

pytestmark = pytest.mark.both_engines

MOMENT = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


async def test_bump_counts_from_one_and_notes_the_moment(db: Settings, freeze: Callable[[datetime], None]) -> None:
    freeze(MOMENT)
    async with transaction():
        await bump("municipio:1705", "guatemala", "guatemala")
    freeze(MOMENT + timedelta(minutes=1))
    async with transaction():
        await bump("guatemala")

    assert await current("municipio:1705") == (1, MOMENT)
    assert await current("guatemala") == (2, MOMENT + timedelta(minutes=1))
    assert await current("municipio:0101") == (0, NEVER)


async def test_moments_are_whole_seconds_that_grow_with_every_bump(
    db: Settings, freeze: Callable[[datetime], None]
) -> None:
    seen = []
    for milliseconds in (400, 700, 900, -5000):
        freeze(MOMENT + timedelta(milliseconds=milliseconds))
        async with transaction():
            await bump("guatemala")
        seen.append((await current("guatemala"))[1])

    assert seen == [MOMENT + timedelta(seconds=n) for n in range(4)]


async def test_process_remembers_when_it_moved_a_number_itself(db: Settings) -> None:
    before = clock.ticks()
    async with transaction():
        await bump("municipio:1705")

    assert before <= moved_at("municipio:1705") <= clock.ticks()
    assert moved_at("municipio:0199") == float("-inf")


async def test_bump_in_a_transaction_that_fails_moves_nothing(db: Settings) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await bump("guatemala")
            _ = 1 / 0

    assert await current("guatemala") == (0, NEVER)


async def test_bump_outside_a_transaction_is_refused(db: Settings) -> None:
    with pytest.raises(AssertionError):
        await bump("guatemala")


async def test_bumps_of_the_same_keys_at_once_lose_none_and_never_lock_each_other_out(db: Settings) -> None:
    async def one(*keys: str) -> None:
        async with transaction():
            await bump(*keys)

    keys = ("a", "b", "c", "d")
    async with asyncio.timeout(30):
        await asyncio.gather(*(one(*(keys if n % 2 else reversed(keys))) for n in range(40)))

    assert [(await current(key))[0] for key in keys] == [40, 40, 40, 40]
