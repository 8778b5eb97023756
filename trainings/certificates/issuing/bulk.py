"""People are issued to in steps, a transaction each, then files are set. Each step is a job of the outbox that enqueues
the next: it can be paused, and goes on after a crash. The database says whose turn it is, so repetition takes nobody
twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from trainings import clock
from trainings.attendance.settling import settle
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.eligibility import CAME_SHORT, NOTE, Due, diploma_due, due_unless_held, note_due
from trainings.certificates.issuing import actions, preparing
from trainings.certificates.making import files
from trainings.certificates.making.contents import Occasion
from trainings.certificates.making.process_pool import MillError, mill
from trainings.certificates.making.typesetting import make
from trainings.certificates.models import (
    WITHDRAWN_MARK,
    Certificate,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    JobState,
    SkipReason,
)
from trainings.db import lock, reads, sql, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.dates import local_day
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.certificates")

STEP = "certificate_step"
PEOPLE_AT_ONCE = 100
"""People in a transaction that blocks other changes of the training."""
FEW = 100
"""Hours of this many people are brought up to date in the request, else in the worker."""
GOES_ON = frozenset({JobState.RUNNING, JobState.PAUSED})
LONGEST_DETAIL = 200
Issued = tuple[Registration, CertificateKind]

CONCERNED = f"""
    r.training_id = ?
    AND (r.state IN ?list OR EXISTS (SELECT 1 FROM attendance a WHERE a.registration_id = r.id AND a.is_present))
    AND NOT EXISTS (
        SELECT 1 FROM certificate w WHERE w.registration_id = r.id AND substr(w.code, 1, 1) = '{WITHDRAWN_MARK}'
    )
"""  # noqa: S608 - a constant
"""Without people whose certificate was withdrawn: staff issue another to that person alone."""
OF_A_PURPOSE: Mapping[JobPurpose, str] = {
    JobPurpose.ISSUE: CONCERNED,
    JobPurpose.PREPARE: CONCERNED,
    JobPurpose.NOTES: f"{CONCERNED} AND {CAME_SHORT}",
}
"""A job for notes is silent about people who never came or earned a diploma."""
COUNT = "SELECT count(*) AS n FROM registration r WHERE "
NEXT = """
    SELECT r.id FROM registration r WHERE {concerned}
    AND NOT EXISTS (SELECT 1 FROM issue_skip s WHERE s.job_id = ? AND s.registration_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.registration_id = r.id AND c.created_at >= ?)
    ORDER BY r.created_at, r.id LIMIT ?
