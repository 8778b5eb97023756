"""A mail server that goes away in the middle of a message and comes back, with real workers and the real clock."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from tests import make
from tests.outbox.make_jobs import until, until_settled
from tests.outbox.smtp import Peer, smtp_server
from tests.processes import environment, free_port, start
from trainings.accounts.models import Role
from trainings.outbox import queries
from trainings.schedule.models import Training
from trainings.settings import Settings

LONGEST_WAIT = 120.0
MOST_COPIES = 1.05


@dataclass(frozen=True)
class Return:
    """`seconds` from the server's return to the last message, `copies` of each on average, what staff saw waiting."""

    seconds: float
    copies: float
    n_lost: int
    n_seen: int


async def _outage(settings: Settings, *, n_before: int, n_during: int, seconds: float, n_workers: int) -> Return:
    """`n_before` messages leave, one of them over a line that breaks; for all other sign-ups the server is gone."""
    hub = await make.make_hub()
    coordinator = await make.make_user(Role.HUB_COORDINATOR, hub, email="coordina@v.example")
    n = n_before + n_during
    training = await make.make_training(hub=hub, capacity=n)
    port = free_port()
    async with _workers(settings, port, n_workers):
        async with smtp_server(port) as leaving:
            # Taken, though nobody was told so: it comes twice.
            leaving.to_message["p0@x.example"] = ["take and drop"]
            await _sign_up(training, 0, n_before)
            await until(lambda: _have_come(n_before, leaving), seconds=60)
        await _sign_up(training, n_before, n)
        await asyncio.sleep(seconds)
        queue = await queries.queue(await make.actor_of(coordinator))
        async with smtp_server(port) as back:
            began = asyncio.get_running_loop().time()
            await until(lambda: _have_come(n, leaving, back), seconds=LONGEST_WAIT)
            took = asyncio.get_running_loop().time() - began
            await until_settled(seconds=LONGEST_WAIT)
    came = Counter(_recipients(leaving, back))
    engine = "SQLite" if settings.is_sqlite else "PostgreSQL"
    copies = came.total() / n
    print(
        f"\n{engine}, {n_workers} worker(s): the server was gone for {seconds:.0f} s and {n_during} sign-ups; "
        f"the last of {n} messages came {took:.1f} s after its return, copies of each {copies:.3f}"
    )
    return Return(took, copies, n - len(came), queue.n_waiting if queue else 0)


async def _sign_up(training: Training, first: int, last: int) -> None:
    for number in range(first, last):
        await make.make_registration(training, given_names=f"Persona{number}", email=f"p{number}@x.example")


async def _have_come(n: int, *peers: Peer) -> bool:
    return len(set(_recipients(*peers))) >= n


def _recipients(*peers: Peer) -> list[str]:
    """Those who signed up: on some days a worker has something to say to the staff as well."""
    return [address for peer in peers for address in peer.recipients() if address.endswith("@x.example")]


@asynccontextmanager
async def _workers(settings: Settings, port: int, n: int) -> AsyncIterator[None]:
    """Real `worker` processes on this database, until the end of the block."""
    around = environment(
        settings.data_dir,
        database_url=settings.database_url,
        secret_keys=settings.secret_keys,
        smtp_url=f"smtp://127.0.0.1:{port}",
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with ExitStack() as started:
        log = started.enter_context((settings.data_dir / "log").open("wb"))
        command = (["worker"], settings.data_dir, around, log, log)
        running = [started.enter_context(start(*command)) for _number in range(n)]
        yield
        assert [process.poll() for process in running] == [None] * n
        for process in running:
            process.send_signal(signal.SIGTERM)
        ends = [await asyncio.to_thread(process.wait, 60) for process in running]
        assert ends == [0] * n, (settings.data_dir / "log").read_text()


def _holds(found: Return, *, n_during: int) -> None:
    assert (found.n_lost, found.n_seen >= n_during) == (0, True)
    assert found.seconds <= LONGEST_WAIT
    assert 1 <= found.copies <= MOST_COPIES


async def test_all_that_waited_for_the_server_leaves_soon_after_its_return(sqlite_db: Settings) -> None:
    found = await _outage(sqlite_db, n_before=0, n_during=12, seconds=0.0, n_workers=1)

    _holds(found, n_during=8)


@pytest.mark.proof
async def test_200_messages_leave_within_two_minutes_of_the_return_on_sqlite(sqlite_db: Settings) -> None:
    found = await _outage(sqlite_db, n_before=50, n_during=200, seconds=100.0, n_workers=1)

    _holds(found, n_during=200)


@pytest.mark.proof
async def test_200_messages_leave_within_two_minutes_of_the_return_on_postgresql(postgres_db: Settings) -> None:
    found = await _outage(postgres_db, n_before=50, n_during=200, seconds=100.0, n_workers=2)

    _holds(found, n_during=200)
