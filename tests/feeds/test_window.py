"""What a feed holds on a day: 90 days back, 18 months ahead, cancelled sessions for 60 days after their start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import body_of, events_in, line_of, poll
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingSession
from trainings.versions.queries import current

TODAY = date(2027, 3, 6)
NOON = clock.midnight(TODAY) + timedelta(hours=12)
A_SECOND, AN_HOUR = timedelta(seconds=1), timedelta(hours=1)
Freeze = Callable[[datetime], None]


async def held_at(*starts: datetime) -> list[TrainingSession]:
    """Sessions of an hour each, in this order; planned long before the first."""
    training = await make.make_training(sessions=[(start, start + AN_HOUR) for start in starts])
    by_start = {session.starts_at: session for session in training.sessions}
    return [by_start[start] for start in starts]


def long_before(days: int = 120) -> datetime:
    return clock.midnight(TODAY - timedelta(days=days))


async def test_window_begins_90_days_back_and_ends_18_months_ahead_at_local_midnight(
    client: AsyncClient, freeze: Freeze
) -> None:
    first = clock.midnight(TODAY - timedelta(days=90))
    end = clock.midnight(TODAY + timedelta(days=548))
    freeze(long_before())
    _too_old, oldest, running, last, _too_far = await held_at(first - 2 * AN_HOUR, first, NOON, end - 2 * AN_HOUR, end)
    freeze(NOON)

    assert list(events_in(await body_of(client))) == [oldest.id, running.id, last.id]


async def test_window_moves_at_local_midnight_and_nothing_else_is_needed(client: AsyncClient, freeze: Freeze) -> None:
    leaves_tonight = clock.midnight(TODAY - timedelta(days=90)) + 8 * AN_HOUR
    comes_tonight = clock.midnight(TODAY + timedelta(days=548)) + 8 * AN_HOUR
    freeze(long_before())
    leaving, coming = await held_at(leaves_tonight, comes_tonight)
    midnight = clock.midnight(TODAY + timedelta(days=1))
    number = await current("guatemala")

    freeze(midnight - A_SECOND)
    before = await poll(client)
    freeze(midnight)
    after = await poll(client)

    assert list(events_in(before.text)) == [leaving.id]
    assert list(events_in(after.text)) == [coming.id]
    assert before.headers["etag"] != after.headers["etag"]
    assert after.headers["last-modified"] == "Sun, 07 Mar 2027 06:00:00 GMT"
    assert await current("guatemala") == number


async def test_cancelled_session_leaves_60_days_after_its_start(client: AsyncClient, freeze: Freeze) -> None:
    freeze(long_before(100))
    start = clock.midnight(TODAY - timedelta(days=60)) + 9 * AN_HOUR
    cancelled, other = await held_at(start, start + 2 * AN_HOUR)
    await schedule.cancel_session(cancelled.id, actor=PROGRAM)

    freeze(NOON)
    on_the_60th_day = events_in(await body_of(client))
    freeze(NOON + timedelta(days=1))
    on_the_61st_day = events_in(await body_of(client))

    assert list(on_the_60th_day) == [cancelled.id, other.id]
    assert line_of(on_the_60th_day[cancelled.id], "STATUS") == "CANCELLED"
    assert list(on_the_61st_day) == [other.id]


async def test_words_about_cancelling_do_not_make_a_session_cancelled(client: AsyncClient, freeze: Freeze) -> None:
    freeze(long_before())
    start = clock.midnight(TODAY - timedelta(days=80))
    training = await make.make_training(sessions=[(start, start + AN_HOUR)], summary="STATUS:CANCELLED")
    freeze(NOON)

    assert list(events_in(await body_of(client))) == [training.sessions[0].id]


async def test_session_held_before_its_training_was_called_off_stays_90_days(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(long_before(100))
    start = clock.midnight(TODAY - timedelta(days=80)) + 9 * AN_HOUR
    held, called_off = await held_at(start, start + timedelta(days=7))
    freeze(start + timedelta(days=1))
    await schedule.close_session(held.id, actor=PROGRAM)
    training = await Training.get(id=held.training_id)
    await schedule.unlist(training.id, actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)
    async with transaction():
        await schedule.cancel_training(await Training.get(id=training.id), "No hay salón.", actor=PROGRAM)
    freeze(NOON)

    events = events_in(await body_of(client))

    assert list(events) == [held.id]
    assert line_of(events[held.id], "STATUS") == "CONFIRMED"
    assert called_off.id not in events
