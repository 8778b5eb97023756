"""The files of many certificates: set by the mill, outside of transactions, kept in small ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from uuid import UUID

from trainings import clock
from trainings.certificates import designs, files, making
from trainings.certificates.design_use import problems_of, refuse_unusable
from trainings.certificates.mill import MillError, mill
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
from trainings.web.i18n import N_, gettext

logger = logging.getLogger("trainings.certificates")

FILES = "certificate_files"
SECONDS = 4.0
"""So long does one turn take files on, then it lets the messages of the outbox through."""
AT_ONCE = 8
"""Files gathered and kept together: a transaction of some milliseconds."""
MOST_OF_A_TURN = 2_000
LOOKED_AT = 24
"""Of what a turn begins with the design is looked at; that of the others when their turn comes."""
NOT_THEIR_FAULT = N_("El programa falló. Avise a quien lo administra.")

MISSING = f"""
    SELECT c.id FROM certificate c JOIN registration r ON r.id = c.registration_id
    WHERE r.training_id = ? AND c.state <> 'revoked' AND c.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM certificate_file f WHERE f.certificate_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM issue_skip s
        WHERE s.job_id = ? AND s.registration_id = r.id AND s.reason = 'failed')
    ORDER BY c.year, c.number LIMIT {MOST_OF_A_TURN}
"""  # noqa: S608 - a constant


async def set_files(job: OutboxJob) -> Mail | None:
    """Set files of a job for some seconds, and have the rest set after what else waits; the last one ends the job."""
    own = await IssueJob.get_or_none(id=UUID(job.payload["job_id"]))
    if own is None or own.state is not JobState.RUNNING:
        return None
    missing, is_broken = await _missing(own), False
    if missing:
        is_broken = await _is_design_broken(missing[:LOOKED_AT])
        failed = [] if is_broken else await set_many(missing, until=clock.ticks() + SECONDS)
        # It may have broken meanwhile: then nobody is noted as the one whose file failed.
        is_broken = is_broken or (bool(failed) and await _is_design_broken([one.id for one, _why in failed]))
        if not is_broken:
            await _note(own, failed)
        missing = await _missing(own)
    async with transaction():
        [own] = await lock(IssueJob, [own.id])
        if own.state is not JobState.RUNNING:
            return None
        if missing and is_broken:
            own.state = JobState.PAUSED
            await own.save(update_fields=["state"])
        elif missing:
            turn = job.payload["turn"] + 1
            await enqueue(FILES, {"job_id": str(own.id), "turn": turn}, dedup=f"{FILES}:{job.id}:{turn}")
        else:
            own.state, own.finished_at = JobState.DONE, clock.now()
            await own.save(update_fields=["state", "finished_at"])
    return None


async def _missing(job: IssueJob) -> list[UUID]:
    """The certificates of its training that stand and have no file, but those that failed in this job."""
    return [UUID(str(row["id"])) for row in await sql.reads(MISSING, job.training_id, job.id)]


async def refuse_broken_papers(job: IssueJob) -> None:
    """Refuses (UnusableDesign) where what its papers without a file are set with cannot be used: the course may have
    another design by now.
    """
    for design in await designs_of(await _missing(job)):
        await refuse_unusable(design)


async def designs_of(certificate_ids: Sequence[UUID]) -> list[designs.DesignInfo]:
    """What these are set with, each design once; of very many the first are looked at."""
    found = reads(Certificate).filter(id__in=list(certificate_ids[:MOST_OF_A_TURN]))
    sheets = [sheet for (sheet,) in await found.values_list("sheet")]
    # The first papers named neither design nor language.
    used = {(one.get("design", designs.FIRST), one["kind"], one.get("language", "es")) for one in sheets}
    chosen = {one.key: one for one in (designs.design_for(*key) for key in used)}
    return [chosen[key] for key in sorted(chosen)]


async def _is_design_broken(certificate_ids: Sequence[UUID]) -> bool:
    """Whether a design of theirs cannot be used. It is checked again where it changed."""
    return any([bool(await problems_of(one)) for one in await designs_of(certificate_ids)])


async def _note(job: IssueJob, failed: Sequence[tuple[Certificate, str]]) -> None:
    """So that the job ends, and says whose file is missing."""
    async with transaction():
        for one, why in failed:
            # Who was left out for another reason, and has a paper from before, is named for this one.
            said = {"reason": SkipReason.FAILED, "detail": why[:200]}
            await IssueSkip.update_or_create(defaults=said, job_id=job.id, registration_id=one.registration_id)


async def set_many(certificate_ids: Sequence[UUID], *, until: float | None = None) -> list[tuple[Certificate, str]]:
    """Set and keep the files of these with all processes of the mill; those that cannot be set, and why.

    `until` (by `clock.ticks`): take no more on after it. Not in a transaction.
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
    orders = await making.order_for(certificates)
    answers = await asyncio.gather(*(mill().do(making.make, one) for one in orders), return_exceptions=True)
    made, failed = [], []
    for one, answer in zip(certificates, answers, strict=True):
        if isinstance(answer, MillError):
            logger.error("the file of certificate %s could not be set: %s", one.id, answer)
            failed.append((one, str(answer) if answer.is_told else gettext(NOT_THEIR_FAULT)))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            made.append((one, answer))
    await files.keep(made)
    return failed


async def n_files(job: IssueJob) -> tuple[int, int]:
    """How many of the training's certificates that stand have a file, and how many there are."""
    standing = reads(Certificate).filter(registration__training_id=job.training_id, erased_at=None)
    standing = standing.exclude(state=CertificateState.REVOKED)
    n_all = await standing.count()
    return n_all - await standing.filter(file__id__isnull=True).count(), n_all
