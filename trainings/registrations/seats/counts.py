"""The training's counted places as rows: read and kept under its lock, promotion included."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from tortoise.expressions import F

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.errors import Refusal
from trainings.registrations.eligibility import TrainingFull
from trainings.registrations.messages import announce_group
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState
from trainings.registrations.seats.allocation import Party, Room, Shortage, promote
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_

PAST_PROMOTING = frozenset({Phase.CANCELLED, Phase.HELD})


class ChildcareFull(Refusal):
    code = "childcare_full"
    sentence = N_("No quedan tantos lugares de cuidado infantil. Escriba un número menor, o llame a la ventanilla.")


class NoRoom(Refusal):
    """`n` places are missing."""

    code = "no_room"
    sentence = N_("Faltan %(n)s lugares: aumente el cupo o cancele a alguien.")
    ONE = N_("Falta 1 lugar: aumente el cupo o cancele a alguien.")


class NoChildcareRoom(Refusal):
    """`n` places in childcare are missing."""

    code = "no_childcare_room"
    sentence = N_("Faltan %(n)s lugares de cuidado infantil: auméntelos o cancele a alguien.")
    ONE = N_("Falta 1 lugar de cuidado infantil: auméntelos o cancele a alguien.")


class NotWaiting(Refusal):
    code = "not_waiting"
    sentence = N_("Ya no está en la lista de espera. Vuelva a abrir la lista.")


class NoOffer(Refusal):
    code = "no_offer"
    sentence = N_("Ya no hay un lugar guardado. Si todavía le interesa, llame a la ventanilla.")


class CapacityBelowTaken(Refusal):
    code = "capacity_below_taken"
    sentence = N_("Ya hay %(taken)s lugares ocupados: el cupo no puede ser menor.")


class ChildcareBelowTaken(Refusal):
    code = "childcare_below_taken"
    sentence = N_("Ya hay %(taken)s lugares de cuidado infantil ocupados: no pueden ser menos.")


class Places(Protocol):
    """A training's numbers and its rules about places, as a row or as plain values."""

    @property
    def capacity(self) -> int: ...
    @property
    def taken(self) -> int: ...
    @property
    def reserved(self) -> int: ...
    @property
    def childcare_capacity(self) -> int: ...
    @property
    def childcare_taken(self) -> int: ...
    @property
    def has_waiting_list(self) -> bool: ...
    @property
    def approval_required(self) -> bool: ...


def room_of(training: Places) -> Room:
    """The training's places as numbers."""
    return Room(
        training.capacity, training.taken, training.childcare_capacity, training.childcare_taken, training.reserved
    )


def state_for(training: Places, party: Party[str], *, hold: bool = False) -> RegistrationState:
    """The state in which a new group begins; `hold` leaves it to staff, as a training by approval does.

    Refuses what can never fit, and what does not fit where there is no waiting list.
    """
    room = room_of(training)
    if party.childcare_places > room.childcare_capacity:
        raise ChildcareFull(field="childcare_places")
    if hold or training.approval_required:
        return RegistrationState.HELD
    return state_let_in(training, party)


def state_let_in(training: Places, party: Party[str]) -> RegistrationState:
    """The state of a group that nobody has to look at any more. Refuses it without a place or a list to wait on."""
    lacking = room_of(training).shortage(party)
    if lacking is None:
        return RegistrationState.CONFIRMED
    if training.has_waiting_list:
        return RegistrationState.WAITLISTED
    if lacking is Shortage.CHILDCARE:
        raise ChildcareFull(field="childcare_places")
    raise TrainingFull


def check_room(room: Room, party: Party[str]) -> None:
    """Refuse (NoRoom, NoChildcareRoom) a group that does not fit, with the number of places missing."""
    lacking = room.shortage(party)
    if lacking is Shortage.SEATS:
        _refuse(NoRoom, party.n_people - room.free)
    if lacking is Shortage.CHILDCARE:
        _refuse(NoChildcareRoom, party.childcare_places - room.childcare_free)


