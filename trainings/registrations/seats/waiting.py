"""Offers answered or expired, moving up by hand, closing the waiting list."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import Call, CallResult, OutboxJob, Outcome, StoppedBatch
from trainings.registrations.commands import (
    Accept,
    Decline,
    Fill,
    HandReason,
    Leave,
    Left,
    LetGoFirst,
    MoveOut,
    OfferAgain,
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
from trainings.registrations.seats.allocation import PAST_PROMOTING, NoOffer
from trainings.schedule.changes import Standing
from trainings.schedule.models import DatedChange, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import phase
from trainings.schedule.session_actions import finish, locked_training
from trainings.web.i18n import N_, gettext

logger = logging.getLogger("trainings.registrations")
OFFER = ["reached_at", "offered_until", "told_until", "offer_moved_at"]
TRIES, DAYS = 3, 2
BUT_WHO_HAS_TO_ANSWER = N_(
    "A quien tiene un lugar ofrecido se le ofrece otra vez en 10 minutos, porque su plazo cambió. Si fue un error, "
    "corríjalo antes."
)


class TooFewTries(Refusal):
    code = "too_few_tries"
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
    """Twice is once. Refuses (NoOffer) once the places went to others, and a training that is over or called off."""
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
    """`act`: `accept_offer` or `decline_offer`, for the group that `answering_group` names."""
    async with transaction():
        await act(await answering_group(registration_id), actor=actor)


async def answering_group(registration_id: UUID) -> UUID:
    """The group a person answers for: an adult with a claimed link leaves the others for it.

    In the caller's transaction.
    """
    where = await Registration.get(id=registration_id)
    alone = MoveOut(training_id=where.training_id, registration_ids=(where.id,), actor=PROGRAM, to_answer=True)
    return await moved_to(alone)


async def mark_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff told somebody of the group: the time to answer begins.

    A group reached before keeps its time. Refuses as `accept_offer`.
    """
    async with transaction():
        group, training = await locked_offer(group_id)
        await _reach(group, training, actor, by="call")


async def take_back_reached(group_id: UUID, *, actor: Actor) -> None:
    """Staff had not told them: no time to answer runs, unless a message about the offer went out.

    Nothing once they answered.
    """
    async with transaction():
        group, training = await _locked(group_id)
        if group.state is not RegistrationState.OFFERED or group.reached_at is None or await _is_written_to(group):
            return
        group.reached_at = group.offered_until = None
        await group.save(update_fields=["reached_at", "offered_until"])
        await record("registrations.take_back_reached", actor=actor, object_id=group.id, hub_id=training.hub_id)


async def _is_written_to(group: RegistrationGroup) -> bool:
    """To somebody who still has this offer; the mail server took it."""
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
    group.told_until = group.offer_moved_at = None
    await group.save(update_fields=OFFER)
    await record("registrations.reach", actor=actor, object_id=group.id, hub_id=training.hub_id, by=by)


async def renew_offers(before: Standing, *, actor: Actor) -> None:
    """Adjust times to answer after sessions changed: never after the beginning, also of an earlier one.

    Computed anew from when they were reached: a mistaken move put right takes nothing from them. While a training is
    called off nobody can say yes: a time that expired meanwhile starts again. Message and call about the sessions name
    the new time. In the caller's transaction, with the training locked.
    """
    was_off, moment = before.training.state is TrainingState.CANCELLED, clock.now()
    training = await Training.get(id=before.training.id)
    ahead = [one for one in await TrainingSession.filter(training_id=training.id) if one.starts_at > moment]
    offered = RegistrationGroup.filter(training_id=training.id, state=RegistrationState.OFFERED)
    # A move renews no time that is over, though its offer has not been ended yet.
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
    """The message about the last move of their time still waits. Another move meanwhile is told together with it."""
    return group.offer_moved_at is not None and clock.now() < group.offer_moved_at + STAFF_DELAY


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _renewed(group: RegistrationGroup, training: Training, ahead: Sequence[TrainingSession]) -> datetime | None:
    """The group's time now. Fewer hours than it was told are only for groups reached from now on."""
    assert group.reached_at is not None
    assert group.offered_until is not None
    until = offer_ends(training, ahead, group.reached_at)
    begins = [one.starts_at for one in ahead if one.state is SessionState.PLANNED]
    return None if until is None else max(until, min([group.offered_until, *begins]))