"""
KINDS: Mapping[JobPurpose, Sequence[CertificateKind]] = {
    JobPurpose.ISSUE: (),
    JobPurpose.PREPARE: (),
    JobPurpose.NOTES: (NOTE,),
}
"""Empty: the kinds that the course gives."""
ACTS = {
    JobPurpose.ISSUE: "certificates.issue_many",
    JobPurpose.PREPARE: "certificates.prepare_many",
    JobPurpose.NOTES: "certificates.issue_notes",
}


class UnknownJob(NotFound):
    code = "unknown_issue_job"
    sentence = N_("No encontramos ese trabajo.")


class HasEnded(Refusal):
    code = "issue_job_has_ended"
    sentence = N_("Este trabajo ya terminó. Para los que falten, empiece otro.")


async def start(training_id: UUID, purpose: JobPurpose, *, actor: Actor) -> IssueJob:
    """A new job, or the active one of this purpose. For few people its first step is done. Refuses a training not over
    or an early end not confirmed (unless preparing), no signatory, unprintable text.
    """
    if _comes_after(purpose):
        await actions.refuse_before_its_end(training_id)
    if are_few := await _n_concerned(training_id, JobPurpose.ISSUE) <= FEW:
        await settle(training_id)
    async with transaction():
        training = await locked_training(training_id)
        running = IssueJob.filter(training_id=training_id, purpose=purpose, state__in=list(GOES_ON))
        found = await running.order_by("-created_at").first()
        if found is not None:
            return found
        occasion = await actions.occasion_of(training_id, kinds=KINDS[purpose], is_over_already=_comes_after(purpose))
        job = await IssueJob.create(
            training_id=training_id,
            hub_id=training.hub_id,
            purpose=purpose,
            state=JobState.RUNNING,
            n_total=await _n_concerned(training_id, purpose),
            asked_by_id=actor.id,
        )
        await record(ACTS[purpose], actor=actor, object_id=job.id, hub_id=job.hub_id, n=job.n_total)
        if are_few:
            await _advance(job, occasion, actor=actor)
        else:
            await _enqueue_step(job, "first", settles=True)
        return job


async def turn(job_id: UUID, state: JobState, *, actor: Actor) -> IssueJob:
    """Paused: a begun step is finished. Running again refuses as `start`. Stopped is for good: issued papers stand.
    Refuses (HasEnded) a done or stopped job.
    """
    async with transaction():
        job = await _locked(job_id)
        if job.state not in GOES_ON:
            raise HasEnded
        if job.state is state:
            return job
        if state is JobState.RUNNING:
            kinds = KINDS[job.purpose]
            await actions.occasion_of(job.training_id, kinds=kinds, is_over_already=_comes_after(job.purpose))
            await _enqueue_step(job, f"{uuid7()}", settles=True)
        job.state = state
        job.finished_at = clock.now() if state is JobState.STOPPED else None
        await job.save(update_fields=["state", "finished_at"])
        await record(f"certificates.job_{state.value}", actor=actor, object_id=job.id, hub_id=job.hub_id)
        return job


def _comes_after(purpose: JobPurpose) -> bool:
    return purpose is not JobPurpose.PREPARE


async def _locked(job_id: UUID) -> IssueJob:
    where = await IssueJob.get_or_none(id=job_id)
    if where is None:
        raise UnknownJob
    await locked_training(where.training_id)
    [job] = await lock(IssueJob, [job_id])
    return job


# -- steps


async def take_step(job: OutboxJob) -> Mail | None:
    """Take a job's next people. A repeated step does nothing. `settles`: brings hours up to date first. `papers`: of
    the step before, whose files are set beside.
    """
    own = await IssueJob.get_or_none(id=UUID(job.payload["job_id"]))
    if own is None or not _is_next(own, job):
        return None
    if job.payload.get("settles"):
        await settle(own.training_id)
    papers = [UUID(one) for one in job.payload.get("papers", ())]
    async with asyncio.TaskGroup() as both:
        both.create_task(_take_next(job, own.id))
        both.create_task(_set_beside(own, papers))
    return None


async def _take_next(step: OutboxJob, job_id: UUID) -> None:
    async with transaction():
        own = await _locked(job_id)
        if not _is_next(own, step):
            return
        if step.payload.get("settles"):
            own.n_total = max(own.n_seen, await _n_concerned(own.training_id, own.purpose))
        actor = Actor(id=own.asked_by_id, role="program")
        try:
            async with transaction():
                occasion = await actions.same_occasion(own.training_id, kinds=KINDS[own.purpose])
                await _advance(own, occasion, actor=actor)
        except Refusal as refusal:
            # `turn` tells what is in the way.
            logger.warning("job %s waits: %s", own.id, refusal.code)
            await IssueJob.filter(id=own.id).update(state=JobState.PAUSED)


def _is_next(own: IssueJob, step: OutboxJob) -> bool:
    return own.state is JobState.RUNNING and own.n_seen == step.payload["seen"]


async def _advance(job: IssueJob, occasion: Occasion, *, actor: Actor) -> None:
    """Issue to the next people or note why not, and enqueue the rest; after the last, the files."""
    people = await _next(job)
    papers: Sequence[Certificate] = ()
    if people:
        due, skips = await _decide(job, occasion, people)
        papers = await _carry_out(job, occasion, due, skips, actor=actor)
        job.n_seen += len(people)
        job.n_total = max(job.n_total, job.n_seen)
    if len(people) == PEOPLE_AT_ONCE:
        await _enqueue_step(
            job, str(job.n_seen), papers=[str(one.id) for one in papers[: MADE_MEANWHILE * mill().n_processes]]
        )
    else:
        job.n_seen = job.n_total = max(job.n_seen, await _n_concerned(job.training_id, job.purpose))
        await enqueue(FILES, {"job_id": str(job.id), "turn": 0}, dedup=f"{FILES}:{job.id}:{uuid7()}")
    await job.save(update_fields=["n_seen", "n_total"])


async def _enqueue_step(job: IssueJob, name: str, *, settles: bool = False, papers: Sequence[str] = ()) -> None:
    payload = {"job_id": str(job.id), "seen": job.n_seen, "settles": settles, "papers": list(papers)}
    await enqueue(STEP, payload, dedup=f"{STEP}:{job.id}:{name}")


def _expected() -> list[str]:
    return sorted(state.value for state in TAKES_PLACE)


async def _n_concerned(training_id: UUID, purpose: JobPurpose) -> int:
    [row] = await sql.rows(COUNT + OF_A_PURPOSE[purpose], training_id, _expected())
    n: int = row["n"]
    return n


async def _next(job: IssueJob) -> list[Registration]:
    question = NEXT.format(concerned=OF_A_PURPOSE[job.purpose])
    rows = await sql.rows(question, job.training_id, _expected(), job.id, job.created_at, PEOPLE_AT_ONCE)
    found = Registration.filter(id__in=[row["id"] for row in rows]).order_by("created_at", "id")
    return await found.prefetch_related("participant")


async def _decide(
    job: IssueJob, occasion: Occasion, people: Sequence[Registration]
) -> tuple[list[Issued], list[IssueSkip]]:
    papers = await actions.papers_of([one.id for one in people])
    if job.purpose is JobPurpose.PREPARE:
        kinds = await preparing.due(occasion.training, people)
        dues = {key: due_unless_held(kind, papers[key]) for key, kind in kinds.items()}
    else:
        due_of = note_due if job.purpose is JobPurpose.NOTES else diploma_due
        dues = {one.id: due_of(actions.kinds_of(one, occasion.training), papers[one.id]) for one in people}
    issued, skips = list[Issued](), []
    for one in people:
        due = dues.get(one.id, Due())
        letters = actions.missing_letters(one, due.kind, occasion) if due.kind is not None else ""
        if due.kind is not None and not letters:
            issued.append((one, due.kind))
            continue
        reason = SkipReason.LETTERS if letters else due.reason or SkipReason.HOURS
        detail = letters[:LONGEST_DETAIL] or detail_of(due)
        skips.append(IssueSkip(job_id=job.id, registration_id=one.id, reason=reason, detail=detail))
    return issued, skips


def detail_of(due: Due) -> str:
    """The day of annulment, or the folio."""
    if due.paper is None:
        return ""
    if due.reason is SkipReason.ANNULLED and due.paper.revoked_at is not None:
        return local_day(due.paper.revoked_at).isoformat()
    return due.paper.folio


async def _carry_out(
    job: IssueJob, occasion: Occasion, due: Sequence[Issued], skips: list[IssueSkip], *, actor: Actor
) -> Sequence[Certificate]:
    """All at once; on failure one by one, so that one person's rows block nobody else."""
    state = CertificateState.VALID if _comes_after(job.purpose) else CertificateState.PREPARED
    papers: list[Certificate] = []
    try:
        async with transaction():
            papers += await actions.issue_to(due, occasion, actor=actor, state=state)
    except (ValueError, TypeError, KeyError):
        logger.exception("job %s: a step is done one by one", job.id)
        for pair in due:
            try:
                async with transaction():
                    papers += await actions.issue_to([pair], occasion, actor=actor, state=state)
            except (ValueError, TypeError, KeyError):
                logger.exception("job %s: nothing could be issued to registration %s", job.id, pair[0].id)
                said = {"reason": SkipReason.FAILED, "detail": NOT_THEIR_FAULT}
                skips.append(IssueSkip(job_id=job.id, registration_id=pair[0].id, **said))
    await IssueSkip.bulk_create(skips)
    return papers


