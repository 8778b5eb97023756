"""The waiting list in the hands of people: offers that are answered or run out, moving up by hand, closing the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob, Outcome
from trainings.registrations.commands import Accept, Decline, Fill, HandReason, Leave, LetGoFirst, MoveOut
from trainings.registrations.eligibility import check_phase
from trainings.registrations.models import (
    Farewell,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.seats.counts import NoOffer
from trainings.registrations.seats.offer_tries import releasable
from trainings.registrations.seats.one_by_one import for_each
from trainings.registrations.seats.renewed_offers import untold
from trainings.registrations.seats.sign_up import UnknownGroup, ask, ask_of, moved_to, stoppable
from trainings.schedule.changes import Standing
from trainings.schedule.locks import locked_training
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.session_actions import finish
from trainings.web.i18n import N_

OFFER = ["reached_at", "offered_until", "told_until", "offer_moved_at"]
"""The columns of the time to answer."""


class TooFewTries(Refusal):
    code = "too_few_tries"
    sentence = N_(
        "El lugar se puede soltar cuando nadie contestó tres llamadas, en dos días distintos. Anote cada una con "
        "«No se pudo»."
    )


# -- offers


def offer_ends(training: Training, sessions: Sequence[TrainingSession], reached_at: datetime) -> datetime | None:
    """Until when a place is kept for somebody reached at this moment; none where the training gives no time limit.

    Never beyond the beginning of the next session: then it is wanted, or free for who stands at the door.
    """
    if training.offer_hours is None:
        return None
    begins = (one.starts_at for one in sessions if one.state is SessionState.PLANNED and one.starts_at > reached_at)
    return min([reached_at + timedelta(hours=training.offer_hours), *begins])


async def accept_offer(group_id: UUID, *, actor: Actor) -> None:
    """The group says yes to its places, and is told that they are theirs.

    Saying it twice is one yes. Refuses (NoOffer) once the places went to others, and what is over or called off.
    """
    await ask_of(group_id, Accept, actor=actor)


async def decline_offer(group_id: UUID, *, actor: Actor) -> None:
    """The group says no: it is cancelled, and its places go to who waits in the same transaction.

    Who made their link their own is still offered a place, unless nobody else is; of several refuses
    (EachForThemselves). Saying it twice is one no. Refuses like `accept_offer`. What staff write down is told after
    ten minutes.
    """
    async with transaction():
        await ask_of(group_id, Decline, actor=actor, **stoppable(actor))
        await take_back_reached(group_id, actor=actor)


async def answer_alone(act: Callable[..., Awaitable[None]], registration_id: UUID, *, actor: Actor) -> None:
    """One person says yes (`accept_offer`) or no (`decline_offer`) for those whom `answering_group` names."""
    async with transaction():
        await act(await answering_group(registration_id), actor=actor)


async def answering_group(registration_id: UUID) -> UUID:
    """The group for which a person answers an offer: who made their link their own leaves the others for it.

    In the caller's transaction.
    """
    where = await Registration.get(id=registration_id)
    alone = MoveOut(training_id=where.training_id, registration_ids=(where.id,), actor=PROGRAM, to_answer=True)
    return await moved_to(alone)


async def release_offer(group_id: UUID, *, actor: Actor) -> None:
    """Staff give on the places of a group that nobody could reach, after three calls in vain on two days.

    Who made their link their own keeps theirs, unless nobody else is left. Who loses them is told after ten minutes.
    Refuses (TooFewTries) before that, and like `accept_offer`.
    """
    async with transaction():
        await locked_offer(group_id)
        if not await releasable([group_id]):
            raise TooFewTries
        await ask_of(
            group_id,
            Decline,
            actor=actor,
            run_at=clock.now() + STAFF_DELAY,
            batch_id=uuid7(),
            farewell=Farewell.EXPIRED,
        )


async def mark_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff told somebody of the group by telephone or in person: from now on the time to answer runs.

    Whoever was reached before keeps that time. Refuses like `accept_offer`.
    """
    async with transaction():
        group, training = await locked_offer(group_id)
        await _reach(group, training, actor, by="call")


