"""The files of many certificates: set by the mill, outside of transactions, kept in small ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
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
SECONDS = 10.0
"""So long does one turn take files on, then it lets others through: an import, the papers of another training. Between
turns the mill has nothing to do for some tenths of a second.
"""
AT_ONCE = 8
"""Files gathered and kept together: a transaction of some milliseconds."""
MADE_MEANWHILE = 4
"""Files that a process sets while a hundred people are taken."""
MOST_OF_A_TURN = 2_000
NOT_THEIR_FAULT = N_("El programa falló. Avise a quien lo administra.")

MISSING = """
    SELECT c.id FROM certificate c JOIN registration r ON r.id = c.registration_id
    WHERE r.training_id = ? AND c.state <> 'revoked' AND c.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM certificate_file f WHERE f.certificate_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM issue_skip s
        WHERE s.job_id = ? AND s.registration_id = r.id AND s.reason = 'failed')
"""
AMONG = " AND c.id IN ?list"
ANY = " LIMIT 1"
"""Without an order: the first that is found is enough."""
IN_ORDER = f" ORDER BY c.year, c.number LIMIT {MOST_OF_A_TURN}"
SORT = "coalesce(c.sheet ->> 'design', '') || '/' || c.kind || '/' || coalesce(c.sheet ->> 'language', '')"
"""What tells which design a paper is set with. The first ones named neither design nor language."""
OTHERS = f" AND NOT ({SORT} IN ?list)"
SORTS = f"SELECT DISTINCT {SORT} AS sort FROM certificate c WHERE c.id IN ?list"  # noqa: S608 - a constant


async def set_files(job: OutboxJob) -> Mail | None:
    """Set files of a job for some seconds, and have the rest set after what else waits; the last one ends the job.

    Papers of a design that cannot be used wait for the others: where nothing else is left, the job pauses.
    """
    own = await IssueJob.get_or_none(id=UUID(job.payload["job_id"]))
    if own is None or own.state is not JobState.RUNNING:
        return None
    to_set, broken = await _next(own)
    if to_set:
        await _note(own, await _by_themselves(await set_many(to_set, until=clock.ticks() + SECONDS)))
    is_left = bool(await sql.reads(MISSING + ANY, own.training_id, own.id))
    async with transaction():
        [own] = await lock(IssueJob, [own.id])
        if own.state is not JobState.RUNNING:
            return None
        if is_left and broken and not to_set:
            own.state = JobState.PAUSED
            await own.save(update_fields=["state"])
        elif is_left:
            turn = job.payload["turn"] + 1
            await enqueue(FILES, {"job_id": str(own.id), "turn": turn}, dedup=f"{FILES}:{job.id}:{turn}")
        else:
            own.state, own.finished_at = JobState.DONE, clock.now()
            await own.save(update_fields=["state", "finished_at"])
    return None


def n_beside() -> int:
    """So many files keep the mill busy while the next people are taken: more would make people wait for files."""
    return MADE_MEANWHILE * mill().n_processes


async def set_beside(job: IssueJob, certificate_ids: Sequence[UUID]) -> None:
    """Set the files of these that have none, as a turn of the job would; papers of a design that cannot be used wait
    for that.
    """
    rows = await sql.reads(MISSING + AMONG, job.training_id, job.id, list(certificate_ids))
    to_set = [UUID(str(row["id"])) for row in rows]
    if not any([await problems_of(design) for design in await designs_of(to_set)]):
        await _note(job, await _by_themselves(await set_many(to_set)))


async def _next(job: IssueJob) -> tuple[list[UUID], list[designs.DesignInfo]]:
    """The next papers to set whose design can be used, and the designs met before them that cannot."""
    broken: dict[str, designs.DesignInfo] = {}
    while to_set := await _missing(job, without=broken):
        found = {sort: one for sort, one in (await _sorts(to_set)).items() if await problems_of(one)}
        if not found:
            break
        broken |= found
    return to_set, _each_once(broken)


async def _missing(job: IssueJob, *, without: Collection[str] = ()) -> list[UUID]:
    """The certificates of its training that stand and have no file, but those that failed in this job, and without
    some sorts.
    """
    if without:
        rows = await sql.reads(MISSING + OTHERS + IN_ORDER, job.training_id, job.id, sorted(without))
    else:
        rows = await sql.reads(MISSING + IN_ORDER, job.training_id, job.id)
    return [UUID(str(row["id"])) for row in rows]


async def _sorts(certificate_ids: Sequence[UUID]) -> dict[str, designs.DesignInfo]:
    """What these are set with, by the sort of the paper."""
    rows = await sql.reads(SORTS, list(certificate_ids))
    return {row["sort"]: _design_of(row["sort"]) for row in rows}


def _design_of(sort: str) -> designs.DesignInfo:
    design, kind, language = sort.split("/")
    return designs.design_for(design or designs.FIRST, kind, language or "es")


def _each_once(found: Mapping[str, designs.DesignInfo]) -> list[designs.DesignInfo]:
    by_key = {one.key: one for one in found.values()}
    return [by_key[key] for key in sorted(by_key)]


async def refuse_broken_papers(job: IssueJob) -> None:
    """Refuses (UnusableDesign) where nothing but papers of designs that cannot be used is without a file: the course
    may have another design by now.
    """
    to_set, broken = await _next(job)
    for design in broken if not to_set else ():
        await refuse_unusable(design)


async def designs_of(certificate_ids: Sequence[UUID]) -> list[designs.DesignInfo]:
    """What these are set with, each design once."""
    return _each_once(await _sorts(certificate_ids))


async def _by_themselves(failed: Sequence[tuple[Certificate, str]]) -> list[tuple[Certificate, str]]:
    """Without those whose design broke meanwhile: nobody is noted for that as the one whose file failed."""
    return [(one, why) for one, why in failed if not await problems_of(designs.design_of_kept(one.sheet))]


async def _note(job: IssueJob, failed: Sequence[tuple[Certificate, str]]) -> None:
    """So that the job ends, and says whose file is missing."""
    if not failed:
        return
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
