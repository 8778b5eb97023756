from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import Call, CallResult, OutboxJob, Outcome
from trainings.registrations.commands import (
    Accept,
    Decline,
    Fill,
    HandReason,
    Leave,
    Left,
    LetGoFirst,
    MoveOut,
)
from trainings.registrations.eligibility import check_phase
from trainings.registrations.messages import standing_marks
from trainings.registrations.models import (
    Farewell,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.seats.actions import UnknownGroup, ask, ask_of, moved_to, stoppable
from trainings.registrations.seats.allocation import NoOffer
from trainings.schedule.changes import TrainingFacts
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.session_actions import finish, locked_training
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.registrations")
OFFER = ["reached_at", "offered_until", "told_until"]
TRIES, DAYS = 3, 2


class TooFewTries(Refusal):
    sentence = N_(
        "El lugar se puede soltar cuando nadie contestó tres llamadas, en dos días distintos. Anote cada una con "
        "«No se pudo»."
    )


# -- offers


def offer_ends(training: Training, sessions: Sequence[TrainingSession], reached_at: datetime) -> datetime | None:
    """Time to answer of a group reached at this moment. None: the training sets no limit.

    Never after the next session begins: then the place is wanted, or free for people at the door.
    """
    if training.offer_hours is None:
        return None
    begins = (one.starts_at for one in sessions if one.state is SessionState.PLANNED and one.starts_at > reached_at)
    return min([reached_at + timedelta(hours=training.offer_hours), *begins])


async def accept_offer(group_id: UUID, *, actor: Actor) -> None:
    """Twice is once. Refuses (NoOffer) places given on, and a training over or called off."""
    await ask_of(group_id, Accept, actor=actor)


async def decline_offer(group_id: UUID, *, actor: Actor) -> None:
    """The group is cancelled; its places go to the waiting list in the same transaction.

    An adult with a claimed link keeps the offer, unless nobody else has it; of several refuses (EachForThemselves).
    Twice is once. Refuses as `accept_offer`. A no recorded by staff is told after ten minutes.
    """
    async with transaction():
        left = await ask_of(group_id, Decline, actor=actor, **stoppable(actor))
        if isinstance(left, Left) and left.registration_ids:
            await take_back_reached(group_id, actor=actor)


async def answer_alone(act: Callable[..., Awaitable[None]], registration_id: UUID, *, actor: Actor) -> None:
    async with transaction():
        await act(await answering_group(registration_id), actor=actor)


async def answering_group(registration_id: UUID) -> UUID:
    """The group a person answers for: an adult with a claimed link first gets a group of their own. In the caller's
    transaction.
    """
    where = await Registration.get(id=registration_id)
    alone = MoveOut(training_id=where.training_id, registration_ids=(where.id,), actor=PROGRAM, to_answer=True)
    return await moved_to(alone)


async def mark_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff told somebody of the group: the time to answer begins. A group reached before keeps its time. Refuses as
    `accept_offer`.
    """
    async with transaction():
        group, training = await locked_offer(group_id)
        await _reach(group, training, actor, by="call")


async def take_back_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff had not told them: no time to answer runs, unless a message about the offer went out. Nothing once they
    answered.
    """
    async with transaction():
        group, training = await _locked(group_id)
        if group.state is not RegistrationState.OFFERED or group.reached_at is None or await _is_written_to(group):
            return
        group.reached_at = group.offered_until = None
        await group.save(update_fields=["reached_at", "offered_until"])
        await record("registrations.take_back_reached", actor=actor, object_id=group.id, hub_id=training.hub_id)


async def _is_written_to(group: RegistrationGroup) -> bool:
    live = Registration.filter(group_id=group.id, state=RegistrationState.OFFERED)
    ids = [key for (key,) in await live.values_list("id")]
    sent = OutboxJob.filter(subject_id__in=ids, kind="registration_offered", outcome=Outcome.SENT)
    return await sent.filter(done_at__gte=group.changed_at).exists()


async def reached_by_mail(group_id: UUID) -> None:
    """The mail server took the message about the offer: the time to answer begins. Nothing once the offer is gone."""
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
    group.told_until = None
    await group.save(update_fields=OFFER)
    await record("registrations.reach", actor=actor, object_id=group.id, hub_id=training.hub_id, by=by)


async def renew_offers(before: TrainingFacts, *, actor: Actor) -> None:
    """Adjust times to answer after sessions changed: never after the beginning, also of an earlier session.

    Computed anew from when groups were reached: a mistaken move put right takes nothing from them. While a training is
    called off nobody can say yes: a time that expired meanwhile starts again. Message and call about the sessions name
    the new time; they may be stopped, so the latest time that may have been told is kept. In the caller's transaction,
    with the training locked.
    """
    was_off, moment = before.training.state is TrainingState.CANCELLED, clock.now()
    training = await Training.get(id=before.training.id)
    ahead = [one for one in await TrainingSession.filter(training_id=training.id) if one.starts_at > moment]
    offered = RegistrationGroup.filter(training_id=training.id, state=RegistrationState.OFFERED)
    # A move renews no time that is over, though its offer has not been ended yet.
    running = offered.filter(offered_until__not_isnull=True) if was_off else offered.filter(offered_until__gt=moment)
    for group in await running.order_by("id"):
        old = group.reached_at, group.offered_until
        group.reached_at = moment if was_off else group.reached_at
        group.offered_until = _renewed(group, training, ahead)
        if (group.reached_at, group.offered_until) == old:
            continue
        group.told_until = max(filter(None, (group.told_until, old[1])), default=None)
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


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _renewed(group: RegistrationGroup, training: Training, ahead: Sequence[TrainingSession]) -> datetime | None:
    """Fewer hours than a group was told are only for groups reached from now on."""
    assert group.reached_at is not None
    assert group.offered_until is not None
    until = offer_ends(training, ahead, group.reached_at)
    begins = [one.starts_at for one in ahead if one.state is SessionState.PLANNED]
    return None if until is None else max(until, min([group.offered_until, *begins]))


async def fill_places(training_id: UUID) -> None:
    """Give the waiting list the places freed while the training was called off, or seemed over. In the caller's
    transaction, with the training locked.
    """
    await ask(Fill(training_id=training_id, actor=PROGRAM))


async def expire_offers() -> int:
    """Give on the places of groups that were reached and did not answer in time; returns how many. Safe from several
    processes at once.
    """
    # A training called off keeps its offers: it may take place after all.
    late = _late().exclude(training__state=TrainingState.CANCELLED)
    training_ids = sorted({key for (key,) in await late.values_list("training_id")})
    return await for_each(training_ids, _expire, trouble="offers could not be ended")


def _late() -> QuerySet[RegistrationGroup]:
    """Nobody loses a place before the time they know is over, nor before the time that counts."""
    over = RegistrationGroup.filter(state=RegistrationState.OFFERED, offered_until__lt=clock.now())
    return over.filter(Q(told_until__isnull=True) | Q(told_until__lt=clock.now()))


async def _expire(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        # Under the lock: the time may end just before the offer is renewed.
        late = _late().filter(training_id=training_id).order_by("offered_until", "id")
        groups = [group_id for (group_id,) in await late.values_list("id")]
        if training.state is TrainingState.CANCELLED or not groups:
            return 0
        for group_id in groups:
            await record("registrations.expire_offer", actor=PROGRAM, object_id=group_id, hub_id=training.hub_id)
        await ask(Leave(training_id=training_id, group_ids=tuple(groups), actor=PROGRAM, farewell=Farewell.EXPIRED))
        return len(groups)


# -- calls in vain: after three on two days staff may give the place on


async def release_offer(group_id: UUID, *, actor: Actor) -> None:
    """Staff give on the places of a group that nobody reached in three calls on two days.

    Adults with a claimed link keep their places, unless nobody else is left. Told after ten minutes. Refuses with
    TooFewTries before that, and as `accept_offer`.
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


async def tries_in_vain(group_ids: Collection[UUID]) -> dict[UUID, Sequence[datetime]]:
    """By offered group, its calls in vain since the offer, on whichever list.

    A call has a row for each person of a household: the person still offered a place with the most rows counts.
    """
    groups = await RegistrationGroup.filter(id__in=list(group_ids), state=RegistrationState.OFFERED)
    offered_at = {one.id: one.changed_at for one in groups}
    marks: dict[tuple[UUID, UUID], list[Call]] = defaultdict(list)
    if offered_at:
        found = Call.filter(
            registration__group_id__in=sorted(offered_at), registration__state=RegistrationState.OFFERED
        )
        for mark in await found.order_by("created_at", "id").prefetch_related("registration"):
            group_id = mark.registration.group_id
            if mark.created_at >= offered_at[group_id]:
                marks[group_id, mark.registration_id].append(mark)
    tries: dict[UUID, Sequence[datetime]] = {}
    for (group_id, _person), of_person in marks.items():
        in_vain = [one.created_at for one in standing_marks(of_person) if one.result is CallResult.NOT_REACHED]
        tries[group_id] = max(tries.get(group_id, ()), in_vain, key=len)
    return tries


def are_enough(tries: Iterable[datetime]) -> bool:
    days = [clock.local(moment).date() for moment in tries]
    return len(days) >= TRIES and len(set(days)) >= DAYS


async def releasable(group_ids: Collection[UUID]) -> set[UUID]:
    tries: Mapping[UUID, Sequence[datetime]] = await tries_in_vain(group_ids)
    enough = [group_id for group_id, moments in tries.items() if are_enough(moments)]
    untold = RegistrationGroup.filter(id__in=enough, reached_at=None)
    return {key for (key,) in await untold.values_list("id")} if enough else set()


# -- by hand


async def promote_by_hand(group_id: UUID, reason: HandReason, *, actor: Actor) -> None:
    """The reason is on record for the group and for groups it passes. Refuses with NotWaiting, with NoRoom or
    NoChildcareRoom and the number of places missing, and a training over or called off.
    """
    await ask_of(group_id, LetGoFirst, actor=actor, reason=reason)


async def close_waiting_list(training_id: UUID, *, actor: Actor) -> UUID | None:
    """Nobody joins it any more; people on it are cancelled and told after ten minutes.

    Offered places stay. Returns the batch that can be stopped until then; None: it was closed before. The training's
    form opens it again. Refuses a training over or called off.
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
        # A form opened earlier must not open the list again.
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


async def for_each(training_ids: Iterable[UUID], act: Callable[[UUID], Awaitable[int]], *, trouble: str) -> int:
    """The sum of results. A failure is logged as `trouble` of that training."""
    n_done = 0
    for training_id in training_ids:
        try:
            n_done += await act(training_id)
        except Exception:  # whatever it was, the next round tries again
            logger.exception("%s: training %s", trouble, training_id)
    return n_done


async def _locked(group_id: UUID) -> tuple[RegistrationGroup, Training]:
    where = await RegistrationGroup.get_or_none(id=group_id)
    if where is None:
        raise UnknownGroup
    training = await locked_training(where.training_id)
    return await RegistrationGroup.get(id=group_id), training


async def locked_offer(group_id: UUID) -> tuple[RegistrationGroup, Training]:
    """Locks the group's training, in the caller's transaction. Refuses (NoOffer) places given on, and a training over
    or called off.
    """
    group, training = await _locked(group_id)
    if group.state is not RegistrationState.OFFERED:
        raise NoOffer
    await _check_ahead(training)
    return group, training


async def _check_ahead(training: Training) -> None:
    """People on the list do not need an open window."""
    check_phase(training, await TrainingSession.filter(training_id=training.id), Source.DESK, clock.now())
