"""The sign-ups of one person for one training become one, once staff hold them to be one; and are parted again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.joined import count_as, give_own_marks
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate, CertificateState
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.commands import Leave
from trainings.registrations.desk_actions import move_out
from trainings.registrations.models import (
    TAKES_PLACE,
    Farewell,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.sign_up import give_back
from trainings.schedule.models import Training

BEST = (
    RegistrationState.CONFIRMED,
    RegistrationState.OFFERED,
    RegistrationState.WAITLISTED,
    RegistrationState.HELD,
)


async def shared_trainings(some: Collection[UUID], others: Collection[UUID], hubs: Collection[UUID]) -> set[UUID]:
    """The trainings of these hubs where participants of both sides stand, or were joined."""
    found = [
        await Registration.filter(participant_id__in=list(side), training__hub_id__in=list(hubs)).values_list(
            "training_id"
        )
        for side in (some, others)
    ]
    return {key for (key,) in found[0]} & {key for (key,) in found[1]}


async def join(training_id: UUID, people: Collection[UUID], *, actor: Actor) -> None:
    """Of all that these participants, who are one person, have in a training the best stays: who is in, then who was
    offered a place, who waits, who is held; of several the oldest. The places of the others go to the list.

    Nobody hears of a loss: there is none. Their cards and marks count for the one that stays, and childcare that was
    asked for twice once. What came in one form is not joined, nor what a certificate was issued for. In the caller's
    transaction, which holds the training and its stays.
    """
    mine = Registration.filter(training_id=training_id, participant_id__in=list(people))
    live = await mine.exclude(state=RegistrationState.CANCELLED).order_by("id").prefetch_related("group")
    if len(live) < 2 or len({one.group_id for one in live}) < len(live):
        return
    kept = min(live, key=lambda one: (BEST.index(one.state), one.id))
    papers = Certificate.filter(registration_id__in=[one.id for one in live])
    with_paper = {key for (key,) in await papers.exclude(state=CertificateState.REVOKED).values_list("registration_id")}
    joined = [one for one in live if one is not kept and one.id not in with_paper]
    if not joined:
        return
    for one in joined:
        await _move_childcare(one, kept)
    await give_back(Leave(training_id, tuple(one.id for one in joined), actor, farewell=Farewell.JOINED))
    for one in joined:
        await Registration.filter(Q(id=one.id) | Q(joined_to_id=one.id)).update(joined_to_id=kept.id)
        await count_as(one.id, kept.id)
        if kept.mark is None and one.mark is not None:
            kept.mark = one.mark
            await kept.save(update_fields=["mark"])
    await _record("privacy.join", kept, joined, actor)


async def _move_childcare(one: Registration, kept: Registration) -> None:
    """What the joined one asks for more than the kept one goes on being counted, with that."""
    more = one.group.childcare_places - kept.group.childcare_places
    if more <= 0 or one.group.n_people > 1 or one.holds_place is not kept.holds_place:
        return
    kept.group.childcare_places += more
    one.group.childcare_places -= more
    for group in (kept.group, one.group):
        await group.save(update_fields=["childcare_places"])


async def part(training: Training, some: Collection[UUID], others: Collection[UUID], *, actor: Actor) -> None:
    """What was joined of participants who are two people after all stands for itself again, as it stood before.

    Whose place is gone is the first of the waiting list. In the caller's transaction, as `join`.
    """
    pairs = Q(participant_id__in=list(some), joined_to__participant_id__in=list(others))
    pairs |= Q(participant_id__in=list(others), joined_to__participant_id__in=list(some))
    for one in await Registration.filter(pairs, training_id=training.id).order_by("id"):
        assert one.joined_to_id is not None
        kept = await Registration.get(id=one.joined_to_id)
        await _stand_again(one, training)
        await give_own_marks(one.id, kept.id)
        await _record("privacy.part", kept, [one], actor)


async def _stand_again(one: Registration, training: Training) -> None:
    group = await RegistrationGroup.get(id=one.group_id)
    state = _state_before(one, group)
    room, party = places.room_of(training), Party("again", 1, _own_childcare(group))
    takes = state in TAKES_PLACE and one.source is not Source.WALK_IN
    if takes and room.shortage(party) is not None:
        state = RegistrationState.WAITLISTED
    elif takes:
        await places.keep(training, room.taking(party))
    if group.state not in (state, RegistrationState.CANCELLED):
        # The others of the form stand otherwise by now.
        await move_out(one, training)
        group = await RegistrationGroup.get(id=one.group_id)
    await _enter(one, group, state, training)


def _state_before(one: Registration, group: RegistrationGroup) -> RegistrationState:
    """How it stood when it was joined: who waited kept the number, and who was held the reason."""
    if one.confirmed_at is not None:
        return RegistrationState.CONFIRMED
    if group.state is not RegistrationState.CANCELLED:
        return group.state
    if group.wait_number is not None:
        return RegistrationState.WAITLISTED
    return RegistrationState.OFFERED if group.hold_reason is None else RegistrationState.HELD


def _own_childcare(group: RegistrationGroup) -> int:
    """Those who are left of a form have it already."""
    return group.childcare_places if group.state is RegistrationState.CANCELLED else 0


async def _enter(one: Registration, group: RegistrationGroup, state: RegistrationState, training: Training) -> None:
    is_alone = group.state is RegistrationState.CANCELLED
    if state is RegistrationState.WAITLISTED and group.wait_number is None:
        group.wait_number = await places.number_after(0, training)
    group.n_people = 1 if is_alone else group.n_people + 1
    group.state, group.changed_at = state, clock.now() if is_alone else group.changed_at
    await group.save(update_fields=["state", "n_people", "wait_number", "changed_at"])
    one.state, one.joined_to_id, one.taken_off, one.cancelled_at, one.cancelled_by = state, None, None, None, None
    columns = ["state", "joined_to_id", "taken_off", "cancelled_at", "cancelled_by"]
    await one.save(update_fields=columns)


async def _record(act: str, kept: Registration, joined: Sequence[Registration], actor: Actor) -> None:
    hub_id = (await Training.get(id=kept.training_id)).hub_id
    for one in joined:
        await record(act, actor=actor, object_id=one.id, hub_id=hub_id, kept=str(kept.id))
