"""A mail server that takes long to answer to a message, or never does: it may have it, so it is not sent on and on."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.make_jobs import (
    COMPOSERS,
    QUICK,
    Sending,
    a_mail,
    ends,
    job_of,
    make_jobs,
    until,
    until_none_is_due,
    until_settled,
    with_smtp,
)
from tests.outbox.smtp import Peer
from tests.processes import Running, environment, start
from tests.source import ROOT
from trainings import clock
from trainings.outbox import claims, worker
from trainings.outbox.actions import retry
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
PATIENT = replace(QUICK, patience=0.05)
"""Turns to the next message soon, and waits for an answer as long as the test wants."""
GIVING_UP = replace(PATIENT, answer=0.2)
TEN_MINUTES, ELEVEN_MINUTES = timedelta(minutes=10), timedelta(minutes=11)


async def test_message_answered_within_ten_minutes_is_sent_once(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    start = clock.now()
    freeze(start)
    peer.to_message["ana@x.example"] = ["take and wait"]
    await make_jobs("ana")

    async with sending(pace=PATIENT):
        await until(lambda: are_waiting(peer, 1))
        freeze(start + TEN_MINUTES)
        assert await claims.claim() == []
        peer.answer.set()
        await until_settled()

    assert peer.recipients() == ["ana@x.example"]
    found = await job_of("ana")
    assert (found.outcome, found.tries, found.attempts) == ("sent", 0, 1)


async def test_message_that_is_never_answered_is_sent_twice_at_most(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    names = ["ana", "beto", "cora", "delia", "elsa"]
    for name in names:
        peer.to_message[f"{name}@x.example"] = ["take and wait"] * 20
    start = clock.now()
    freeze(start)
    await make_jobs(*names)

    async with sending(pace=GIVING_UP):
        for minute in range(1, 5):
            await until_none_is_due()
            freeze(start + minute * timedelta(seconds=61))
        await until_none_is_due()

    assert Counter(peer.recipients()) == {f"{name}@x.example": 2 for name in names}
    assert await ends() == dict.fromkeys(names, Outcome.MAYBE)
    assert await OutboxJob.filter(failed_at__not_isnull=True).count() == 5


async def test_queue_goes_on_beside_four_connections_that_wait(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    slow = [f"slow{n}" for n in range(4)]
    for name in slow:
        peer.to_message[f"{name}@x.example"] = ["take and wait"]
    freeze(clock.now())
    await make_jobs(*slow[:3], "quick", slow[3], "last")

    async with sending(pace=PATIENT):
        await until(lambda: is_sent("last"))
        await make_jobs("later")
        await until(lambda: is_sent("later"))
        assert peer.n_waiting == 4
        assert await ends() == {**dict.fromkeys(slow, ""), **dict.fromkeys(["quick", "last", "later"], "sent")}
        peer.answer.set()
        await until_settled()

    assert peer.recipients() == [f"{name}@x.example" for name in (*slow[:3], "quick", slow[3], "last", "later")]


async def test_queue_waits_with_a_fifth_slow_message_until_one_of_the_five_is_answered(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    slow = [f"slow{n}" for n in range(5)]
    for name in slow:
        peer.to_message[f"{name}@x.example"] = ["take and wait"]
    freeze(clock.now())
    await make_jobs(*slow, "last")

    async with sending(pace=PATIENT):
        await until(lambda: are_waiting(peer, 5))
        await until(lambda: is_free("last"))
        assert peer.recipients() == [f"{name}@x.example" for name in slow]
        peer.answer.set()
        await until_settled()

    assert peer.recipients() == [f"{name}@x.example" for name in (*slow, "last")]


async def test_worker_that_died_before_the_answer_counts_no_try(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    peer.to_message["ana@x.example"] = ["take and wait"]
    await make_jobs("ana")
    with worker_at(with_smtp(db, peer.url)):
        await until(lambda: are_waiting(peer, 1), seconds=60)
    died_at = clock.now()

    freeze(died_at + TEN_MINUTES)
    assert await claims.claim() == []
    freeze(died_at + ELEVEN_MINUTES + timedelta(seconds=1))
    async with sending():
        await until_settled()

    assert peer.recipients() == ["ana@x.example"] * 2
    found = await job_of("ana")
    assert (found.outcome, found.tries) == ("sent", 0)


async def test_two_workers_that_died_before_the_answer_leave_no_third_copy(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    peer.to_message["ana@x.example"] = ["take and wait"] * 20
    freeze(clock.now())
    await make_jobs("ana")
    for n in (1, 2):
        task = asyncio.create_task(worker.run(asyncio.Event(), with_smtp(db, peer.url), COMPOSERS, pace=PATIENT))
        await until(partial(are_waiting, peer, n))
        task.cancel()
        await asyncio.wait([task])
        freeze(clock.now() + ELEVEN_MINUTES + timedelta(seconds=1))

    async with sending():
        await until_settled()

    assert peer.recipients() == ["ana@x.example"] * 2
    found = await job_of("ana")
    assert (found.outcome, found.tries) == (Outcome.MAYBE, 0)


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "drop"])
async def test_message_that_the_server_did_not_ask_for_was_not_handed_over(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze, answer: str
) -> None:
    peer.to_data["ana@x.example"] = [answer] * 3
    freeze(clock.now())
    await make_jobs("ana")

    async with sending():
        for n in (1, 2, 3):
            await until_none_is_due()
            found = await job_of("ana")
            assert (found.n_unanswered, found.tries, found.outcome) == (0, n, "")
            freeze(found.run_at)
        await until_settled()

    assert peer.recipients() == ["ana@x.example"]
    assert (await job_of("ana")).outcome == "sent"


async def test_lines_that_begin_with_a_dot_come_as_they_were_written(
    db: Settings, peer: Peer, sending: Sending
) -> None:
    text = "uno\n.dos\n..tres\n."

    async def compose(_job: OutboxJob) -> Mail:
        return replace(a_mail("ana"), text=text)

    await make_jobs("ana")

    async with sending({"note": compose}):
        await until_settled()

    [message] = peer.accepted
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


async def test_message_that_perhaps_came_is_sent_again_when_staff_ask_for_it(db: Settings, sending: Sending) -> None:
    cast = await make_cast()
    [job] = await make_jobs("ana", hub_id=cast.hub.id)
    await OutboxJob.all().update(outcome=Outcome.MAYBE, failed_at=clock.now(), n_unanswered=2)

    await retry(job.id, actor=await make.actor_of(cast.coordinator))
    async with sending():
        await until_settled()

    assert await ends() == {"ana": "sent"}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"outcome": "maybe", "failed_at": True, "lease_until": None}, "Quizá le llegó"),
        ({"last_error": claims.UNANSWERED, "lease_until": True}, "Enviado; el servidor todavía no responde"),
    ],
)
async def test_staff_see_what_has_no_answer(
    new_client: Callable[[], AsyncClient], columns: dict[str, object], words: str
) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    await make.make_registration(training, email="ana@x.example")
    moments = {name: clock.now() if value is True else value for name, value in columns.items()}
    await OutboxJob.all().update(**moments)
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)

    page = await browser.get("/panel/mensajes")

    assert words in page.text


def test_answer_has_the_time_that_the_standard_asks_for() -> None:
    assert worker.Pace().answer == TEN_MINUTES.total_seconds()
    assert worker.Pace().longest_pause <= 60, "a server that is down is called at least each minute"
    assert claims.LEASE_OF_ANSWER == ELEVEN_MINUTES


async def are_waiting(peer: Peer, n: int) -> bool:
    return peer.n_waiting >= n


async def is_sent(name: str) -> bool:
    return (await job_of(name)).outcome == Outcome.SENT


async def is_free(*names: str) -> bool:
    """Whether nobody holds these jobs, after a worker did."""
    return all([(job := await job_of(name)).lease_until is None and job.attempts > 0 for name in names])


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