def _refuse(refusal: type[NoRoom | NoChildcareRoom], n_missing: int) -> None:
    raise refusal(refusal.ONE if n_missing == 1 else None, n=n_missing)


async def keep(training: Training, room: Room) -> None:
    """Write the numbers back."""
    training.capacity, training.taken = room.capacity, room.taken
    training.childcare_capacity, training.childcare_taken = room.childcare_capacity, room.childcare_taken
    training.reserved = room.reserved
    await training.save(update_fields=["capacity", "taken", "reserved", "childcare_capacity", "childcare_taken"])


def party_of(group: RegistrationGroup) -> Party[UUID]:
    """What a group asks for."""
    return Party(group.id, group.n_people, group.childcare_places)


async def next_wait_number(training: Training) -> int:
    """The next number of the waiting list, behind everybody."""
    number: int = training.next_wait_number
    training.next_wait_number = number + 1
    await training.save(update_fields=["next_wait_number"])
    return number


async def number_after(number: int, training: Training) -> int:
    """The number of the waiting list right behind this one: whoever stands further behind moves one on.

    In the caller's transaction, with the training locked.
    """
    await next_wait_number(training)
    behind = RegistrationGroup.filter(training_id=training.id)
    # In two steps: not even in passing may two have one number.
    await behind.filter(wait_number__gt=number).update(wait_number=-1 - F("wait_number"))
    await behind.filter(wait_number__lt=0).update(wait_number=F("wait_number") * -1)
    return number + 1


async def promote_waiting(training: Training, room: Room) -> Room:
    """Give the free places of `room` to the waiting groups, tell them, and log who was passed over and why.

    Called in the transaction that frees a place, with the training locked. Nobody is promoted into a training that is
    called off or over.
    """
    if phase(training, await TrainingSession.filter(training_id=training.id), clock.now()) in PAST_PROMOTING:
        return room
    waiting = await RegistrationGroup.filter(training_id=training.id, state=RegistrationState.WAITLISTED).order_by(
        "wait_number"
    )
    outcome = promote(room, map(party_of, waiting))
    for group in waiting:
        if group.id in outcome.promoted:
            await move_up(group, training, actor=PROGRAM)
    for group_id, lacking in outcome.passed_over:
        await record(
            "registrations.pass_over",
            actor=PROGRAM,
            object_id=group_id,
            hub_id=training.hub_id,
            lacking=lacking.value,
        )
    return outcome.room


async def move_up(group: RegistrationGroup, training: Training, *, actor: Actor, **detail: object) -> None:
    """Give a waiting group its places, or offer them where the training gives time to say yes; tell them, on record."""
    if training.offer_hours is None:
        await confirm_group(group)
        kind = "registration_promoted"
    else:
        await _offer(group)
        kind = "registration_offered"
    await RegistrationGroup.filter(id=group.id).update(moved_up_at=clock.now())
    await announce_group(group, training, kind)
    await record("registrations.promote", actor=actor, object_id=group.id, hub_id=training.hub_id, **detail)


async def _offer(group: RegistrationGroup) -> None:
    """The places are kept for the group, which has to say yes; the time for it runs from when somebody was reached."""
    moment = clock.now()
    group.state, group.wait_number, group.changed_at = RegistrationState.OFFERED, None, moment
    group.reached_at = group.offered_until = None
    await group.save(update_fields=["state", "wait_number", "changed_at", "reached_at", "offered_until"])
    await Registration.filter(group_id=group.id, state__not=RegistrationState.CANCELLED).update(
        state=RegistrationState.OFFERED
    )


async def confirm_group(group: RegistrationGroup) -> None:
    """The whole group has its places."""
    moment = clock.now()
    group.state, group.wait_number, group.changed_at = RegistrationState.CONFIRMED, None, moment
    await group.save(update_fields=["state", "wait_number", "changed_at"])
    await Registration.filter(group_id=group.id, state__not=RegistrationState.CANCELLED).update(
        state=RegistrationState.CONFIRMED, confirmed_at=moment
    )
