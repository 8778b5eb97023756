from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from tortoise.expressions import Q

from trainings.attendance.actions import count_as, give_own_marks
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate, CertificateState
from trainings.people.consents import without_permission
from trainings.registrations.commands import Join, StandAgain
from trainings.registrations.models import (
    Farewell,
    NeedState,
    Registration,
    RegistrationState,
    read_needs,
    write_needs,
)
from trainings.registrations.seats.actions import ask
from trainings.schedule.models import Training

BEST = (
    RegistrationState.CONFIRMED,
    RegistrationState.OFFERED,
    RegistrationState.WAITLISTED,
    RegistrationState.HELD,
)


async def shared_trainings(some: Collection[UUID], others: Collection[UUID], hubs: Collection[UUID]) -> set[UUID]:
    of_hubs = Registration.filter(training__hub_id__in=list(hubs))
    found = [await of_hubs.filter(participant_id__in=list(side)).values_list("training_id") for side in (some, others)]
    return {key for (key,) in found[0]} & {key for (key,) in found[1]}


async def trainings_joined(people: Collection[UUID]) -> set[UUID]:
    joined = Registration.filter(participant_id__in=list(people), joined_to_id__not_isnull=True)
    return {key for (key,) in await joined.values_list("training_id")}


async def join(training_id: UUID, people: Collection[UUID], *, actor: Actor) -> None:
    """Keep the best registration that these participants, one person, have in a training: confirmed, offered,
    waitlisted, held; among equals first with a counted place, a paper, a contact, then the oldest. The waiting list
    gets all other places.

    Nobody is told: cards, marks and support needs count for the kept registration, childcare asked twice counts once.
    Registrations of one form are not joined, nor certified registrations. The caller's transaction holds the training
    and its stays.
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
        # Childcare that an earlier join lent to `one` stays with it: parted again, nobody takes it from `kept`.
        await Registration.filter(joined_to_id=one.id).update(joined_to_id=kept.id, joined_childcare=0)
        await count_as(one.id, kept.id)
        kept.needs = _all_asked(kept, one)
        kept.mark = one.mark if kept.mark is None else kept.mark
    await kept.save(update_fields=["needs", "mark"])
    await _record("privacy.join", kept, joined, actor)


def _worse(one: Registration, papers: Collection[UUID]) -> tuple[bool, bool]:
    return one.id not in papers, not (one.participant.phone_key or one.participant.email_key)


async def _papers(live: Sequence[Registration]) -> dict[UUID, CertificateState]:
    found = Certificate.filter(registration_id__in=[one.id for one in live]).exclude(state=CertificateState.REVOKED)
    return dict(await found.order_by("state").values_list("registration_id", "state"))


def _all_asked(kept: Registration, one: Registration) -> str | None:
    """An answer stays, first the kept registration's."""
    own, more = read_needs(kept.needs), read_needs(one.needs)
    answered = {code: state for code, state in own.items() if state is not NeedState.ASKED}
    return write_needs(own | more | answered)


async def part(training: Training, some: Collection[UUID], others: Collection[UUID], *, actor: Actor) -> int:
    """Part joined registrations of participants who are two people after all, each in its former state; in the caller's
    transaction, as `join`. A registration without its place goes first on the waiting list and is told; returns
    their number. What each person has twice alone stays joined.
    """
    pairs = Q(participant_id__in=list(some), joined_to__participant_id__in=list(others))
    pairs |= Q(participant_id__in=list(others), joined_to__participant_id__in=list(some))
    waiting = []
    for one in await Registration.filter(pairs, training_id=training.id).order_by("id"):
        assert one.joined_to_id is not None
        kept = await Registration.get(id=one.joined_to_id)
        without = await without_permission([one.participant_id])
        again = StandAgain(
            training_id=training.id, registration_ids=(one.id,), kept_id=kept.id, actor=actor, without=without
        )
        await ask(again)
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
