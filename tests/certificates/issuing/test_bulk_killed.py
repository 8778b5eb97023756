"""A worker that is killed in the middle of a bulk: folios without gaps, nobody twice, and the job ends by itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.certificates.crowd import make_crowd
from tests.certificates.held import AFTER, make_held
from tests.processes import running
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk
from trainings.certificates.models import Certificate, CertificateFile, IssueJob, JobPurpose, JobState
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings

SECONDS = 240


async def test_job_when_its_worker_is_killed_then_ends_by_itself(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 2)
    await issue_and_kill(db, n_people=4, n_kills=1, at_once=2)


@pytest.mark.proof
async def test_job_when_its_worker_is_killed_ten_times_then_ends_by_itself(db: Settings) -> None:
    await issue_and_kill(db, n_people=500, n_kills=10, at_once=25)


async def issue_and_kill(settings: Settings, *, n_people: int, n_kills: int, at_once: int) -> None:
    """Kill the worker at so many points on the way, from the first step to the last file."""
    with clock.frozen(AFTER):
        training = await make_held()
        people = await make_crowd(training, n_people)
        job = await bulk.start(training.id, JobPurpose.ISSUE, actor=PROGRAM)
    n_first = await Certificate.all().count()
    # Half of the kills while people are numbered, half while their files are set.
    whole = n_people - n_first + n_people
    worker = ("tests.certificates.worker_process", settings.data_dir, settings.database_url, at_once)
    points = [n_first + whole * n // (n_kills + 1) for n in range(1, n_kills + 1)]
    for point in points:
        await forget_leases()
        with running(*worker) as process:
            await until_done(point)
            process.kill()
    await forget_leases()
    with running(*worker):
        await until_done(2 * n_people)
        await until_ended(job)

    issued = await Certificate.all().order_by("number")
    assert [one.number for one in issued] == list(range(1, n_people + 1))
    assert {one.registration_id for one in issued} == {one.id for one in people}
    assert await CertificateFile.all().count() == n_people
    ended = await IssueJob.get(id=job.id)
    assert (ended.n_seen, ended.n_total) == (n_people, n_people)
    print(f"{n_people} people, killed {n_kills} times: folios 1 to {n_people}, each once, each with its file")


async def forget_leases() -> None:
    """As if the minute had passed for which a worker that was killed still holds what it had taken."""
    await OutboxJob.filter(done_at=None).update(lease_until=None, run_at=AFTER)


async def until_done(n: int) -> None:
    """Until so many certificates and files are there."""
    for _ in range(SECONDS * 50):
        if await Certificate.all().count() + await CertificateFile.all().count() >= n:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{await Certificate.all().count()} certificates, {await CertificateFile.all().count()} files")


async def until_ended(job: IssueJob) -> None:
    for _ in range(SECONDS * 50):
        if (await IssueJob.get(id=job.id)).state is JobState.DONE:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the job does not end")
