"""Reads of the outbox for the staff of the hubs that its messages concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import MESSAGE_READERS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.outbox.models import OutboxJob
from trainings.web.i18n import N_

PAGE = 50


class UnknownMessage(NotFound):
    code = "unknown_message"
    sentence = N_("No encontramos ese mensaje.")


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one act of the staff that can still be stopped."""

    id: UUID
    kind: str
    subject_id: UUID | None
    leaves_at: datetime
    n_messages: int


def visible_to(actor: Actor) -> QuerySet[OutboxJob]:
    """The messages of the hubs where this person coordinates or administers."""
    return reads(OutboxJob).filter(hub_id__in=list(actor.hubs_with(MESSAGE_READERS)))


async def message(actor: Actor, job_id: UUID) -> OutboxJob:
    """One message. Refuses with UnknownMessage also where it is another hub's."""
    job = await visible_to(actor).get_or_none(id=job_id)
    if job is None:
        raise UnknownMessage
    return job


async def messages(actor: Actor, *, before: UUID | None, only_failed: bool) -> tuple[Sequence[OutboxJob], UUID | None]:
    """A page of messages, newest first, and the key that the next page begins before."""
    found = visible_to(actor)
    if only_failed:
        found = found.filter(failed_at__isnull=False)
    if before is not None:
        found = found.filter(id__lt=before)
    jobs = await found.order_by("-id").limit(PAGE + 1)
    return jobs[:PAGE], jobs[PAGE - 1].id if len(jobs) > PAGE else None


async def n_failed(actor: Actor) -> int:
    return await visible_to(actor).filter(failed_at__isnull=False).count()


async def stoppable(actor: Actor) -> list[Batch]:
    """The batches that have not left, the next to leave first."""
    waiting = visible_to(actor).filter(
        batch_id__isnull=False, run_at__gt=clock.now(), attempts=0, done_at=None, failed_at=None, stopped_at=None
    )
    batches: dict[UUID, list[OutboxJob]] = {}
    for job in await waiting.order_by("run_at", "id"):
        assert job.batch_id
        batches.setdefault(job.batch_id, []).append(job)
    return [
        Batch(batch_id, jobs[0].kind, jobs[0].subject_id, jobs[0].run_at, len(jobs))
        for batch_id, jobs in batches.items()
    ]


async def oldest_due_seconds() -> int:
    """How long the oldest message that should have gone has waited, in whole seconds; 0 when nothing waits."""
    now = clock.now()
    waiting = reads(OutboxJob).filter(done_at=None, failed_at=None, stopped_at=None, run_at__lte=now)
    oldest = await waiting.order_by("run_at").first()
    return int((now - oldest.run_at).total_seconds()) if oldest else 0