async def fill_places(training_id: UUID) -> None:
    """Give the waiting list the places freed while nobody could move up: the training was called off, or seemed over.

    In the caller's transaction, with the training locked.
    """
    await ask(Fill(training_id=training_id, actor=PROGRAM))


async def expire_offers() -> int:
    """Give on the places of groups that were reached and did not answer in time; returns how many.

    Groups not reached, or not told of the time that counts, keep theirs. Safe from several processes at once.
    """
    late = RegistrationGroup.filter(state=RegistrationState.OFFERED, offered_until__lt=clock.now())
    # A training called off keeps its offers: it may take place after all.
    found = await late.exclude(training__state=TrainingState.CANCELLED).values_list("training_id")
    return await for_each(sorted({key for (key,) in found}), _expire, trouble="offers could not be ended")


async def _expire(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        late = RegistrationGroup.filter(
            training_id=training_id, state=RegistrationState.OFFERED, offered_until__lt=clock.now()
        )
        # Under the lock: the time may end just before the offer is renewed.
        kept = {one.group.id for one in await untold(late)}
        found = await late.order_by("offered_until", "id").values_list("id")
        groups = [group_id for (group_id,) in found if group_id not in kept]
        if training.state is TrainingState.CANCELLED or not groups:
            return 0
        for group_id in groups:
            await record("registrations.expire_offer", actor=PROGRAM, object_id=group_id, hub_id=training.hub_id)
        await ask(Leave(training_id=training_id, group_ids=tuple(groups), actor=PROGRAM, farewell=Farewell.EXPIRED))
        return len(groups)


# -- calls in vain: after three on two days staff may give the place on


async def release_offer(group_id: UUID, *, actor: Actor) -> None:
    """Staff give on the places of a group that nobody reached in three calls on two days.

    Claimed links keep theirs, unless nobody else is left. Told after ten minutes. Refuses with TooFewTries before that,
    and as `accept_offer`.
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

    A call has a row for each person of a household: those of the person with the most count, if still offered a place.
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
    """Three calls, on two days."""
    days = [clock.local(moment).date() for moment in tries]
    return len(days) >= TRIES and len(set(days)) >= DAYS


async def releasable(group_ids: Collection[UUID]) -> set[UUID]:
    """Groups called in vain often enough and not told of the time to answer."""
    tries: Mapping[UUID, Sequence[datetime]] = await tries_in_vain(group_ids)
    enough = [group_id for group_id, moments in tries.items() if are_enough(moments)]
    untold = RegistrationGroup.filter(id__in=enough, reached_at=None)
    return {key for (key,) in await untold.values_list("id")} if enough else set()


# -- offers anew


@dataclass(frozen=True, slots=True)
class Untold:
    """A group that knows another time than counts, and when the message about the change was stopped."""

    group: RegistrationGroup
    stopped_at: datetime

    @property
    def is_due(self) -> bool:
        """Staff have ten minutes to undo a mistaken move, unless somebody loses a place meanwhile."""
        assert self.group.offered_until is not None
        return clock.now() >= min(self.stopped_at + STAFF_DELAY, self.group.offered_until)


async def offer_anew() -> int:
    """Offer places anew where the message about another time to answer was stopped; returns how many groups.

    A time to answer counts only for people told of it: theirs begins when the message or a call reaches them. A move
    undone within ten minutes is told to nobody. Safe from several processes at once.
    """
    found = await untold(reads(RegistrationGroup))
    due = sorted({one.group.training_id for one in found if one.is_due})
    return await for_each(due, _offer, trouble="places could not be offered anew")


async def _offer(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        sessions = await TrainingSession.filter(training_id=training_id)
        if phase(training, sessions, clock.now()) in PAST_PROMOTING:
            return 0
        due = [one.group for one in await untold(RegistrationGroup.filter(training_id=training_id)) if one.is_due]
        if due:
            await ask(OfferAgain(training_id=training_id, group_ids=tuple(one.id for one in due), actor=PROGRAM))
        return len(due)


async def told_all_the_same(batch_id: UUID) -> str:
    """A notice for the person who stopped these messages; empty: no offer is renewed because of it."""
    changes = reads(DatedChange).filter(batch_id=batch_id)
    trainings = {key for (key,) in await changes.values_list("session__training_id")}
    found = await untold(reads(RegistrationGroup).filter(training_id__in=sorted(trainings))) if trainings else []
    return gettext(BUT_WHO_HAS_TO_ANSWER) if found else ""


async def untold(groups: QuerySet[RegistrationGroup]) -> list[Untold]:
    """Groups that were told another time than counts, by their time."""
    moved = groups.filter(state=RegistrationState.OFFERED, offer_moved_at__not_isnull=True)
    ahead = moved.exclude(training__state=TrainingState.CANCELLED).order_by("offered_until", "id")
    running = [one for one in await ahead if one.offered_before is not None]
    if not running:
        return []
    stops = await _stops(running)
    return [Untold(one, stops[one.id]) for one in running if one.id in stops]


async def _stops(groups: Sequence[RegistrationGroup]) -> dict[UUID, datetime]:
    """When the message about a group's last move was stopped; only stopped ones."""
    moved_at = {one.id: one.offer_moved_at for one in groups if one.offer_moved_at is not None}
    changes = reads(DatedChange).filter(
        session__training_id__in=sorted({one.training_id for one in groups}), created_at__gte=min(moved_at.values())
    )
    noted = await changes.order_by("created_at", "id").values_list("session__training_id", "created_at", "batch_id")
    batches = sorted({batch_id for _training_id, _at, batch_id in noted if batch_id is not None})
    stopped = dict(await reads(StoppedBatch).filter(batch_id__in=batches).values_list("batch_id", "created_at"))
    found = {}
    for group in groups:
        # The time moved first, then it was noted what became of the session.
        since = [one for one in noted if one[0] == group.training_id and one[1] >= moved_at[group.id]]
        if since and since[0][2] in stopped:
            found[group.id] = stopped[since[0][2]]
    return found


# -- by hand


async def promote_by_hand(group_id: UUID, reason: HandReason, *, actor: Actor) -> None:
    """The reason is on record for the group and for groups it passes.

    Refuses with NotWaiting, with NoRoom or NoChildcareRoom and the number of places missing, and a training that is
    over or called off.
    """
    await ask_of(group_id, LetGoFirst, actor=actor, reason=reason)


async def close_waiting_list(training_id: UUID, *, actor: Actor) -> UUID | None:
    """Nobody joins it any more; people on it are cancelled and told after ten minutes.

    Offered places stay. Returns the batch that can be stopped until then; None: it was closed before. The training's
    form opens it again. Refuses a training that is over or called off.
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
    """Returns the sum of results. A failure is logged as `trouble` of that training."""
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
    """An offered group under its training's lock, in the caller's transaction.

    Refuses (NoOffer) once the places went to others, and a training that is over or called off.
    """
    group, training = await _locked(group_id)
    await _check_offered(group, training)
    return group, training


async def _check_offered(group: RegistrationGroup, training: Training) -> None:
    if group.state is not RegistrationState.OFFERED:
        raise NoOffer
    await _check_ahead(training)


async def _check_ahead(training: Training) -> None:
    """Refuse a training that is over or called off; people on the list do not need an open window."""
    check_phase(training, await TrainingSession.filter(training_id=training.id), Source.DESK, clock.now())
