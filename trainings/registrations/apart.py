"""Two who look alike and are two: once staff know them apart, each stands for themselves."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.models import TAKES_PLACE, Registration, Source
from trainings.registrations.sign_up import locked_training
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.phase import last_end
from trainings.web.i18n import N_


class NoPlaceForTwo(Refusal):
    code = "no_place_for_two"
    sentence = N_(
        "En «%(title)s» no queda lugar para que cuenten como dos. Suba el cupo de la capacitación, o espere a que se "
        "libre un lugar."
    )


async def tell_apart(
    some: Collection[UUID], others: Collection[UUID], *, actor: Actor, hubs: Collection[UUID]
) -> list[tuple[UUID, UUID]]:
    """Whoever of these participants counted as one of the others counts for themselves from now on, with a place: their
    registrations, each with the one that it counted as.

    At these hubs: what stands at others is not for the actor to see. In the caller's transaction, which holds no row of
    a participant yet: a training's lock comes first. Refuses with NoPlaceForTwo where a training that is still to come
    has no place for both; one that is over stays as it was.
    """
    pairs = Q(participant_id__in=some, duplicate_of__participant_id__in=others)
    pairs |= Q(participant_id__in=others, duplicate_of__participant_id__in=some)
    found = Registration.filter(pairs, training__hub_id__in=hubs).order_by("training_id").distinct()
    apart: list[tuple[UUID, UUID]] = []
    for (training_id,) in await found.values_list("training_id"):
        training = await locked_training(training_id)
        for one in await Registration.filter(pairs, training_id=training_id).order_by("id").prefetch_related("group"):
            if one.duplicate_of_id is not None and await _has_place(one, training):
                apart.append((one.id, one.duplicate_of_id))
                await Registration.filter(id=one.id).update(duplicate_of_id=None)
                await record("registrations.tell_apart", actor=actor, object_id=one.id, hub_id=training.hub_id)
    return apart


async def _has_place(one: Registration, training: Training) -> bool:
    """Whether there is a place for them, which is taken; they need none who wait, or came to the door."""
    if one.state not in TAKES_PLACE or one.source is Source.WALK_IN:
        return True
    mates = await Registration.filter(group_id=one.group_id)
    childcare = 0 if any(mate.holds_place for mate in mates) else one.group.childcare_places
    party, room = Party("apart", 1, childcare), places.room_of(training)
    if room.shortage(party) is None:
        await places.keep(training, room.taking(party))
        return True
    if await _is_ahead(training):
        raise NoPlaceForTwo(title=training.title)
    return False


async def _is_ahead(training: Training) -> bool:
    end = last_end(await TrainingSession.filter(training_id=training.id))
    return training.state is not TrainingState.CANCELLED and end is not None and clock.now() < end
