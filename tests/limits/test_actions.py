"""Counting and refusing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from trainings import clock
from trainings.db import transaction
from trainings.limits.actions import (
    TooManyTries,
    Watch,
    count_here,
    forget_expired,
    hit,
    refuse_if_spent,
)
from trainings.limits.models import RateWindow
from trainings.settings import Settings, get_settings

pytestmark = pytest.mark.both_engines

NOON = datetime(2026, 11, 25, 18, tzinfo=UTC)
Freeze = Callable[[datetime], None]


async def count_together(*tries: tuple[str, str, int]) -> list[int]:
    """The numbers that these tries (purpose, subject, seconds) were in their windows."""
    async with transaction():
        [counted] = await count_here([[Watch(*one, limit=0) for one in tries]])
    return [one.hits for one in counted]


async def count(purpose: str, subject: str, seconds: int) -> int:
    [n] = await count_together((purpose, subject, seconds))
    return n


async def test_hit_beyond_the_limit_is_refused_with_the_time_that_is_left(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    for _ in range(3):
        await hit("door", "ana", 3, 300)
    freeze(NOON + timedelta(seconds=100))

    with pytest.raises(TooManyTries) as refused:
        await hit("door", "ana", 3, 300)

    assert (refused.value.status, refused.value.retry_after) == (429, 200)
    assert str(refused.value) == "Hubo demasiados intentos. Pruebe otra vez en 4 min."


async def test_hit_after_the_window_begins_a_new_one(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    assert [await count("door", "ana", 300) for _ in range(4)] == [1, 2, 3, 4]

    freeze(NOON + timedelta(seconds=300))

    assert await count("door", "ana", 300) == 1
    window = await RateWindow.get()
    assert window.expires_at == NOON + timedelta(seconds=600)


async def test_hits_of_others_and_for_other_purposes_are_counted_apart(db: Settings) -> None:
    await hit("door", "ana", 1, 300)

    await hit("door", "luis", 1, 300)
    await hit("gate", "ana", 1, 300)

    assert [window.hits for window in await RateWindow.all()] == [1, 1, 1]


async def test_subject_is_stored_only_as_a_keyed_hash(db: Settings) -> None:
    await hit("door", "190.148.7.7", 5, 300)

    window = await RateWindow.get()
    assert "190.148.7.7" not in window.key
    assert window.key.startswith("door:")


async def test_refuse_if_spent_does_not_count(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    for _ in range(10):
        await refuse_if_spent("code", "ana", 2)
    await count("code", "ana", 3600)
    await refuse_if_spent("code", "ana", 2)
    await count("code", "ana", 3600)

    with pytest.raises(TooManyTries):
        await refuse_if_spent("code", "ana", 2)
    freeze(NOON + timedelta(hours=1))
    await refuse_if_spent("code", "ana", 2)


async def test_limits_switched_off_count_but_never_refuse(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "rate_limits", False)

    for _ in range(5):
        await hit("door", "ana", 1, 300)
    await refuse_if_spent("door", "ana", 1)

    assert (await RateWindow.get()).hits == 5


async def test_forget_expired_deletes_only_windows_that_are_over(db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await count("door", "ana", 60)
    await count("door", "luis", 600)
    freeze(NOON + timedelta(seconds=60))

    assert await forget_expired() == 1

    assert (await RateWindow.get()).expires_at > clock.now()


async def test_several_counted_together_are_counted_each(db: Settings) -> None:
    await count("door", "ana", 300)

    assert await count_together(("door", "ana", 300), ("gate", "ana", 60), ("door", "luis", 300)) == [2, 1, 1]


async def test_many_windows_counted_together_are_counted_each(db: Settings) -> None:
    tries = [("door", f"person {number}", 300) for number in range(90)]
    await count_together(*tries[80:])

    assert await count_together(*tries, *tries[:3]) == [1] * 80 + [2] * 10 + [2] * 3


async def test_several_counted_together_in_any_order_at_once_never_wait_in_a_ring(db: Settings) -> None:
    tries = [("door", f"person {number}", 300) for number in range(4)]

    async with asyncio.timeout(30):
        await asyncio.gather(*(count_together(*(tries if n % 2 else reversed(tries))) for n in range(40)))

    assert await count_together(*tries) == [41] * 4
