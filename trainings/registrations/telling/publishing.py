"""People concerned hear when a training is first shown or called off; of a draft nobody was told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.registrations.telling.facilitator_notes import (
    Batch,
    says_something,
    tell_facilitators,
    waiting_for_facilitators,
    who_holds_and_hears,
)
from trainings.registrations.telling.telling import tell_changes
from trainings.schedule import actions as schedule
from trainings.schedule.changes import standing
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training
from trainings.schedule.snapshots import keep_facts, snapshots_with


async def publish(training_id: UUID, *, actor: Actor) -> None:
    """Tells facilitators the first time. Refuses as `schedule.actions.publish`."""
    await _show(training_id, schedule.publish, actor)


async def unlist(training_id: UUID, *, actor: Actor) -> None:
    """Show it only by address; tells as `publish`. Refuses as `schedule.actions.unlist`."""
    await _show(training_id, schedule.unlist, actor)


async def leaves_at(training_id: UUID) -> datetime | None:
    """When a stoppable message to facilitators leaves. None: none waits, or it says nothing any more."""
    waiting = await waiting_for_facilitators([training_id])
    return max([job.run_at for job in waiting if await says_something(job)], default=None)


async def _show(training_id: UUID, act: Callable[..., Awaitable[Training]], actor: Actor) -> None:
    async with transaction():
        was_draft = (await locked_training(training_id)).published_at is None
        training = await act(training_id, actor=actor)
        if was_draft:
            # Facilitators know of no session yet.
            before = replace(await standing(training_id), holders={})
            await keep_facts(before)
            now = await standing(training_id)
            hear = await who_holds_and_hears(now, await snapshots_with(now), is_called_off=False)
            await tell_facilitators(training, hear, Batch(uuid7(), clock.now() + STAFF_DELAY), actor=actor)


async def call_off_training(training_id: UUID, reason: str, *, actor: Actor) -> UUID | None:
    """Cancel a training and tell everybody on it after ten minutes. Returns the batch, which can be stopped until then.

    None for a draft, and where people had not been told yet that it takes place.
    """
    async with transaction():
        training = await locked_training(training_id)
        before = await standing(training.id)
        await schedule.cancel_training(training, reason, actor=actor)
        return await tell_changes(before, actor=actor)
