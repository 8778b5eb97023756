"""People who moved up and cannot be written to get on a call list within a minute."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.db import reads, transaction
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.call_lists import open_list
from trainings.registrations.calls.facts import HAS_PLACE, LOOK_BACK
from trainings.registrations.calls.people import people_on
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.seats.one_by_one import for_each
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession, TrainingState


async def open_for_offers() -> int:
    """Open a list for each training with such people; returns how many.

    Outside the transaction that frees the place: sign-ups must not wait for it. A training has one open list of offers;
    later people are worked out onto it. Safe from several processes at once.
    """
    return await for_each(await _trainings_with_news(), _open, trouble="the list of offers could not be opened")


async def _trainings_with_news() -> list[UUID]:
    """With a group that moved up lately and may not know, and no open list."""
    moved = reads(RegistrationGroup).filter(moved_up_at__gt=clock.now() - LOOK_BACK, reached_at=None)
    trainings = {key for (key,) in await moved.filter(state__in=list(HAS_PLACE)).values_list("training_id")}
    coming = reads(TrainingSession).filter(training_id__in=sorted(trainings), ends_at__gt=clock.now())
    ahead = {key for (key,) in await coming.exclude(training__state=TrainingState.CANCELLED).values_list("training_id")}
    open_lists = reads(CallList).filter(training_id__in=sorted(ahead), reason=CallReason.OFFERED, closed_at=None)
    return sorted(ahead - {key for (key,) in await open_lists.values_list("training_id")})


async def _open(training_id: UUID) -> bool:
    async with transaction():
        training = await locked_training(training_id)
        if await CallList.exists(training_id=training_id, reason=CallReason.OFFERED, closed_at=None):
            return False
        if not await _is_needed(training):
            return False
        await open_list(training, CallReason.OFFERED, uuid7())
        return True


async def _is_needed(training: Training) -> bool:
    moment = clock.now()
    wanted = CallList(
        training_id=training.id,
        hub_id=training.hub_id,
        reason=CallReason.OFFERED,
        cause_id=training.id,
        due_at=moment,
        created_at=moment,
    )
    return bool((await people_on([wanted]))[wanted.id])
