"""Erasure comes 72 hours after it was asked for, by an own link or at the desk (`privacy.erasing`), and can be taken
back till then. Only the outbox job knows of it; staff see a link's if it fails (`privacy.withdrawal`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.db.prepared import Select
from trainings.errors import Refusal
from trainings.outbox.actions import enqueue
from trainings.outbox.models import OPEN, OutboxJob
from trainings.people.consents import without_permission
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.registrations.queries import UnknownRegistration
from trainings.schedule.models import TrainingState
from trainings.schedule.queries import InPractice
from trainings.web.i18n import N_

KIND = "withdraw_data"
PAPERS = "erase_certificates"
ASKED = (KIND, PAPERS)
WAIT = timedelta(hours=72)
"""A stolen link or a day's anger must not delete for good."""


class What(StrEnum):
    """`data`: of certificates nothing."""

    DATA = "data"
    NAME = "name"
    PAPERS = "papers"


class TooLateToKeep(Refusal):
    sentence = N_(
        "Ya pasaron las 72 horas, así que los datos se borran y eso no se puede deshacer. Para venir, hay que "
        "inscribirse de nuevo."
    )


@dataclass(frozen=True, slots=True)
class Erasure:
    """Person, training and hub are loaded. `papers`: what goes of the certificates together with the data. `asked_by`:
    staff who wrote it down for the person; None: the link.
    """

    registration: Registration
    due_at: datetime
    can_be_undone: bool
    what: What = What.DATA
    papers: What = What.DATA
    asked_by: UUID | None = None


async def ask_for_erasure(registration_id: UUID, *, actor: Actor, papers: What = What.DATA) -> None:
    """Erase the person in 72 hours, and of their certificates what `papers` says. Twice is once, the first moment
    holds; nothing happens without a consent and without certificates to erase from. Refuses InPractice.
    """
    async with transaction():
        registration = await _registration(registration_id)
        if registration.training.state is TrainingState.PRACTICE:
            raise InPractice
        await lock(Participant, [registration.participant_id])  # pressed twice at once, the second finds the first
        dedup, run_at = _dedup(registration, actor), clock.now() + WAIT
        is_gone = papers is What.DATA and await without_permission([registration.participant_id])
        if is_gone or await OutboxJob.exists(dedup=dedup):
            return
        wish = {"registration_id": str(registration.id), "papers": papers.value}
        by = {"asked_by": str(actor.id)} if actor.id is not None else {}
        await enqueue(KIND, wish | by, dedup=dedup, run_at=run_at)
        await _record("privacy.ask_for_erasure", registration, actor, papers=papers.value)


def _dedup(registration: Registration, actor: Actor) -> str:
    """The desk takes back only what it asked for, the link both."""
    return f"{KIND}:desk:{registration.id}" if actor.id is not None else f"{KIND}:{registration.id}"


async def ask_for_papers(registration_id: UUID, what: What, *, actor: Actor) -> None:
    """In 72 hours take the name out of the person's certificates, or the certificates away. Twice is once, the first
    wish holds.
    """
    async with transaction():
        registration = await _registration(registration_id)
        await lock(Participant, [registration.participant_id])
        if await OutboxJob.exists(kind=PAPERS, subject_id=registration.id):
            return
        payload, run_at = {"registration_id": str(registration.id), "what": what.value}, clock.now() + WAIT
        await enqueue(PAPERS, payload, dedup=f"{PAPERS}:{registration.id}", run_at=run_at)
        await _record("privacy.ask_for_erasure_of_papers", registration, actor, what=what.value)


async def keep_data(registration_id: UUID, *, actor: Actor) -> None:
    """Staff take back what was asked at the desk, a link everything. Refuses (TooLateToKeep) from the named moment
    on.
    """
    async with transaction():
        registration = await _registration(registration_id)
        asked = OutboxJob.filter(kind=KIND, subject_id=registration.id)
        if await _take_back(asked if actor.id is None else asked.filter(dedup=_dedup(registration, actor))):
            await _record("privacy.keep_data", registration, actor)
        elif await without_permission([registration.participant_id]):
            raise TooLateToKeep


async def keep_papers(registration_id: UUID, *, actor: Actor) -> None:
    """As `keep_data`."""
    async with transaction():
        registration = await _registration(registration_id)
        if await _take_back(OutboxJob.filter(kind=PAPERS, subject_id=registration.id)):
            await _record("privacy.keep_papers", registration, actor)


async def _take_back(asked: QuerySet[OutboxJob]) -> bool:
    """Returns whether there was a wish. Too late once a worker may carry it out."""
    # A worker may be about it by a clock that is a little ahead of ours: then it has counted an attempt.
    if await asked.filter(attempts=0, run_at__gt=clock.now()).delete():
        return True
    if await asked.exists():
        raise TooLateToKeep
    return False


ABOUT = Select(
    OutboxJob, where="this.subject_id IN ?list AND this.kind IN ?list", order="this.run_at, this.id", are_few=True
)


async def erasures_of(registration_ids: Collection[UUID]) -> list[Erasure]:
    jobs = await ABOUT.rows(sorted(registration_ids), list(ASKED)) if registration_ids else []
    first = {(job.subject_id, job.kind): job for job in reversed(jobs)}
    return await _erasures([job for job in jobs if first[job.subject_id, job.kind] is job])


async def erasures_at_desk(hub_ids: Collection[UUID]) -> list[Erasure]:
    """Asked for at the desks of these hubs and not done yet, next first. What a person asked by their link is theirs
    alone to take back.
    """
    jobs = await reads(OutboxJob).filter(kind=KIND, **OPEN).order_by("run_at", "id")
    asked = await _erasures([job for job in jobs if "asked_by" in job.payload])
    return [one for one in asked if one.registration.training.hub_id in hub_ids]


def papers_of(job: OutboxJob) -> What:
    return What(job.payload.get("papers", What.DATA))


async def _erasures(jobs: Sequence[OutboxJob]) -> list[Erasure]:
    if not jobs:
        return []
    registrations = reads(Registration).filter(id__in=[job.subject_id for job in jobs])
    by_id = {one.id: one for one in await registrations.select_related("participant", "training__hub")}
    now = clock.now()
    return [
        Erasure(
            by_id[job.subject_id],
            job.run_at,
            can_be_undone=job.attempts == 0 and job.run_at > now,
            what=What(job.payload.get("what", What.DATA)),
            papers=papers_of(job),
            asked_by=UUID(job.payload["asked_by"]) if "asked_by" in job.payload else None,
        )
        for job in jobs
        if job.subject_id is not None
    ]


async def _registration(registration_id: UUID) -> Registration:
    found = await Registration.get_or_none(id=registration_id).select_related("training")
    if found is None:
        raise UnknownRegistration
    return found


async def _record(act: str, registration: Registration, actor: Actor, **detail: str) -> None:
    await record(act, actor=actor, object_id=registration.id, hub_id=registration.training.hub_id, **detail)
