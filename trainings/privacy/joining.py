"""The sign-ups of one person for one training become one, once staff hold them to be one; and are parted again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.joining import count_as, give_own_marks
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate, CertificateState
from trainings.registrations.commands import Leave
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    TAKES_PLACE,
    Farewell,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.needs import NeedState, read_needs, write_needs
from trainings.registrations.seats import counts
from trainings.registrations.seats.allocation import Party
from trainings.registrations.seats.desk_actions import move_out
from trainings.registrations.seats.sign_up import give_back
from trainings.schedule.models import Training

BEST = (
    RegistrationState.CONFIRMED,
    RegistrationState.OFFERED,
    RegistrationState.WAITLISTED,
    RegistrationState.HELD,
)


async def shared_trainings(some: Collection[UUID], others: Collection[UUID], hubs: Collection[UUID]) -> set[UUID]:
    """The trainings of these hubs where participants of both sides signed up."""
    of_hubs = Registration.filter(training__hub_id__in=list(hubs))
    found = [await of_hubs.filter(participant_id__in=list(side)).values_list("training_id") for side in (some, others)]
    return {key for (key,) in found[0]} & {key for (key,) in found[1]}


async def trainings_joined(people: Collection[UUID]) -> set[UUID]:
    """The trainings of all hubs where something of these participants was joined."""
    joined = Registration.filter(participant_id__in=list(people), joined_to_id__not_isnull=True)
    return {key for (key,) in await joined.values_list("training_id")}


async def join(training_id: UUID, people: Collection[UUID], *, actor: Actor) -> None:
    """Of all that these participants, who are one person, have in a training the best stays: who is in, then who was
    offered a place, who waits, who is held. Of several the one with a counted place, then the one with a paper, then
    the oldest. The places of the others go to the list.

    Nobody hears of a loss: there is none. Their cards and marks count for the one that stays, so does the support that
    they asked for, and childcare that was asked for twice once. What came in one form is not joined, nor what a
    certificate was issued for. In the caller's transaction, which holds the training and its stays.
    """
    mine = Registration.filter(training_id=training_id, participant_id__in=list(people))
    live = await mine.exclude(state=RegistrationState.CANCELLED).order_by("id").prefetch_related("group")
    if len(live) < 2 or len({one.group_id for one in live}) < len(live):
        return
    papers = await _papers(live)
    kept = min(live, key=lambda one: (BEST.index(one.state), not one.holds_place, one.id not in papers, one.id))
    joined = [one for one in live if one is not kept and papers.get(one.id) is not CertificateState.VALID]
    if not joined:
        return
    training = await Training.get(id=training_id)
    for one in joined:
        one.joined_state, one.joined_childcare = one.state, await _lend_childcare(one, kept, training)
        await one.save(update_fields=["joined_state", "joined_childcare"])
    await give_back(
        Leave(
            training_id=training_id,
            registration_ids=tuple(one.id for one in joined),
            actor=actor,
            farewell=Farewell.JOINED,
        )
    )
    for one in joined:
        await Registration.filter(Q(id=one.id) | Q(joined_to_id=one.id)).update(joined_to_id=kept.id)
        await count_as(one.id, kept.id)
        kept.needs = _all_asked(kept, one)
        kept.mark = one.mark if kept.mark is None else kept.mark
    await kept.save(update_fields=["needs", "mark"])
    await _record("privacy.join", kept, joined, actor)


async def _papers(live: Sequence[Registration]) -> dict[UUID, CertificateState]:
    """The state of the best paper of each that has one which stands."""
    found = Certificate.filter(registration_id__in=[one.id for one in live]).exclude(state=CertificateState.REVOKED)
    return dict(await found.order_by("state").values_list("registration_id", "state"))


def _all_asked(kept: Registration, one: Registration) -> str | None:
    """The support that either asked for. Where one of them has an answer it stays, the kept one's first."""
    own, more = read_needs(kept.needs), read_needs(one.needs)
    answered = {code: state for code, state in own.items() if state is not NeedState.ASKED}
    return write_needs(own | more | answered)


async def _lend_childcare(one: Registration, kept: Registration, training: Training) -> int:
    """What the joined one asks for more than the kept one counts with that, where so many places are free; how many."""
    more = one.group.childcare_places - kept.group.childcare_places
    if more <= 0 or one.group.n_people > 1 or (one.holds_place and not kept.holds_place):
        return 0
    if kept.holds_place and not one.holds_place:
        room = counts.room_of(training)
        if more > room.childcare_free:
            return 0
        await counts.keep(training, room.taking(Party("more", 0, more)))
    await _count_childcare_with(kept.group, one.group, more)
    return more


