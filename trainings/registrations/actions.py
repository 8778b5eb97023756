"""Changes of a registration that stands: cancel, take up again, rename, needs, approve; and those that free places."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.people.actions import correct_name
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.messages import announce, announce_group
from trainings.registrations.models import MOVES, TAKES_PLACE, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.sign_up import SignUpClosed, locked_training
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.phase import TAKES_SIGN_UPS, last_end, phase
from trainings.web.i18n import N_


class CannotChange(Refusal):
    code = "cannot_change"
    sentence = N_("Esta inscripción ya no se puede cambiar aquí. Llame a la ventanilla.")


class CapacityBelowTaken(Refusal):
    code = "capacity_below_taken"
    sentence = N_("Ya hay %(taken)s lugares ocupados: el cupo no puede ser menor.")


class ChildcareBelowTaken(Refusal):
    code = "childcare_below_taken"
    sentence = N_("Ya hay %(taken)s lugares de cuidado infantil ocupados: no pueden ser menos.")


async def cancel(registration_id: UUID, *, actor: Actor) -> None:
    """Cancel one person; their place goes to the waiting list in the same transaction.

    Cancelling twice is one cancellation, a look-alike's touches only itself. Refuses once the training is over.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is RegistrationState.CANCELLED:
            return
        if await _is_over(training):
            raise CannotChange
        await _release(registration, training)
        await announce(registration, registration.participant, training, "registration_cancelled")
        await record("registrations.cancel", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def _release(registration: Registration, training: Training) -> None:
    """Mark it cancelled, shrink its group, and promote into what became free."""
    group = await RegistrationGroup.get(id=registration.group_id)
    held_place = registration.holds_place
    moment = clock.now()
    registration.state, registration.cancelled_at = RegistrationState.CANCELLED, moment
    await registration.save(update_fields=["state", "cancelled_at"])
    is_last = not await Registration.exists(group_id=group.id, state__not=RegistrationState.CANCELLED)
    freed_childcare = group.childcare_places if is_last else 0
    if is_last:
        group.state, group.wait_number, group.changed_at = RegistrationState.CANCELLED, None, moment
    else:
        group.n_people -= 1
    await group.save(update_fields=["state", "wait_number", "n_people", "changed_at"])
    if held_place:
        room = places.room_of(training).releasing(1, freed_childcare)
        await places.keep(training, await places.promote_waiting(training, room))
    elif not is_last:
        await places.keep(training, await places.promote_waiting(training, places.room_of(training)))


async def rejoin(registration_id: UUID, *, actor: Actor) -> None:
    """Take a cancelled registration up again: a place if one is free, else the end of the waiting list.

    Refuses when sign-up is over, and like any sign-up when nothing is left.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is not RegistrationState.CANCELLED:
            return
        if phase(training, await _sessions(training), clock.now()) not in TAKES_SIGN_UPS:
            raise SignUpClosed
        group = await RegistrationGroup.get(id=registration.group_id)
        if group.state is not RegistrationState.CANCELLED:
            raise CannotChange
        state = places.state_for(training, Party("again", 1, group.childcare_places))
        is_duplicate = registration.duplicate_of_id is not None
        if state in TAKES_PLACE and not is_duplicate:
            party = Party("again", 1, group.childcare_places)
            await places.keep(training, places.room_of(training).taking(party))
        await _place(registration, group, training, state)
        await announce(registration, registration.participant, training, f"registration_{state.value}")
        await record(
            "registrations.rejoin", actor=actor, object_id=registration.id, hub_id=training.hub_id, state=state.value
        )


async def _place(
    registration: Registration, group: RegistrationGroup, training: Training, state: RegistrationState
) -> None:
    assert state in MOVES[registration.state] or state is RegistrationState.HELD
    moment = clock.now()
    is_waiting = state is RegistrationState.WAITLISTED
    group.state, group.changed_at, group.n_people = state, moment, 1
    group.wait_number = await places.next_wait_number(training) if is_waiting else None
    await group.save(update_fields=["state", "wait_number", "changed_at", "n_people"])
    registration.state, registration.cancelled_at = state, None
    registration.confirmed_at = moment if state is RegistrationState.CONFIRMED else None
    await registration.save(update_fields=["state", "cancelled_at", "confirmed_at"])


async def rename(registration_id: UUID, given_names: str, surnames: str, *, actor: Actor) -> None:
    """Correct the name as it will be printed. What was already printed keeps its own name."""
    async with transaction():
        registration, training = await _locked(registration_id)
        await correct_name(registration.participant, given_names, surnames)
        await record("registrations.rename", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def change_needs(registration_id: UUID, needs: Sequence[str], *, actor: Actor) -> None:
    """Ask for other support, or for none."""
    async with transaction():
        registration, training = await _locked(registration_id)
        registration.needs = ",".join(needs) or None
        await registration.save(update_fields=["needs"])
        await record(
            "registrations.change_needs", actor=actor, object_id=registration.id, hub_id=training.hub_id, n=len(needs)
        )


async def approve(registration_id: UUID, *, actor: Actor) -> None:
    """Let a held registration in: a place, or the waiting list when none is left."""
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is not RegistrationState.HELD:
            raise CannotChange
        group = await RegistrationGroup.get(id=registration.group_id)
        party = Party("held", group.n_people, group.childcare_places)
        fits = places.room_of(training).shortage(party) is None
        state = RegistrationState.CONFIRMED if fits else RegistrationState.WAITLISTED
        if fits and registration.duplicate_of_id is None:
            await places.keep(training, places.room_of(training).taking(party))
        await _place(registration, group, training, state)
        await announce(registration, registration.participant, training, f"registration_{state.value}")
        await record(
            "registrations.approve", actor=actor, object_id=registration.id, hub_id=training.hub_id, state=state.value
        )


async def resize(training_id: UUID, capacity: int, childcare_capacity: int, *, actor: Actor) -> None:
    """Change a training's places; more of them promote the waiting list. Below `taken` is refused with the number."""
    async with transaction():
        training = await locked_training(training_id)
        if capacity < training.taken:
            raise CapacityBelowTaken(field="capacity", taken=training.taken)
        if childcare_capacity < training.childcare_taken:
            raise ChildcareBelowTaken(field="childcare_capacity", taken=training.childcare_taken)
        if (capacity, childcare_capacity) == (training.capacity, training.childcare_capacity):
            return
        training.capacity, training.childcare_capacity = capacity, childcare_capacity
        await places.keep(training, await places.promote_waiting(training, places.room_of(training)))
        await record(
            "registrations.resize", actor=actor, object_id=training.id, hub_id=training.hub_id, capacity=capacity
        )


async def call_off_training(training_id: UUID, reason: str, *, actor: Actor) -> UUID:
    """Cancel a training and tell everybody on it after ten minutes. Returns the batch that may be stopped till then."""
    async with transaction():
        training = await locked_training(training_id)
        await schedule.cancel_training(training, reason, actor=actor)
        return await _tell_everybody(training, "training_cancelled")


async def announce_change(training_id: UUID) -> UUID:
    """Tell everybody on a training that time or place changed, after ten minutes. Returns the batch."""
    async with transaction():
        return await _tell_everybody(await locked_training(training_id), "training_changed")


async def _tell_everybody(training: Training, kind: str) -> UUID:
    batch = uuid7()
    run_at = clock.now() + STAFF_DELAY
    for group in await RegistrationGroup.filter(training_id=training.id).exclude(state=RegistrationState.CANCELLED):
        await announce_group(group, training, kind, run_at=run_at, batch_id=batch)
    return batch


async def _locked(registration_id: UUID) -> tuple[Registration, Training]:
    """The registration read under its training's lock."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    training = await locked_training(where.training_id)
    registration = await Registration.get(id=registration_id).prefetch_related("participant")
    return registration, training


async def _sessions(training: Training) -> list[TrainingSession]:
    return await TrainingSession.filter(training_id=training.id)


async def _is_over(training: Training) -> bool:
    end = last_end(await _sessions(training))
    return end is not None and clock.now() >= end
