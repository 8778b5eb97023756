"""Files of many certificates: the mill sets them outside transactions; small transactions keep them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from uuid import UUID

from trainings import clock
from trainings.certificates.making import files
from trainings.certificates.making.process_pool import MillError, mill
from trainings.certificates.making.typesetting import make
from trainings.certificates.models import (
    Certificate,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobState,
    SkipReason,
)
from trainings.db import lock, reads, sql, transaction
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.certificates")

FILES = "certificate_files"
SECONDS = 10.0
"""A turn takes files on for so long, then lets an import or another training pass. Between turns the mill idles some
tenths of a second.
"""
AT_ONCE = 8
"""Files kept in one transaction of some milliseconds."""
MADE_MEANWHILE = 4
"""Files that a process sets while a hundred people are taken."""
MOST_OF_A_TURN = 2_000
NOT_THEIR_FAULT = N_("El programa falló. Avise a quien lo administra.")
DESIGN_FAILS = N_("Falla el diseño. Avise a quien administra el programa.")

MISSING = """
    SELECT c.id FROM certificate c JOIN registration r ON r.id = c.registration_id
    WHERE r.training_id = ? AND c.state <> 'revoked' AND c.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM certificate_file f WHERE f.certificate_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM issue_skip s
        WHERE s.job_id = ? AND s.registration_id = r.id AND s.reason = 'failed')
"""
AMONG = " AND c.id IN ?list"
ANY = " LIMIT 1"
IN_ORDER = f" ORDER BY c.year, c.number LIMIT {MOST_OF_A_TURN}"


async def set_files(job: OutboxJob) -> Mail | None:
    """Set a job's files for some seconds, and enqueue the rest behind other work; the last one ends the job."""
    own = await IssueJob.get_or_none(id=UUID(job.payload["job_id"]))
    if own is None or own.state is not JobState.RUNNING:
        return None
    rows = await sql.reads(MISSING + IN_ORDER, own.training_id, own.id)
    await _note(own, await set_many([UUID(str(row["id"])) for row in rows], until=clock.ticks() + SECONDS))
    is_left = bool(await sql.reads(MISSING + ANY, own.training_id, own.id))
    async with transaction():
        [own] = await lock(IssueJob, [own.id])
        if own.state is not JobState.RUNNING:
            return None
        if is_left:
            turn = job.payload["turn"] + 1
            await enqueue(FILES, {"job_id": str(own.id), "turn": turn}, dedup=f"{FILES}:{job.id}:{turn}")
        else:
            own.state, own.finished_at = JobState.DONE, clock.now()
            await own.save(update_fields=["state", "finished_at"])
    return None


def n_beside() -> int:
    """Files that keep the mill busy while the next people are taken; with more, people would wait for files."""
    return MADE_MEANWHILE * mill().n_processes


async def set_beside(job: IssueJob, certificate_ids: Sequence[UUID]) -> None:
    """Files that are missing, as a turn of the job would."""
    rows = await sql.reads(MISSING + AMONG, job.training_id, job.id, list(certificate_ids))
    await _note(job, await set_many([UUID(str(row["id"])) for row in rows]))


async def _note(job: IssueJob, failed: Sequence[tuple[Certificate, str]]) -> None:
    """The job can then end, and names the missing files."""
    if not failed:
        return
    async with transaction():
        for one, why in failed:
            # Who was left out for another reason, and has a paper from before, is named for this one.
            said = {"reason": SkipReason.FAILED, "detail": why}
            await IssueSkip.update_or_create(defaults=said, job_id=job.id, registration_id=one.registration_id)


async def set_many(certificate_ids: Sequence[UUID], *, until: float | None = None) -> list[tuple[Certificate, str]]:
    """Set and keep these files with the whole mill; returns failures with a translatable reason. Not in a transaction.

    `until` (by `clock.ticks`): begin no more after it.
    """
    left = iter([certificate_ids[first : first + AT_ONCE] for first in range(0, len(certificate_ids), AT_ONCE)])
    failed: list[tuple[Certificate, str]] = []
    # One lane more than processes: what is being kept or gathered must not let one of them wait.
    async with asyncio.TaskGroup() as lanes:
        for _ in range(mill().n_processes + 1):
            lanes.create_task(_lane(left, failed, until))
    return failed


async def _lane(left: Iterator[Sequence[UUID]], failed: list[tuple[Certificate, str]], until: float | None) -> None:
    for ids in left:
        found = await reads(Certificate).filter(id__in=list(ids)).order_by("year", "number")
        failed += await _set(found)
        if until is not None and clock.ticks() >= until:
            return


async def _set(certificates: Sequence[Certificate]) -> list[tuple[Certificate, str]]:
    orders = await files.order_for(certificates)
    answers = await asyncio.gather(*(mill().do(make, one) for one in orders), return_exceptions=True)
    made, failed = [], []
    for one, answer in zip(certificates, answers, strict=True):
        if isinstance(answer, MillError):
            logger.error("the file of certificate %s could not be set: %s", one.id, answer)
            failed.append((one, DESIGN_FAILS if answer.is_told else NOT_THEIR_FAULT))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            made.append((one, answer))
    await files.keep(made)
    return failed


async def n_files(job: IssueJob) -> tuple[int, int]:
    """Of the training's standing certificates: with a file, and all."""
    standing = reads(Certificate).filter(registration__training_id=job.training_id, erased_at=None)
    standing = standing.exclude(state=CertificateState.REVOKED)
    n_all = await standing.count()
    return n_all - await standing.filter(file__id__isnull=True).count(), n_all
