"""Jobs are claimed with a lease. Each later write names the number of the claim: a worker whose lease ran out changes
nothing. A job that a dead worker left is taken alone, so that it cannot take others down.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.db import reads, sql, transaction
from trainings.outbox.models import OPEN, OutboxJob, Outcome

BATCH = 100
LEASE = timedelta(seconds=60)
"""Longer than one message takes (`mailer.py`); a killed worker delays its messages by no more."""
LONGEST_MESSAGE = timedelta(seconds=50)
LEASE_OF_ANSWER = timedelta(minutes=11)
"""Longer than `mailer.SECONDS_FOR_ANSWER`."""
MOST_COPIES = 2
"""After this many copies without an answer a call replaces the message."""
DOUBTED_FOR, DOUBT_WAIT = timedelta(days=2), timedelta(hours=12)
"""A recipient refused without a reason is tried for so long, this often."""
LONGEST_REASON = 300
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""Waits after each failure; after the last the message is given up and staff are told."""
LEFT_BEHIND = "LeftBehind"
UNANSWERED = "Unanswered"


ALL = Q()


def of(kinds: Collection[str]) -> Q:
    return Q(kind__in=sorted(kinds))


def but(kinds: Collection[str]) -> Q:
    return ~of(kinds) if kinds else ALL


async def is_any_due(only: Q = ALL) -> bool:
    return await reads(OutboxJob).filter(_due(clock.now()), only).exists()


async def claim(most: int = BATCH, *, only: Q = ALL) -> list[OutboxJob]:
    """Up to BATCH due jobs, the longest waiting first, for the length of the lease."""
    if not await is_any_due(only):
        return []
    moment = clock.now()
    async with transaction():
        jobs = await _left_behind(moment, only) or await _waiting(moment, only, most)
        lease = moment + LEASE
        await OutboxJob.filter(id__in=[job.id for job in jobs]).update(lease_until=lease, attempts=F("attempts") + 1)
    for job in jobs:
        job.attempts, job.lease_until = job.attempts + 1, lease
    return jobs


async def _waiting(moment: datetime, only: Q, most: int) -> list[OutboxJob]:
    due = OutboxJob.filter(_due(moment), only, lease_until=None).order_by("run_at", "id").limit(most)
    return await due.select_for_update(skip_locked=True)


async def _left_behind(moment: datetime, only: Q) -> list[OutboxJob]:
    """One job whose lease ran out. A second time counts as its own failure, unless it had been handed over."""
    due = OutboxJob.filter(_due(moment), only, lease_until__not_isnull=True).order_by("tries", "run_at", "id")
    found = await due.limit(1).select_for_update(skip_locked=True)
    for job in found:
        job.tries += job.last_error == LEFT_BEHIND
        this = OutboxJob.filter(id=job.id)
        if _is_spent(job):
            await this.update(failed_at=moment, outcome=_end_of(job), lease_until=None)
            return []
        await this.update(tries=job.tries, last_error=LEFT_BEHIND)
    return found


RENEW = "UPDATE outbox_job SET lease_until = ? WHERE id IN ?list AND lease_until = ? AND lease_until >= ? RETURNING id"


async def renew(jobs: Sequence[OutboxJob]) -> bool:
    """Jobs of one claim stay ours for as long as a message takes, but those whose lease ran out; returns whether the
    next is ours. Writes only where its lease is too short.
    """
    moment, lease = clock.now(), jobs[0].lease_until
    if lease is None or lease - moment >= LONGEST_MESSAGE:
        return True
    later = moment + LEASE
    ours = await sql.rows(RENEW, later, [job.id for job in jobs], lease, moment)
    kept = {sql.as_uuid(row["id"]) for row in ours}
    for job in jobs:
        if job.id in kept:
            job.lease_until = later
    return jobs[0].id in kept


OURS = "id = ? AND attempts = ? AND done_at IS NULL AND failed_at IS NULL"
NOTE_COPY = f"""
    UPDATE outbox_job SET lease_until = ?, n_unanswered = ?, last_error = ? WHERE {OURS} AND lease_until >= ?
"""  # noqa: S608  constants
FINISH = f"UPDATE outbox_job SET done_at = ?, outcome = ?, lease_until = NULL, last_error = '' WHERE {OURS}"  # noqa: S608


async def note_copy(job: OutboxJob) -> bool:
    """Recorded before the server has the copy; false: the job is not ours any more."""
    moment = clock.now()
    lease, n = moment + LEASE_OF_ANSWER, job.n_unanswered + 1
    if not await sql.execute(NOTE_COPY, lease, n, UNANSWERED, job.id, job.attempts, moment):
        return False
    job.lease_until, job.n_unanswered = lease, n
    return True


async def finish(job: OutboxJob, outcome: Outcome) -> None:
    await sql.execute(FINISH, clock.now(), outcome.value, job.id, job.attempts)


async def fail(job: OutboxJob, outcome: Outcome, reason: str) -> None:
    await _ours(job).update(
        failed_at=clock.now(),
        outcome=outcome,
        n_unanswered=job.n_unanswered,
        lease_until=None,
        last_error=reason[:LONGEST_REASON],
    )


async def put_off(job: OutboxJob, delay: timedelta, reason: str, *, counted: bool) -> None:
    """`counted` failures bring the job nearer to its last try."""
    await _ours(job).update(
        run_at=clock.now() + delay,
        tries=job.tries + counted,
        n_unanswered=job.n_unanswered,
        lease_until=None,
        last_error=reason[:LONGEST_REASON],
    )


async def count_failure(job: OutboxJob, reason: str) -> None:
    """Try again after the next of WAITS; give up after the last, or after MOST_COPIES."""
    if job.tries >= len(WAITS) or job.n_unanswered >= MOST_COPIES:
        await fail(job, _end_of(job), reason)
    else:
        await put_off(job, WAITS[job.tries], reason, counted=True)


def _is_spent(job: OutboxJob) -> bool:
    return job.tries > len(WAITS) or job.n_unanswered >= MOST_COPIES


def _end_of(job: OutboxJob) -> Outcome:
    return Outcome.MAYBE if job.n_unanswered else Outcome.GAVE_UP


async def doubt(job: OutboxJob, reason: str) -> bool:
    """Put the job off by DOUBT_WAIT; false once DOUBTED_FOR is over."""
    moment = clock.now()
    since = job.doubted_at or moment
    if moment - since >= DOUBTED_FOR:
        return False
    await _ours(job).update(doubted_at=since)
    await put_off(job, DOUBT_WAIT, reason, counted=False)
    return True


async def forgive(job_ids: Collection[UUID], delay: timedelta) -> None:
    """Take back the last failure of these jobs: it was the server's."""
    counted = OutboxJob.filter(id__in=list(job_ids), tries__gt=0, **OPEN, lease_until=None)
    await counted.update(tries=F("tries") - 1, run_at=clock.now() + delay)


async def release(jobs: Sequence[OutboxJob], reason: str = "") -> None:
    for job in jobs:
        await _ours(job).update(lease_until=None, last_error=reason[:LONGEST_REASON])


def _due(moment: datetime) -> Q:
    return Q(
        Q(done_at__isnull=True, failed_at__isnull=True, stopped_at__isnull=True, run_at__lte=moment),
        Q(Q(lease_until__isnull=True), Q(lease_until__lt=moment), join_type=Q.OR),
    )


def _ours(job: OutboxJob) -> QuerySet[OutboxJob]:
    return OutboxJob.filter(id=job.id, attempts=job.attempts, done_at__isnull=True, failed_at__isnull=True)
