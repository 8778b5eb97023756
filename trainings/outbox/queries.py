from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import MESSAGE_READERS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OPEN, UNTRIED, OutboxJob, Outcome
from trainings.web.i18n import N_

PAGE = 50
OF_NO_HUB = ("my_links", "staff_digest")
"""Nobody may open these messages: they are only counted."""


class UnknownMessage(NotFound):
    sentence = N_("No encontramos ese mensaje.")


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one act that can still be stopped. `first`: to a participant where there is any."""

    id: UUID
    first: OutboxJob
    leaves_at: datetime
    n_facilitators: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages past their time. `next_try_at` None: within a minute. `reasons`: most frequent first. `n_of_no_hub`:
    waiting, not listed.
    """

    n_waiting: int
    n_of_no_hub: int
    oldest_at: datetime
    next_try_at: datetime | None
    reasons: Sequence[tuple[str, int]]


def visible_to(actor: Actor) -> QuerySet[OutboxJob]:
    return reads(OutboxJob).filter(hub_id__in=list(actor.hubs_with(MESSAGE_READERS)))


async def message(actor: Actor, job_id: UUID) -> OutboxJob:
    """Refuses (UnknownMessage), also for another hub's."""
    job = await visible_to(actor).get_or_none(id=job_id)
    if job is None:
        raise UnknownMessage
    return job


async def queue(actor: Actor) -> Queue | None:
    now = clock.now()
    waiting = _unfinished(visible_to(actor))
    unlisted = _unfinished(reads(OutboxJob).filter(hub_id=None, kind__in=OF_NO_HUB))
    n_waiting, n_of_no_hub = await waiting.count(), await unlisted.count()
    if not n_waiting and n_of_no_hub:
        waiting = unlisted
    elif not n_waiting:
        return None
    oldest = await waiting.order_by("created_at", "id").first()
    again = await waiting.filter(run_at__gt=now).order_by("run_at").first()
    is_any_due = await waiting.filter(run_at__lte=now).exists()
    found = waiting.exclude(last_error="").annotate(n=Count("id")).group_by("last_error")
    reasons = list(await found.values_list("last_error", "n")) or await _reason_of_all(n_waiting or n_of_no_hub)
    return Queue(
        n_waiting=n_waiting,
        n_of_no_hub=n_of_no_hub,
        oldest_at=due_from(oldest) if oldest is not None else now,
        next_try_at=again.run_at if again is not None and not is_any_due else None,
        reasons=sorted(reasons, key=lambda one: -one[1]),
    )


async def n_waiting(actor: Actor) -> int:
    return await _unfinished(visible_to(actor)).count()


async def _reason_of_all(n_waiting: int) -> list[tuple[str, int]]:
    """Only messages at the head of a standing outbox have been tried."""
    due = reads(OutboxJob).filter(**OPEN, run_at__lte=clock.now())
    head = await due.exclude(last_error="").order_by("run_at", "id").first()
    return [(head.last_error, n_waiting)] if head is not None else []


def _unfinished(found: QuerySet[OutboxJob]) -> QuerySet[OutboxJob]:
    open_ones = found.filter(**OPEN)
    return open_ones.filter(Q(Q(run_at__lte=clock.now()), ~Q(last_error=""), join_type=Q.OR))


def due_from(job: OutboxJob) -> datetime:
    return job.created_at + (STAFF_DELAY if job.batch_id is not None else timedelta())


async def messages(actor: Actor, *, before: UUID | None, only: str = "") -> tuple[Sequence[OutboxJob], UUID | None]:
    """Newest first, and the key the next page begins before. `only`: `failed`, `waiting`, `kept` or empty."""
    found = _unfinished(visible_to(actor)) if only == "waiting" else visible_to(actor)
    if only == "failed":
        found = found.filter(failed_at__isnull=False)
    if only == "kept":
        found = found.filter(outcome=Outcome.KEPT)
    if before is not None:
        found = found.filter(id__lt=before)
    jobs = await found.order_by("-id").limit(PAGE + 1)
    return jobs[:PAGE], jobs[PAGE - 1].id if len(jobs) > PAGE else None


async def n_failed(actor: Actor) -> int:
    return await visible_to(actor).filter(failed_at__isnull=False).count()


async def n_kept(actor: Actor) -> int:
    return await visible_to(actor).filter(outcome=Outcome.KEPT).count()


async def stoppable(actor: Actor) -> list[Batch]:
    waiting = visible_to(actor).filter(batch_id__isnull=False, run_at__gt=clock.now(), **UNTRIED)
    batches: dict[UUID, list[OutboxJob]] = {}
    for job in await waiting.order_by("run_at", "id"):
        assert job.batch_id
        batches.setdefault(job.batch_id, []).append(job)
    return [_batch(batch_id, jobs) for batch_id, jobs in batches.items()]


def _batch(batch_id: UUID, jobs: Sequence[OutboxJob]) -> Batch:
    to_people = [job for job in jobs if job.subject_id is not None]
    first = next(iter([*to_people, *jobs]))
    return Batch(batch_id, first, jobs[0].run_at, len(jobs) - len(to_people))


async def oldest_due_seconds() -> int:
    now = clock.now()
    waiting = reads(OutboxJob).filter(**OPEN, run_at__lte=now)
    oldest = await waiting.order_by("run_at").first()
    return int((now - oldest.run_at).total_seconds()) if oldest else 0