# -- their files: the mill sets them outside transactions, small transactions keep them


FILES = "certificate_files"
SECONDS_OF_A_TURN = 10.0
"""A turn ends after this, so that other work passes."""
KEPT_AT_ONCE = 8
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
    """Some seconds of files, then the rest is enqueued; the last turn ends the job."""
    own = await IssueJob.get_or_none(id=UUID(job.payload["job_id"]))
    if own is None or own.state is not JobState.RUNNING:
        return None
    rows = await sql.reads(MISSING + IN_ORDER, own.training_id, own.id)
    await _note_failed(
        own, await set_many([UUID(str(row["id"])) for row in rows], until=clock.ticks() + SECONDS_OF_A_TURN)
    )
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


async def _set_beside(job: IssueJob, certificate_ids: Sequence[UUID]) -> None:
    """A failing file stops nobody: the turns report it."""
    try:
        rows = await sql.reads(MISSING + AMONG, job.training_id, job.id, list(certificate_ids))
        await _note_failed(job, await set_many([UUID(str(row["id"])) for row in rows]))
    except Exception:
        logger.exception("files could not be set beside a step of job %s", job.id)


async def _note_failed(job: IssueJob, failed: Sequence[tuple[Certificate, str]]) -> None:
    """The job can then end, and names the missing files."""
    if not failed:
        return
    async with transaction():
        for one, why in failed:
            # A person with an earlier paper, left out for another reason, is named with this reason.
            said = {"reason": SkipReason.FAILED, "detail": why}
            await IssueSkip.update_or_create(defaults=said, job_id=job.id, registration_id=one.registration_id)


