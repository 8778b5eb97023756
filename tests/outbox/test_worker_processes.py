"""Workers in processes of their own, ended in the middle of a message."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from tests.outbox.make_jobs import (
    job_of,
    make_jobs,
    until,
    until_settled,
    with_smtp,
    working,
)
from tests.outbox.smtp import Peer
from tests.processes import Running, environment, start
from tests.source import ROOT
from trainings import clock
from trainings.outbox import claims, worker
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

Freeze = Callable[[datetime], None]


async def test_messages_of_a_worker_that_was_killed_come_back(db: Settings, peer: Peer, freeze: Freeze) -> None:
    names = [f"p{n}" for n in range(6)]
    await make_jobs(*names)
    peer.to_message["p2@x.example"] = ["hang"]
    with worker_at(with_smtp(db, peer.url)):
        await until(lambda: is_hanging(peer), seconds=60)

    assert peer.recipients() == ["p0@x.example", "p1@x.example"]
    freeze(clock.now() + claims.LEASE_OF_ANSWER + timedelta(seconds=1))
    async with working(with_smtp(db, peer.url)):
        await until_settled()
    assert sorted(peer.recipients()) == [f"{name}@x.example" for name in names]


async def test_worker_ends_within_seconds_though_the_server_hangs(sqlite_db: Settings, peer: Peer) -> None:
    await make_jobs("ana")
    peer.to_message["ana@x.example"] = ["hang"]
    with worker_at(with_smtp(sqlite_db, peer.url)) as process:
        await until(lambda: is_hanging(peer), seconds=60)

        process.send_signal(signal.SIGTERM)

        assert await asyncio.to_thread(process.wait, 60) == 0
    assert (await job_of("ana")).last_error == claims.UNANSWERED, "it did not wait until it gave the server up"
    assert worker.SECONDS_TO_STOP <= 5, "this one waited less; who starts programs kills what takes long to end"


async def is_hanging(peer: Peer) -> bool:
    return peer.n_hanging > 0


@contextmanager
def worker_at(settings: Settings) -> Iterator[Running]:
    """A worker's process, killed at the end of the block."""
    assert settings.smtp_url
    around = environment(
        settings.data_dir,
        database_url=settings.database_url,
        secret_keys=settings.secret_keys,
        smtp_url=settings.smtp_url.get_secret_value(),
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    module = "tests.outbox.worker_process"
    with (settings.data_dir / "log").open("wb") as log, start([], ROOT, around, log, log, module=module) as process:
        yield process
