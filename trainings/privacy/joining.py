"""The sign-ups of one person for one training become one, once staff hold them to be one; and are parted again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from tortoise.expressions import Q

from trainings.attendance.joining import count_as, give_own_marks
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate, CertificateState
from trainings.registrations.commands import Join, StandAgain
from trainings.registrations.models import (
    Farewell,
    Registration,
    RegistrationState,
)
from trainings.registrations.needs import NeedState, read_needs, write_needs
from trainings.registrations.seats.sign_up import ask
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
    offered a place, who waits, who is held. Of several the one with a counted place, with a paper, with a contact to be
    told by, and then the oldest. The places of the others go to the list.

    Nobody hears of a loss: there is none. Their cards and marks count for the one that stays, so does the support that
    they asked for, and childcare that was asked for twice once. What came in one form is not joined, nor what a
    certificate was issued for. In the caller's transaction, which holds the training and its stays.
    """
    mine = Registration.filter(training_id=training_id, participant_id__in=list(people))
    live = await mine.exclude(state=RegistrationState.CANCELLED).order_by("id").prefetch_related("participant")
    if len(live) < 2 or len({one.group_id for one in live}) < len(live):
        return
    papers = await _papers(live)
    kept = min(live, key=lambda one: (BEST.index(one.state), not one.holds_place, *_worse(one, papers), one.id))
    joined = [one for one in live if one is not kept and papers.get(one.id) is not CertificateState.VALID]
    if not joined:
        return
    await ask(
        Join(
            training_id=training_id,
            registration_ids=tuple(one.id for one in joined),
            kept_id=kept.id,
            actor=actor,
            farewell=Farewell.JOINED,
        )
    )
    for one in joined:
        await Registration.filter(joined_to_id=one.id).update(joined_to_id=kept.id)
        await count_as(one.id, kept.id)
        kept.needs = _all_asked(kept, one)
        kept.mark = one.mark if kept.mark is None else kept.mark
    await kept.save(update_fields=["needs", "mark"])
    await _record("privacy.join", kept, joined, actor)


def _worse(one: Registration, papers: Collection[UUID]) -> tuple[bool, bool]:
    """Who has no paper comes after who has one, and whom nobody can tell of a change after who left a contact."""
    return one.id not in papers, not (one.participant.phone_key or one.participant.email_key)


async def _papers(live: Sequence[Registration]) -> dict[UUID, CertificateState]:
    """The state of the best paper of each that has one which stands."""
    found = Certificate.filter(registration_id__in=[one.id for one in live]).exclude(state=CertificateState.REVOKED)
    return dict(await found.order_by("state").values_list("registration_id", "state"))


def _all_asked(kept: Registration, one: Registration) -> str | None:
    """The support that either asked for. Where one of them has an answer it stays, the kept one's first."""
    own, more = read_needs(kept.needs), read_needs(one.needs)
    answered = {code: state for code, state in own.items() if state is not NeedState.ASKED}
    return write_needs(own | more | answered)


async def part(training: Training, some: Collection[UUID], others: Collection[UUID], *, actor: Actor) -> int:
    """What was joined of participants who are two people after all stands for itself again, as it stood before.

    Whose place is gone is the first of the waiting list, and is told; how many those are. What each of the two has
    twice by themselves stays joined. In the caller's transaction, as `join`.
    """
    pairs = Q(participant_id__in=list(some), joined_to__participant_id__in=list(others))
    pairs |= Q(participant_id__in=list(others), joined_to__participant_id__in=list(some))
    waiting = []
    for one in await Registration.filter(pairs, training_id=training.id).order_by("id"):
        assert one.joined_to_id is not None
        kept = await Registration.get(id=one.joined_to_id)
        await ask(StandAgain(training_id=training.id, registration_ids=(one.id,), kept_id=kept.id, actor=actor))
        if one.joined_state is not RegistrationState.WAITLISTED:
            waiting.append(one.id)
        if one.mark is not None and kept.mark == one.mark:
            await Registration.filter(id=kept.id).update(mark=None)
        await give_own_marks(one.id, kept.id)
        await _record("privacy.part", kept, [one], actor)
    for side in (some, others):
        await join(training.id, side, actor=actor)
    return await Registration.filter(id__in=waiting, state=RegistrationState.WAITLISTED).count()


async def _record(act: str, kept: Registration, joined: Sequence[Registration], actor: Actor) -> None:
    hub_id = (await Training.get(id=kept.training_id)).hub_id
    for one in joined:
        await record(act, actor=actor, object_id=one.id, hub_id=hub_id, kept=str(kept.id))
