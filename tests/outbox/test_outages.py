"""A mail server that is gone for long: nothing ages, it is called each minute, and everything leaves soon after."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.outbox.make_jobs import (
    COMPOSERS,
    Sending,
    ends,
    job_of,
    make_jobs,
    until,
    until_none_is_due,
    until_settled,
    with_smtp,
    working,
)
from tests.outbox.smtp import Peer, smtp_server
from tests.processes import environment, free_port, start
from trainings import clock
from trainings.accounts.models import Role
from trainings.outbox import claims, queries, worker
from trainings.outbox.models import OutboxJob, Outcome
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
A_DAY = timedelta(days=1)


async def test_no_message_is_lost_when_the_server_is_down_for_a_day(db: Settings, freeze: Freeze) -> None:
    async with smtp_server() as gone:
        port = gone.port
    names = [f"p{n:02}" for n in range(12)]
    start = clock.now()
    freeze(start)
    await make_jobs(*names)

    async with working(with_smtp(db, gone.url)):
        await until(lambda: all_were_given_back(1))
        async with working(with_smtp(db, gone.url)):
            await until(lambda: all_were_given_back(2))
            # From now on neither takes one before the server is back: the clock moves while nobody has any.
            for hour in range(4, 25, 4):
                freeze(start + timedelta(hours=hour))
                await asyncio.sleep(0.05)
            assert await OutboxJob.filter(tries=0, done_at=None, failed_at=None).count() == 12
            async with smtp_server(port) as back:
                await until_settled()

    assert Counter(back.recipients()) == Counter(f"{name}@x.example" for name in names)
    assert await OutboxJob.filter(outcome="sent", done_at=start + A_DAY).count() == 12


async def test_no_message_ages_when_the_server_puts_off_everything_for_a_day(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    peer.to_all = "451 4.3.0 disk full"
    start = clock.now()
    freeze(start)
    names = [f"p{n}" for n in range(4)]
    await make_jobs(*names)

    async with sending():
        for hour in (8, 16, 24):
            await until_none_is_due()
            freeze(start + timedelta(hours=hour))
        await until_none_is_due()
        assert await OutboxJob.filter(tries=0).count() == 4
        assert not await OutboxJob.exists(failed_at__not_isnull=True)
        # It is back; what was asked last waits for its minute.
        peer.to_all = ""
        freeze(start + A_DAY + timedelta(minutes=2))
        await until_settled()

    assert Counter(peer.recipients()) == Counter(f"{name}@x.example" for name in names)


async def test_server_that_is_down_is_called_without_touching_the_messages(db: Settings) -> None:
    async with smtp_server() as gone:
        pass
    await make_jobs("ana", "beto")

    async with working(with_smtp(db, gone.url)):
        await until(lambda: has_reason("SMTPConnectError"))
        await asyncio.sleep(0.2)  # several of the short pauses of a test

    assert [(await job_of(name)).attempts for name in ("ana", "beto")] == [1, 1]


async def test_what_sends_nothing_does_not_wait_for_the_server(db: Settings) -> None:
    async with smtp_server() as gone:
        pass
    await make_jobs("ana")
    done = asyncio.Event()

    async def do_it(_job: OutboxJob) -> None:
        done.set()

    async with working(with_smtp(db, gone.url), {**COMPOSERS, "task": do_it}, offline={"task"}):
        await until(lambda: has_reason("SMTPConnectError"))
        await make_jobs("beto", kind="task")
        async with asyncio.timeout(60):
            await done.wait()

    assert (await job_of("ana")).attempts == 1
    assert (await job_of("beto", "task")).done_at is not None


async def test_no_message_waits_for_a_task_that_takes_long(db: Settings, sending: Sending) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def take_long(_job: OutboxJob) -> None:
        begun.set()
        await done.wait()

    await make_jobs("ana", kind="task")
    async with sending({**COMPOSERS, "task": take_long}, offline={"task"}):
        await begun.wait()
        await make_jobs(*(f"p{n:02}" for n in range(claims.BATCH + 1)))
        await until(lambda: has_ended(claims.BATCH + 1))
        assert (await job_of("ana", "task")).done_at is None
        done.set()
        await until_settled()

    assert (await job_of("ana", "task")).done_at is not None


async def test_server_that_may_be_back_is_asked_with_one_message(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    peer.to_all = "421 4.3.2 closing"
    freeze(clock.now())
    await make_jobs(*(f"p{n:02}" for n in range(20)))

    async with sending():
        await until(lambda: is_asked_since(20))

    # All were taken once; since then each call takes one along.
    assert 1 <= await n_attempts() - 20 < peer.connections


async def test_message_older_than_any_outage_is_given_up_in_the_end(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    peer.to_all = "451 4.3.0 disk full"
    start = clock.now()
    freeze(start)
    await make_jobs("ana", "beto", "cora")
    freeze(start + worker.LONGEST_OUTAGE + timedelta(hours=1))

    async with sending():
        for _ in range(len(claims.WAITS) + 1):
            await until_none_is_due()
            freeze(clock.now() + timedelta(hours=13))
        await until_settled()

    assert await ends() == dict.fromkeys(("ana", "beto", "cora"), "gave_up")


# -- what ends the worker itself


async def test_job_that_ended_its_worker_is_taken_alone_and_given_up(db: Settings, freeze: Freeze) -> None:
    start = clock.now()
    freeze(start)
    await make_jobs("ana", "beto", "cora")
    assert len(await claims.claim()) == 3  # and the worker is gone

    taken = []
    for n in range(1, 12):
        freeze(start + n * (claims.LEASE + timedelta(seconds=1)))
        while jobs := await claims.claim():
            taken.append([job.payload["name"] for job in jobs])
            if taken[-1] == ["ana"]:
                break  # it happens again
            for job in jobs:
                await claims.finish(job, Outcome.SENT)

    assert taken[:5] == [["ana"], ["ana"], ["beto"], ["cora"], ["ana"]]
    assert await ends() == {"ana": "gave_up", "beto": "sent", "cora": "sent"}


async def test_job_left_behind_by_a_worker_that_was_killed_is_no_failure(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    freeze(clock.now())
    await make_jobs("ana", "beto")
    await claims.claim()
    freeze(clock.now() + claims.LEASE + timedelta(seconds=1))

    async with sending():
        await until_settled()

    assert sorted(peer.recipients()) == ["ana@x.example", "beto@x.example"]
    assert await OutboxJob.filter(tries=0, last_error="", outcome="sent").count() == 2


# -- who is not there


async def has_reason(reason: str) -> bool:
    return await OutboxJob.exists(last_error=reason)


async def has_ended(n: int) -> bool:
    return await OutboxJob.filter(outcome="sent").count() >= n


async def n_attempts() -> int:
    return sum(job.attempts for job in await OutboxJob.all())


async def is_asked_since(n: int) -> bool:
    return await n_attempts() > n


async def all_were_given_back(times: int) -> bool:
    return not await OutboxJob.exists(attempts__lt=times) and not await OutboxJob.exists(lease_until__not_isnull=True)


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
    found = await _outage(sqlite_db, n_before=0, n_during=8, seconds=0.0, n_workers=1)

    _holds(found, n_during=8)


@pytest.mark.proof
async def test_200_messages_leave_within_two_minutes_of_the_return_on_sqlite(sqlite_db: Settings) -> None:
    found = await _outage(sqlite_db, n_before=50, n_during=200, seconds=100.0, n_workers=1)

    _holds(found, n_during=200)


@pytest.mark.proof
async def test_200_messages_leave_within_two_minutes_of_the_return_on_postgresql(postgres_db: Settings) -> None:
    found = await _outage(postgres_db, n_before=50, n_during=200, seconds=100.0, n_workers=2)

    _holds(found, n_during=200)
