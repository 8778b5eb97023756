"""The outbox line of a change, in its transaction, for people with an e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainings.lib.tokens import uuid7
from trainings.outbox.actions import enqueue
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

if TYPE_CHECKING:
    from trainings.schedule.models import Training

REMINDER = "session_reminder"
ABOUT_CHANGES = ("training_changed", "training_cancelled")
"""They tell what became of sessions; others show the days as they stand."""


async def announce(registration: Registration, participant: Participant, training: Training, kind: str) -> None:
    """Without an address nothing. Each call is a message of its own."""
    if participant.email_key is None:
        return
    await enqueue(
        kind,
        {"registration_id": str(registration.id)},
        dedup=f"{kind}:{registration.id}:{uuid7()}",
        hub_id=training.hub_id,
    )


ABOUT_ONE = frozenset({"own_link_again", "need_answered", "certificate_ready", "certificate_annulled"})
"""All others tell of everybody of a group with the same address."""
