"""Who was put into a session or taken out of it: what each facilitator knows of it, against what is so now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.outbox.models import OutboxJob
from trainings.schedule.changes import Standing, standing

CHANGED = "facilitator_changed"
"""The message to who holds a session. `held` in it: the sessions of the training that they hold as far as they know."""


@dataclass(frozen=True, slots=True)
class Swap:
    """The sessions in which somebody was put, and those out of which they were taken."""

    put_in: frozenset[UUID]
    taken_out: frozenset[UUID]


async def swapped_since(before: Standing) -> Mapping[UUID, frozenset[UUID]]:
    """Who does not hold the sessions that they know of, with those that they do know of, in the caller's transaction.

    What somebody was about to be told has not reached them: they know what was before that, also while it is called
    off. Otherwise of what is over or called off there is nothing to tell.
    """
    now = await standing(before.training.id)
    known = {user_id: _held_by(user_id, before) for user_id in {*_holders(before), *_holders(now)}}
    waiting = [job for job in await waiting_for_facilitators([before.training.id]) if "held" in job.payload]
    unheard = {UUID(job.payload["user_id"]): held_as_known(job) for job in waiting}
    to_come = {key: one for key, one in now.sessions.items() if one.ends_at > clock.now()}
    ahead = {key for key, one in to_come.items() if one.is_on}
    return {
        user_id: held
        for user_id, held in (known | unheard).items()
        if (held ^ _held_by(user_id, now)) & (to_come.keys() if user_id in unheard else ahead)
    }


def swap_of(known: Collection[UUID], held: Collection[UUID]) -> Swap:
    """What somebody does not know of the sessions that they hold."""
    return Swap(frozenset(held) - frozenset(known), frozenset(known) - frozenset(held))


def held_as_known(job: OutboxJob) -> frozenset[UUID]:
    """The sessions that its reader knew to hold when it was written."""
    return frozenset(map(UUID, job.payload["held"]))


async def waiting_for_facilitators(training_ids: Collection[UUID]) -> list[OutboxJob]:
    """Messages to who holds sessions of these trainings whose ten minutes are not over, and that were not stopped."""
    waiting = OutboxJob.filter(kind=CHANGED, run_at__gt=clock.now(), attempts=0)
    waiting = waiting.filter(done_at=None, failed_at=None, stopped_at=None)
    wanted = {str(training_id) for training_id in training_ids}
    return [job for job in await waiting.order_by("run_at") if job.payload["training_id"] in wanted]


def _holders(one: Standing) -> frozenset[UUID]:
    return frozenset(user_id for holders in one.holders.values() for user_id in holders)


def _held_by(user_id: UUID, one: Standing) -> frozenset[UUID]:
    return frozenset(session_id for session_id, holders in one.holders.items() if user_id in holders)
