"""When the nameless cards of a community are given back to everybody, set by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.registrations.models import ReservedBlock
from trainings.registrations.seats.cards import locked_block, release_time, seconds_before, start_of_what_is_to_come
from trainings.web.i18n import N_


class AlreadyReleased(Refusal):
    code = "already_released"
    sentence = N_("Estas tarjetas ya se soltaron: sus lugares pasaron a otras personas. Aparte lugares de nuevo.")


async def set_release(block_id: UUID, wanted: datetime, *, actor: Actor) -> ReservedBlock:
    """Keep the nameless cards of a block till then, and from now on as long before the first session.

    Refuses (AlreadyReleased) a block that was released, a time that has passed or lies after the beginning, and what
    was called off or is over.
    """
    async with transaction():
        block, training = await locked_block(block_id)
        if block.released_at is not None:
            raise AlreadyReleased
        starts_at = await start_of_what_is_to_come(training)
        old, block.release_at = block.release_at, release_time(wanted, starts_at)
        if block.release_at == old:
            return block
        block.agreed_seconds = seconds_before(starts_at - block.release_at)
        await block.save(update_fields=["release_at", "agreed_seconds"])
        await record(
            "registrations.set_release",
            actor=actor,
            object_id=block.id,
            hub_id=training.hub_id,
            old=old.isoformat(),
            new=block.release_at.isoformat(),
        )
        return block
