"""What runs out by itself: one that cannot be dealt with holds up neither the others nor the next round."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests import make
from tests.registrations.card_world import make_block
from trainings import background, clock
from trainings.registrations.models import ReservedBlock
from trainings.registrations.seats import cards
from trainings.settings import Settings


@pytest.mark.parametrize(
    "trouble", [asyncpg.ConnectionDoesNotExistError("the server restarts"), AssertionError("a bug")]
)
async def test_round_that_fails_is_followed_by_the_next(
    sqlite_db: Settings, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    stop, rounds = asyncio.Event(), 0

    async def fails() -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            stop.set()
        raise trouble

    monkeypatch.setattr(background, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(background, "expire_offers", fails)

    async with asyncio.timeout(60):
        await background.keep_deadlines(stop)

    assert rounds == 2


async def test_block_that_cannot_be_released_holds_up_no_other(
    db: Settings, monkeypatch: pytest.MonkeyPatch, freeze: Any
) -> None:
    training = await make.make_training(capacity=20)
    first, second = [await make_block(training, 2) for _number in range(2)]
    freeze(first.release_at + timedelta(minutes=1))
    release = cards.release

    async def broken(block_id: UUID, **how: Any) -> int:
        assert block_id != first.id, "a bug"
        return await release(block_id, **how)

    monkeypatch.setattr(cards, "release", broken)
    n_places = await cards.release_due()

    assert n_places == 2
    released = {block.id: block.released_at is not None for block in await ReservedBlock.all()}
    assert released == {first.id: False, second.id: True}
    assert clock.now() > first.release_at