async def take_back_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff had not told them after all: no time to answer runs, unless a message about the offer went out.

    Nothing where they answered meanwhile.
    """
    async with transaction():
        group, training = await _locked(group_id)
        if group.state is not RegistrationState.OFFERED or group.reached_at is None or await _is_written_to(group):
            return
        group.reached_at = group.offered_until = None
        await group.save(update_fields=["reached_at", "offered_until"])
        await record("registrations.take_back_reached", actor=actor, object_id=group.id, hub_id=training.hub_id)


async def _is_written_to(group: RegistrationGroup) -> bool:
    """Whether the mail server took a message about this offer, to somebody who is still offered it."""
    live = Registration.filter(group_id=group.id, state=RegistrationState.OFFERED)
    ids = [key for (key,) in await live.values_list("id")]
    sent = OutboxJob.filter(subject_id__in=ids, kind="registration_offered", outcome=Outcome.SENT)
    return await sent.filter(done_at__gte=group.changed_at).exists()


async def reached_by_mail(group_id: UUID) -> None:
    """The mail server took the message about the offer: the time to answer runs. Nothing where it does not any more."""
    async with transaction():
        group, training = await _locked(group_id)
        if group.state is RegistrationState.OFFERED:
            await _reach(group, training, PROGRAM, by="mail")


async def _reach(group: RegistrationGroup, training: Training, actor: Actor, *, by: str) -> None:
    if group.reached_at is not None:
        return
    moment = clock.now()
    sessions = await TrainingSession.filter(training_id=training.id)
    group.reached_at, group.offered_until = moment, offer_ends(training, sessions, moment)
    group.told_until = group.offer_moved_at = None
    await group.save(update_fields=OFFER)
    await record("registrations.reach", actor=actor, object_id=group.id, hub_id=training.hub_id, by=by)


async def renew_offers(before: Standing, *, actor: Actor) -> None:
    """The time to answer after something was done to the sessions: never beyond the beginning, also of an earlier one.

    It is computed anew from when they were reached: what is moved by mistake and put right takes nothing from them.
    While a training is called off nobody can say yes: whose time ran meanwhile has it again. The message and the call
    about the sessions name the new time. In the caller's transaction, with the training locked.
    """
    was_off, moment = before.training.state is TrainingState.CANCELLED, clock.now()
    training = await Training.get(id=before.training.id)
    ahead = [one for one in await TrainingSession.filter(training_id=training.id) if one.starts_at > moment]
    offered = RegistrationGroup.filter(training_id=training.id, state=RegistrationState.OFFERED)
    # Whose time is over has none again by a move; only nobody has ended it yet.
    running = offered.filter(offered_until__not_isnull=True) if was_off else offered.filter(offered_until__gt=moment)
    unaware = set() if was_off else {one.group.id for one in await untold(running)}
    for group in await running.order_by("id"):
        old = group.reached_at, group.offered_until
        if was_off:
            group.reached_at, group.told_until, group.offer_moved_at = moment, None, None
        group.offered_until = _renewed(group, training, ahead)
        if group.offered_until != old[1]:
            if group.id not in unaware and not _is_being_told(group):
                group.told_until = old[1]
            group.offer_moved_at = moment
        if (group.reached_at, group.offered_until) != old:
            await group.save(update_fields=OFFER)
        if group.offered_until != old[1]:
            await record(
                "registrations.move_offer",
                actor=actor,
                object_id=group.id,
                hub_id=training.hub_id,
                old=_written(old[1]),
                new=_written(group.offered_until),
            )


def _is_being_told(group: RegistrationGroup) -> bool:
    """Whether the message about the last move of their time still waits. What moves again meanwhile is told once."""
    return group.offer_moved_at is not None and clock.now() < group.offer_moved_at + STAFF_DELAY


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _renewed(group: RegistrationGroup, training: Training, ahead: Sequence[TrainingSession]) -> datetime | None:
    """Until when this group has time now. Fewer hours than it was told of are for those reached from now on."""
    assert group.reached_at is not None
    assert group.offered_until is not None
    until = offer_ends(training, ahead, group.reached_at)
    begins = [one.starts_at for one in ahead if one.state is SessionState.PLANNED]
    return None if until is None else max(until, min([group.offered_until, *begins]))


async def fill_places(training_id: UUID) -> None:
    """Give who waits the places that came free while nobody could move up: the training was called off, or seemed over.

    In the caller's transaction, with the training locked.
    """
    await ask(Fill(training_id=training_id, actor=PROGRAM))


async def expire_offers() -> int:
    """Give on the places of who was reached and did not answer in time; how many groups that were.

    Who was not reached, or not told of the time that counts, keeps theirs. Safe at any time, and when several
    processes do it at once.
    """
    late = RegistrationGroup.filter(state=RegistrationState.OFFERED, offered_until__lt=clock.now())
    # What was called off keeps its offers: it may take place after all.
    found = await late.exclude(training__state=TrainingState.CANCELLED).values_list("training_id")
    return await for_each(sorted({key for (key,) in found}), _expire, trouble="offers could not be ended")


async def _expire(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        late = RegistrationGroup.filter(
            training_id=training_id, state=RegistrationState.OFFERED, offered_until__lt=clock.now()
        )
        # Asked under the lock: the time may end just before they are offered it anew.
        kept = {one.group.id for one in await untold(late)}
        found = await late.order_by("offered_until", "id").values_list("id")
        groups = [group_id for (group_id,) in found if group_id not in kept]
        if training.state is TrainingState.CANCELLED or not groups:
            return 0
        for group_id in groups:
            await record("registrations.expire_offer", actor=PROGRAM, object_id=group_id, hub_id=training.hub_id)
        await ask(Leave(training_id=training_id, group_ids=tuple(groups), actor=PROGRAM, farewell=Farewell.EXPIRED))
        return len(groups)


# -- by hand


async def promote_by_hand(group_id: UUID, reason: HandReason, *, actor: Actor) -> None:
    """Let a waiting group go before others, with the reason on record for it and for those it passes.

    Refuses (NotWaiting) who does not wait, (NoRoom, NoChildcareRoom) with the number of places missing, and what is
    over or called off.
    """
    await ask_of(group_id, LetGoFirst, actor=actor, reason=reason)


async def close_waiting_list(training_id: UUID, *, actor: Actor) -> UUID | None:
    """End the waiting list: nobody joins it any more, who is on it is cancelled and told after ten minutes.

    Offered places stay. Returns the batch of messages that may be stopped till then; none where it was closed before.
    It is opened again in the training's form. Refuses what is over or called off.
    """
    batch = uuid7()
    async with transaction():
        training = await locked_training(training_id)
        if training.state is not TrainingState.DRAFT:
            await _check_ahead(training)
        on_it = RegistrationGroup.filter(training_id=training_id, state=RegistrationState.WAITLISTED)
        waiting = [group_id for (group_id,) in await on_it.order_by("wait_number").values_list("id")]
        if not waiting and not training.has_waiting_list:
            return None
        told: dict[str, Any] = {"run_at": clock.now() + STAFF_DELAY, "batch_id": batch}
        closed = Farewell.LIST_CLOSED
        await ask(Leave(training_id=training_id, group_ids=tuple(waiting), actor=actor, farewell=closed, **told))
        training.has_waiting_list = False
        await training.save(update_fields=["has_waiting_list"])
        # A form that was opened before must not open the list again.
        await finish(training)
        await record(
            "registrations.close_waiting_list",
            actor=actor,
            object_id=training.id,
            hub_id=training.hub_id,
            groups=[str(group_id) for group_id in waiting],
        )
    return batch


# -- parts


async def _locked(group_id: UUID) -> tuple[RegistrationGroup, Training]:
    """The group read under its training's lock."""
    where = await RegistrationGroup.get_or_none(id=group_id)
    if where is None:
        raise UnknownGroup
    training = await locked_training(where.training_id)
    return await RegistrationGroup.get(id=group_id), training


async def locked_offer(group_id: UUID) -> tuple[RegistrationGroup, Training]:
    """A group that is offered places, in the caller's transaction and under its training's lock.

    Refuses (NoOffer) once the places went to others, and what is over or called off.
    """
    group, training = await _locked(group_id)
    await _check_offered(group, training)
    return group, training


async def _check_offered(group: RegistrationGroup, training: Training) -> None:
    if group.state is not RegistrationState.OFFERED:
        raise NoOffer
    await _check_ahead(training)


async def _check_ahead(training: Training) -> None:
    """Refuse what is over or called off; the window does not matter to who is on the list."""
    check_phase(training, await TrainingSession.filter(training_id=training.id), Source.DESK, clock.now())
