"""The worker against a real mail server that refuses, puts off, hangs up, hangs, or is not there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.outbox.make_jobs import (
    COMPOSERS,
    QUICK,
    a_mail,
    ends,
    job_of,
    make_jobs,
    until,
    until_settled,
    until_tried,
    with_smtp,
    working,
)
from tests.outbox.smtp import Peer
from trainings import clock
from trainings.lib.tokens import uuid7
from trainings.outbox import actions, claims, worker
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings, SettingsProblem

Freeze = Callable[[datetime], None]


async def test_message_is_accepted_once(db: Settings, peer: Peer) -> None:
    [job] = await make_jobs("ana")

    async with working(with_smtp(db, peer.url)):
        await until_settled()

    [message] = peer.accepted
    assert message["To"] == "ana@x.example"
    assert message["From"] == db.mail_from
    assert message["Message-ID"] == f"<{job.id}@{db.uid_domain}>"
    assert message["Auto-Submitted"] == "auto-generated"
    done = await job_of("ana")
    assert (done.outcome, done.last_error, done.tries, done.attempts) == ("sent", "", 0, 1)
    assert done.done_at is not None


async def test_batch_goes_through_one_connection(db: Settings, peer: Peer) -> None:
    await make_jobs(*(f"p{n:02}" for n in range(20)))

    async with working(with_smtp(db, peer.url)):
        await until_settled()

    assert peer.connections == 1
    assert peer.recipients() == [f"p{n:02}@x.example" for n in range(20)]


async def test_unknown_recipient_fails_at_once_and_holds_up_nobody(db: Settings, peer: Peer) -> None:
    peer.to_recipient["ana@x.example"] = ["550 5.1.1 <ana@x.example>: no such mailbox"]
    await make_jobs("ana", "beto", "cora")

    async with working(with_smtp(db, peer.url)):
        await until_settled()

    assert await ends() == {"ana": "refused", "beto": "sent", "cora": "sent"}
    failed = await job_of("ana")
    assert failed.failed_at is not None
    assert failed.done_at is None
    assert failed.last_error == "550 5.1.1 <…>: no such mailbox"


async def test_message_refused_for_its_content_fails_at_once(db: Settings, peer: Peer) -> None:
    peer.to_message["ana@x.example"] = ["554 5.6.0 not wanted here"]
    await make_jobs("ana", "beto")

    async with working(with_smtp(db, peer.url)):
        await until_settled()

    assert await ends() == {"ana": "refused", "beto": "sent"}


@pytest.mark.parametrize("phase", ["to_recipient", "to_message"])
async def test_message_put_off_with_451_is_accepted_a_minute_later(
    db: Settings, peer: Peer, freeze: Freeze, phase: str
) -> None:
    getattr(peer, phase)["ana@x.example"] = ["451 4.7.1 try again later"]
    moment = clock.now()
    freeze(moment)
    [job, _] = await make_jobs("ana", "beto")

    async with working(with_smtp(db, peer.url)):
        await until_tried(job.id, 1)
        waiting = await job_of("ana")
        assert waiting.run_at == moment + timedelta(minutes=1)
        assert waiting.last_error == "451 4.7.1 try again later"
        freeze(moment + timedelta(seconds=61))
        await until_settled()

    assert peer.recipients() == ["beto@x.example", "ana@x.example"]
    assert (await job_of("ana")).last_error == ""


async def test_connection_dropped_after_the_message_sends_the_same_message_id(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    peer.to_message["ana@x.example"] = ["take and drop"]
    freeze(clock.now())
    [job] = await make_jobs("ana")

    async with working(with_smtp(db, peer.url)):
        await until_tried(job.id, 1)
        freeze(clock.now() + timedelta(seconds=61))
        await until_settled()

    assert [message["Message-ID"] for message in peer.accepted] == [f"<{job.id}@{db.uid_domain}>"] * 2


async def test_message_that_nobody_takes_is_given_up_after_the_last_try(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    peer.to_recipient["ana@x.example"] = ["451 4.2.1 mailbox busy"] * 20
    moment = clock.now()
    freeze(moment)
    [job] = await make_jobs("ana")
    waits = []

    async with working(with_smtp(db, peer.url)):
        for tries in range(1, len(claims.WAITS) + 1):
            await until_tried(job.id, tries)
            waits.append((await job_of("ana")).run_at - clock.now())
            freeze((await job_of("ana")).run_at)
        await until_settled()

    assert waits == list(claims.WAITS)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == timedelta(hours=12)
    given_up = await job_of("ana")
    assert given_up.outcome == "gave_up"
    assert given_up.failed_at == clock.now()
    assert peer.accepted == []


async def test_poisonous_job_stops_no_other(
    db: Settings, peer: Peer, freeze: Freeze, caplog: pytest.LogCaptureFixture
) -> None:
    async def compose(job: OutboxJob) -> Mail:
        if job.payload["name"] == "ana":
            raise ZeroDivisionError
        return a_mail(job.payload["name"])

    freeze(clock.now())
    [job, *_] = await make_jobs("ana", "beto", "cora")

    async with working(with_smtp(db, peer.url), {"note": compose}):
        await until_tried(job.id, 1)
        await until_settled_but("ana")

    assert peer.recipients() == ["beto@x.example", "cora@x.example"]
    assert (await job_of("ana")).last_error == "ZeroDivisionError"
    assert any("could not be composed" in line.message for line in caplog.records)


async def test_header_that_cannot_be_written_stops_no_other(db: Settings, peer: Peer) -> None:
    async def compose(job: OutboxJob) -> Mail:
        name = job.payload["name"]
        return a_mail(name, subject="Aviso\r\nBcc: todos@x.example") if name == "ana" else a_mail(name)

    await make_jobs("ana", "beto")

    async with working(with_smtp(db, peer.url), {"note": compose}):
        await until_settled()

    assert await ends() == {"ana": "refused", "beto": "sent"}
    assert peer.recipients() == ["beto@x.example"]


async def test_kind_that_is_not_known_waits_for_a_version_that_knows_it(db: Settings, peer: Peer) -> None:
    [job] = await make_jobs("ana", kind="future")

    async with working(with_smtp(db, peer.url)):
        await until_tried(job.id, 1)

    assert (await job_of("ana", "future")).last_error == "UnknownKind"


async def test_message_that_no_longer_holds_and_message_to_nobody_are_dropped(db: Settings, peer: Peer) -> None:
    async def compose(job: OutboxJob) -> Mail | None:
        name = job.payload["name"]
        return None if name in ("ana", "file") else a_mail(name, is_overtaken=name == "beto")

    await make_jobs("ana", "beto", "cora", "file")
    await OutboxJob.filter(dedup="note:ana").update(subject_id=uuid7())

    async with working(with_smtp(db, peer.url), {"note": compose}):
        await until_settled()

    assert await ends() == {"ana": "nobody", "beto": "overtaken", "cora": "sent", "file": "done"}
    assert peer.recipients() == ["cora@x.example"]


async def test_message_is_not_sent_before_its_time(db: Settings, peer: Peer, freeze: Freeze) -> None:
    moment = clock.now()
    freeze(moment)
    await make_jobs("later", run_at=moment + timedelta(minutes=10))
    await make_jobs("now")

    async with working(with_smtp(db, peer.url)):
        await until(lambda: has_ended("now"))
        assert peer.recipients() == ["now@x.example"]
        freeze(moment + timedelta(minutes=10))
        await until_settled()

    assert peer.recipients() == ["now@x.example", "later@x.example"]


async def test_worker_wakes_up_at_the_bell(db: Settings, peer: Peer) -> None:
    async with working(with_smtp(db, peer.url), pace=worker.Pace(first_look=3600, poll=3600)):
        await make_jobs("ana")
        actions.wake()
        await until_settled()

    assert peer.recipients() == ["ana@x.example"]


async def test_round_that_outlasts_a_lease_keeps_its_messages(db: Settings, peer: Peer, freeze: Freeze) -> None:
    async def compose(job: OutboxJob) -> Mail:
        freeze(clock.now() + claims.LEASE / 8)
        return a_mail(job.payload["name"])

    freeze(clock.now())
    names = [f"p{n:02}" for n in range(20)]
    await make_jobs(*names)

    async with working(with_smtp(db, peer.url), {"note": compose}):
        await until_settled()

    assert peer.recipients() == [f"{name}@x.example" for name in names]
    assert not await OutboxJob.filter(attempts__gt=1).exists()


async def test_after_a_sleep_no_connection_is_opened_for_jobs_that_are_not_ours(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    async def compose(job: OutboxJob) -> Mail:
        if job.payload["name"] == "p03" and job.attempts == 1:
            freeze(clock.now() + claims.LEASE * 1.1)
        return a_mail(job.payload["name"])

    freeze(clock.now())
    await make_jobs(*(f"p{n:02}" for n in range(20)))
    async with working(with_smtp(db, peer.url), {"note": compose}):
        await until_settled()

    assert len(peer.accepted) == 20
    # The first round, one broken off, and each of those left behind alone.
    assert peer.connections <= 2 + 17


async def test_two_workers_send_no_message_twice_though_batches_outlast_their_lease(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    async def compose(job: OutboxJob) -> Mail:
        # A round takes longer than a lease; one message much less, but for the time that a machine slept.
        slept = job.payload["name"] == "p005" and job.attempts == 1
        freeze(clock.now() + claims.LEASE * (1.1 if slept else 0.125))
        return a_mail(job.payload["name"])

    freeze(clock.now())
    names = [f"p{n:03}" for n in range(130)]
    await make_jobs(*names)
    slow: Composers = {"note": compose}

    async with working(with_smtp(db, peer.url), slow), working(with_smtp(db, peer.url), slow):
        await until_settled(seconds=60)

    assert sorted(peer.recipients()) == [f"{name}@x.example" for name in names]
    # Leases did run out: otherwise this test shows nothing.
    assert await OutboxJob.filter(attempts__gt=1).exists()


async def test_stopped_worker_gives_back_what_it_has_not_begun(db: Settings, peer: Peer) -> None:
    await make_jobs(*(f"p{n}" for n in range(5)))
    stop = asyncio.Event()

    async def compose(job: OutboxJob) -> Mail:
        stop.set()
        return a_mail(job.payload["name"])

    await worker.run(stop, with_smtp(db, peer.url), {"note": compose}, pace=QUICK)

    assert peer.recipients() == ["p0@x.example"]
    assert await OutboxJob.filter(done_at=None, lease_until=None).count() == 4


async def test_unreadable_address_of_the_server_is_refused_with_a_sentence(sqlite_db: Settings) -> None:
    with pytest.raises(SettingsProblem, match="TRAININGS_SMTP_URL"):
        await worker.run(asyncio.Event(), with_smtp(sqlite_db, "correo.example"), COMPOSERS)


async def test_log_names_nobody(sqlite_db: Settings, peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="trainings")
    peer.to_recipient["ana@x.example"] = ["550 5.1.1 <ana@x.example> unknown"]
    await make_jobs("ana", "beto")

    async with working(with_smtp(sqlite_db, peer.url)):
        await until_settled()

    assert "x.example" not in caplog.text


async def has_ended(name: str) -> bool:
    return (await job_of(name)).outcome != ""


async def until_settled_but(name: str) -> None:
    async def is_so() -> bool:
        return all(outcome for other, outcome in (await ends()).items() if other != name)

    await until(is_so)
