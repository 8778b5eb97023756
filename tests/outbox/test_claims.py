"""Leases: who works on a job, and whose word counts when two believe that they do."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.counting import statements
from tests.outbox.make_jobs import job_of, make_jobs
from trainings import clock
from trainings.outbox import claims
from trainings.outbox.models import OutboxJob, Outcome
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

Freeze = Callable[[datetime], None]


async def names_of(jobs: list[OutboxJob]) -> list[str]:
    return [job.payload["name"] for job in jobs]


async def test_claim_takes_those_that_wait_longest(db: Settings) -> None:
    moment = clock.now()
    for n in range(25):
        await make_jobs(f"p{n:02}", run_at=moment - timedelta(seconds=n))

    jobs = await claims.claim(20)

    assert await names_of(jobs) == [f"p{n:02}" for n in range(24, 4, -1)]
    assert {job.attempts for job in jobs} == {1}


async def test_claims_at_the_same_moment_share_the_jobs(db: Settings) -> None:
    names = [f"p{n:03}" for n in range(200)]
    await make_jobs(*names)

    async def claim_all() -> list[str]:
        taken: list[str] = []
        while jobs := await claims.claim():
            taken += await names_of(jobs)
        return taken

    taken = itertools.chain(*await asyncio.gather(*(claim_all() for _ in range(5))))

    assert sorted(taken) == names


async def test_claimed_job_is_free_again_when_its_lease_is_over(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    await make_jobs("ana")
    [first] = await claims.claim()
    assert await claims.claim() == []

    freeze(clock.now() + claims.LEASE + timedelta(microseconds=1))
    [second] = await claims.claim()

    assert second.attempts == 2
    freeze(clock.now() + claims.LEASE / 2)
    assert [await claims.renew([job]) for job in (first, second)] == [False, True]
    assert [await claims.note_copy(job) for job in (first, second)] == [False, True]


async def test_all_that_a_round_has_left_is_renewed_together(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    await make_jobs("ana", "beto", "carla")
    jobs = await claims.claim()
    freeze(clock.now() + claims.LEASE / 2)

    with statements() as sent:
        await claims.renew(jobs[1:])

    assert len(sent) == 1
    freeze(clock.now() + claims.LEASE)
    assert await names_of(await claims.claim()) == ["ana"], "the lease of the one before ran out"
    assert await claims.note_copy(jobs[2])


async def test_worker_that_lost_its_lease_changes_nothing(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    await make_jobs("ana")
    [late] = await claims.claim()
    freeze(clock.now() + claims.LEASE + timedelta(seconds=1))
    await claims.claim()
    before = await job_of("ana")

    await claims.finish(late, Outcome.SENT)
    await claims.fail(late, Outcome.REFUSED, "550 no")
    await claims.put_off(late, timedelta(minutes=1), "451 later", counted=True)
    await claims.release([late])

    after = await job_of("ana")
    assert (after.done_at, after.failed_at, after.tries, after.outcome) == (None, None, 0, "")
    assert (after.run_at, after.lease_until) == (before.run_at, before.lease_until)


async def test_job_that_ended_is_not_claimed(db: Settings) -> None:
    await make_jobs("done", "failed", "stopped", "later")
    await OutboxJob.filter(dedup="note:stopped").update(stopped_at=clock.now())
    await OutboxJob.filter(dedup="note:later").update(run_at=clock.now() + timedelta(seconds=30))
    done, failed = await claims.claim()
    await claims.finish(done, Outcome.SENT)
    await claims.fail(failed, Outcome.REFUSED, "550 no")

    assert await claims.claim() == []


async def test_released_jobs_can_be_claimed_at_once(db: Settings) -> None:
    await make_jobs("ana", "beto")

    await claims.release(await claims.claim(), "SMTPConnectError")

    jobs = await claims.claim()
    assert await names_of(jobs) == ["ana", "beto"]
    assert {(job.tries, job.last_error) for job in jobs} == {(0, "SMTPConnectError")}


async def test_long_reason_is_cut_to_its_column(db: Settings) -> None:
    await make_jobs("ana")
    [job] = await claims.claim()

    await claims.fail(job, Outcome.REFUSED, "550 " + "x" * 1000)

    assert len((await job_of("ana")).last_error) == 300
