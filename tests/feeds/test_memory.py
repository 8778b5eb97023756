"""What is kept between polls: how seldom the database is asked, and how soon a change shows."""

from __future__ import annotations

import asyncio
import contextvars
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.counting import statements
from tests.database import forget
from tests.feeds.asking import body_of, events_in, poll
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.feeds import memory
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training
from trainings.versions import actions as versions


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`later(seconds)` lets that much time pass for things in memory."""
    passed = [0.0]
    real = clock.ticks
    monkeypatch.setattr(clock, "ticks", lambda: real() + passed[0])

    def pass_time(seconds: float) -> None:
        passed[0] += seconds

    return pass_time


@contextmanager
def another_process() -> Iterator[None]:
    """What is changed meanwhile, this process does not know of."""
    known = dict(versions._moved_at)
    yield
    versions._moved_at.clear()
    versions._moved_at.update(known)


async def test_polls_of_a_kept_feed_do_not_ask_the_database(
    client: AsyncClient, later: Callable[[float], None]
) -> None:
    await make.make_training()
    later(60)
    first = await poll(client)

    with statements() as sent:
        answers = [await poll(client, accept_encoding=encoding) for encoding in ("identity", "identity")]

    assert [answer.content for answer in answers] == [first.content] * 2
    assert sent == []


async def test_kept_feed_is_asked_after_every_two_seconds_by_one_statement(
    client: AsyncClient, later: Callable[[float], None]
) -> None:
    await make.make_training()
    later(60)
    await poll(client)
    later(2.1)

    with statements() as sent:
        await poll(client)
        await poll(client)

    assert len(sent) == 1
    assert "counter" in sent[0]


async def test_number_of_statements_does_not_grow_with_the_sessions(client: AsyncClient) -> None:
    await make.make_training()
    with statements() as for_one:
        await body_of(client)
    for _ in range(3):
        await make.make_training()
    forget()

    with statements() as for_four:
        body = await body_of(client)

    assert len(events_in(body)) == 4
    assert len(for_four) == len(for_one) == 3


async def test_change_of_another_process_shows_after_two_seconds(
    client: AsyncClient, later: Callable[[float], None]
) -> None:
    await make.make_training()
    later(60)
    await poll(client)
    with another_process():
        training = await make.make_training()

    at_once = events_in(await body_of(client))
    later(2.1)
    after_two_seconds = events_in(await body_of(client))

    assert training.sessions[0].id not in at_once
    assert training.sessions[0].id in after_two_seconds


async def test_own_change_shows_as_soon_as_its_transaction_has_ended(client: AsyncClient) -> None:
    training = await make.make_training()
    await poll(client)
    outside = contextvars.copy_context()

    async with transaction():
        await schedule.cancel_training(await Training.get(id=training.id), "No hay salón.", actor=PROGRAM)
        meanwhile = await asyncio.create_task(poll(client), context=outside)
    afterwards = await poll(client)

    assert "STATUS:CONFIRMED" in meanwhile.text
    assert "STATUS:CANCELLED" in afterwards.text


async def test_change_that_was_taken_back_shows_nothing_and_is_forgotten(
    client: AsyncClient, later: Callable[[float], None]
) -> None:
    training = await make.make_training()
    before = await poll(client)
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await schedule.cancel_training(await Training.get(id=training.id), "No hay salón.", actor=PROGRAM)
            _ = 1 / 0

    after = await poll(client)
    later(11)
    await poll(client)
    with statements() as sent:
        await poll(client)

    assert (after.headers["etag"], after.content) == (before.headers["etag"], before.content)
    assert sent == []


async def test_many_that_wait_for_the_same_feed_cost_one_rendering(
    client: AsyncClient, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.make_training()
    later(60)
    packed: list[int] = []
    compress = gzip.compress

    def noted_compress(body: bytes, *options: int, **named: int) -> bytes:
        packed.append(len(body))
        return compress(body, *options, **named)

    monkeypatch.setattr(gzip, "compress", noted_compress)

    with statements() as sent:
        found = await asyncio.gather(*(poll(client, accept_encoding="gzip") for _ in range(30)))

    assert {answer.headers["etag"] for answer in found} == {found[0].headers["etag"]}
    assert (len(sent), len(packed)) == (3, 1)


async def test_unknown_feeds_leave_nothing_in_memory(client: AsyncClient) -> None:
    for number in range(20):
        assert (await poll(client, f"/cal/municipio/nada-{number}.ics")).status_code == 404

    assert memory._feeds == {}
    assert dict(memory._locks) == {}