async def set_many(certificate_ids: Sequence[UUID], *, until: float | None = None) -> list[tuple[Certificate, str]]:
    """With the whole mill; returns failures with a translatable reason. Not in a transaction. `until` (by
    `clock.ticks`): begin no more after it.
    """
    left = iter(
        [certificate_ids[first : first + KEPT_AT_ONCE] for first in range(0, len(certificate_ids), KEPT_AT_ONCE)]
    )
    failed: list[tuple[Certificate, str]] = []
    # One lane more than processes: while a file is kept or gathered no process waits.
    async with asyncio.TaskGroup() as lanes:
        for _ in range(mill().n_processes + 1):
            lanes.create_task(_lane(left, failed, until))
    return failed


async def _lane(left: Iterator[Sequence[UUID]], failed: list[tuple[Certificate, str]], until: float | None) -> None:
    for ids in left:
        found = await reads(Certificate).filter(id__in=list(ids)).order_by("year", "number")
        failed += await _set_some(found)
        if until is not None and clock.ticks() >= until:
            return


async def _set_some(certificates: Sequence[Certificate]) -> list[tuple[Certificate, str]]:
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


WITH_FILES = """
    SELECT COUNT(f.certificate_id), COUNT(*) FROM registration r JOIN certificate c ON c.registration_id = r.id
    LEFT JOIN certificate_file f ON f.certificate_id = c.id
    WHERE r.training_id = ? AND c.state <> 'revoked' AND c.erased_at IS NULL
"""


async def n_files(training_id: UUID) -> tuple[int, int]:
    """(standing certificates with a file, all)."""
    [(n_made, n_all)] = await sql.tuples(WITH_FILES, training_id)
    return n_made, n_all


TASKS: Composers = {STEP: take_step, FILES: set_files}