async def _count_childcare_with(more: RegistrationGroup, less: RegistrationGroup, n: int) -> None:
    more.childcare_places += n
    less.childcare_places -= n
    for group in (more, less):
        await group.save(update_fields=["childcare_places"])


async def part(training: Training, some: Collection[UUID], others: Collection[UUID], *, actor: Actor) -> int:
    """What was joined of participants who are two people after all stands for itself again, as it stood before.

    Whose place is gone is the first of the waiting list, and is told; how many those are. What each of the two has
    twice by themselves stays joined. In the caller's transaction, as `join`.
    """
    pairs = Q(participant_id__in=list(some), joined_to__participant_id__in=list(others))
    pairs |= Q(participant_id__in=list(others), joined_to__participant_id__in=list(some))
    waiting = []
    for one in await Registration.filter(pairs, training_id=training.id).order_by("id").prefetch_related("participant"):
        assert one.joined_to_id is not None
        kept = await Registration.get(id=one.joined_to_id).prefetch_related("group")
        await _take_back_loan(one, kept, training)
        if await _stand_again(one, training):
            waiting.append(one.id)
        await give_own_marks(one.id, kept.id)
        await _record("privacy.part", kept, [one], actor)
    for side in (some, others):
        await join(training.id, side, actor=actor)
    return await Registration.filter(id__in=waiting, state=RegistrationState.WAITLISTED).count()


async def _take_back_loan(one: Registration, kept: Registration, training: Training) -> None:
    """The childcare, and the mark of the assessment, that the kept one has of this one."""
    n_lent = min(one.joined_childcare, kept.group.childcare_places)
    if n_lent:
        await _count_childcare_with(await RegistrationGroup.get(id=one.group_id), kept.group, n_lent)
        if any(other.holds_place for other in await Registration.filter(group_id=kept.group_id)):
            await counts.keep(training, counts.room_of(training).releasing(0, n_lent))
    if one.mark is not None and kept.mark == one.mark:
        await Registration.filter(id=kept.id).update(mark=None)


async def _stand_again(one: Registration, training: Training) -> bool:
    """Let it stand as before; whether its place is gone and it waits now."""
    before = one.joined_state
    assert before is not None
    group = await RegistrationGroup.get(id=one.group_id)
    is_alone = group.state is RegistrationState.CANCELLED
    # Those who are left of a form have its childcare already.
    party = Party("again", 1, group.childcare_places if is_alone else 0)
    room, state = counts.room_of(training), before
    takes = before in TAKES_PLACE and one.source is not Source.WALK_IN
    if takes and room.shortage(party) is not None:
        state = RegistrationState.WAITLISTED
    elif takes:
        await counts.keep(training, room.taking(party))
    if group.state not in (state, RegistrationState.CANCELLED):
        # The others of the form stand otherwise by now.
        await move_out(one, training)
        group = await RegistrationGroup.get(id=one.group_id)
    await _enter(one, group, state, training)
    if state is before:
        return False
    await announce(one, one.participant, training, f"registration_{state.value}")
    return True


async def _enter(one: Registration, group: RegistrationGroup, state: RegistrationState, training: Training) -> None:
    is_alone = group.state is RegistrationState.CANCELLED
    if state is RegistrationState.WAITLISTED and group.wait_number is None:
        group.wait_number = await counts.number_after(0, training)
    group.n_people = 1 if is_alone else group.n_people + 1
    group.state, group.changed_at = state, clock.now() if is_alone else group.changed_at
    await group.save(update_fields=["state", "n_people", "wait_number", "changed_at"])
    one.state, one.joined_state, one.joined_childcare = state, None, 0
    one.joined_to_id, one.taken_off, one.cancelled_at, one.cancelled_by = None, None, None, None
    columns = ["state", "joined_state", "joined_childcare", "joined_to_id", "taken_off", "cancelled_at", "cancelled_by"]
    await one.save(update_fields=columns)


async def _record(act: str, kept: Registration, joined: Sequence[Registration], actor: Actor) -> None:
    hub_id = (await Training.get(id=kept.training_id)).hub_id
    for one in joined:
        await record(act, actor=actor, object_id=one.id, hub_id=hub_id, kept=str(kept.id))
