"""Who works on which job: claiming with a lease, and the ends a job can come to.

A claim raises `attempts`, and whatever is written afterwards names that number: a worker whose lease ran out meanwhile
changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.db import reads, transaction
from trainings.outbox.models import OutboxJob, Outcome

BATCH = 20
LEASE = timedelta(seconds=60)
"""Longer than one message can take (`mailer.py`), and the longest that a killed worker delays its messages."""
LONGEST_REASON = 300


async def claim() -> list[OutboxJob]:
    """Up to 20 due jobs, the longest waiting first, ours for the length of the lease."""
    moment = clock.now()
    # Looking costs no lock; most of the time there is nothing to take.
    if not await reads(OutboxJob).filter(_due(moment)).exists():
        return []
    async with transaction():
        due = OutboxJob.filter(_due(moment)).order_by("run_at", "id").limit(BATCH)
        jobs = await due.select_for_update(skip_locked=True)
        lease = moment + LEASE
        await OutboxJob.filter(id__in=[job.id for job in jobs]).update(lease_until=lease, attempts=F("attempts") + 1)
    for job in jobs:
        job.attempts, job.lease_until = job.attempts + 1, lease
    return jobs


async def renew(job: OutboxJob) -> bool:
    """Whether the job is still ours; if so, for a whole lease from now. Asked right before each message is sent."""
    moment = clock.now()
    return bool(await _ours(job).filter(lease_until__gte=moment).update(lease_until=moment + LEASE))


async def finish(job: OutboxJob, outcome: Outcome) -> None:
    """The job is done."""
    await _ours(job).update(done_at=clock.now(), outcome=outcome, lease_until=None, last_error="")


async def fail(job: OutboxJob, outcome: Outcome, reason: str) -> None:
    """The job will not be tried again unless staff ask for it."""
    await _ours(job).update(
        failed_at=clock.now(), outcome=outcome, lease_until=None, last_error=reason[:LONGEST_REASON]
    )


async def put_off(job: OutboxJob, delay: timedelta, reason: str, *, counted: bool) -> None:
    """Try again after `delay`; `counted` failures bring the job nearer to its last try."""
    await _ours(job).update(
        run_at=clock.now() + delay,
        tries=job.tries + counted,
        lease_until=None,
        last_error=reason[:LONGEST_REASON],
    )


async def release(jobs: Sequence[OutboxJob], reason: str = "") -> None:
    """Give jobs back untried."""
    for job in jobs:
        await _ours(job).update(lease_until=None, last_error=reason[:LONGEST_REASON])


def _due(moment: datetime) -> Q:
    return Q(
        Q(done_at__isnull=True, failed_at__isnull=True, stopped_at__isnull=True, run_at__lte=moment),
        Q(Q(lease_until__isnull=True), Q(lease_until__lt=moment), join_type=Q.OR),
    )


def _ours(job: OutboxJob) -> QuerySet[OutboxJob]:
    return OutboxJob.filter(id=job.id, attempts=job.attempts, done_at__isnull=True, failed_at__isnull=True)
