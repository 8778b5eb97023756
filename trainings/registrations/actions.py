"""Changes of a registration that stands: cancel, rename, needs, approve; and those that free places."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.people.actions import correct_name, name_key
from trainings.people.consent_actions import locked_with_permission
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.cards import take_held_place
from trainings.registrations.commands import Leave, author_of
from trainings.registrations.eligibility import CannotChange, HasOwnLink, check_ahead
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    MOVES,
    TAKES_PLACE,
    Registration,
    RegistrationGroup,
    RegistrationState,
)
from trainings.registrations.needs import asking_for
from trainings.registrations.own_links import check_in_reach
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.sign_up import give_back
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_


class NameOfBefore(Refusal):
    code = "name_of_before"
    sentence = N_("Con este nombre ya participó antes. Llame a la ventanilla para cambiarlo.")


class CapacityBelowTaken(Refusal):
    code = "capacity_below_taken"
    sentence = N_("Ya hay %(taken)s lugares ocupados: el cupo no puede ser menor.")


class ChildcareBelowTaken(Refusal):
    code = "childcare_below_taken"
    sentence = N_("Ya hay %(taken)s lugares de cuidado infantil ocupados: no pueden ser menos.")


async def cancel(registration_id: UUID, *, actor: Actor) -> None:
    """Cancel one person; their place goes to the waiting list in the same transaction.

    Cancelling twice is one cancellation. Refuses once the training is over or
    called off, and (HasOwnLink) to who filled in the form what became the person's own. What staff cancel is told after
    ten minutes, in which the message can be stopped; who takes back what nobody let in is not written to.
    """
    registration = await Registration.get_or_none(id=registration_id)
    if registration is None:
        raise UnknownRegistration
    await leave([registration], actor=actor)


async def cancel_group(group_id: UUID, *, actor: Actor) -> None:
    """Cancel everybody of a group together. Refuses and tells as `cancel` does.

    Who filled in the form leaves those who made their link their own: they decide for themselves.
    """
    live = Registration.filter(group_id=group_id).exclude(state=RegistrationState.CANCELLED)
    people = await live.order_by("id")
    if people:
        # All that is left became the people's own: said again, it is the same as before.
        with contextlib.suppress(HasOwnLink):
            await leave(people, actor=actor)


async def leave(people: Sequence[Registration], *, actor: Actor) -> None:
    """Cancel these of one group together. Refuses and tells as `cancel_group` does."""
    is_by_staff = actor.id is not None
    await give_back(
        Leave(
            people[0].training_id,
            tuple(one.id for one in people),
            actor,
            run_at=clock.now() + STAFF_DELAY if is_by_staff else None,
            batch_id=uuid7() if is_by_staff else None,
        )
    )


async def approve(registration_id: UUID, *, actor: Actor) -> None:
    """Let a held registration in with its group: a place, or the waiting list when none is left.

    Who waited with a named card has the place that it reserved, whatever is left. Refuses (TrainingFull, ChildcareFull)
    without a place where nobody waits, any other state, and once the training is over or called off.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        if registration.state is not RegistrationState.HELD:
            raise CannotChange
        await _check_ahead(training)
        group = await RegistrationGroup.get(id=registration.group_id)
        held = Registration.filter(group_id=group.id, state=RegistrationState.HELD)
        members = await held.order_by("id").prefetch_related("participant")
        party = Party("held", group.n_people, group.childcare_places)
        if await take_held_place(registration, training, party):
            state = RegistrationState.CONFIRMED
        else:
            state = places.state_let_in(training, party)
            await _take_place(training, party, state)
        await _place(members, group, training, state)
        for member in members:
            await announce(member, member.participant, training, f"registration_{state.value}")
        await record(
            "registrations.approve", actor=actor, object_id=registration.id, hub_id=training.hub_id, state=state.value
        )


async def _take_place(training: Training, party: Party[str], state: RegistrationState) -> None:
    if state in TAKES_PLACE:
        await places.keep(training, places.room_of(training).taking(party))


async def _place(
    members: Sequence[Registration], group: RegistrationGroup, training: Training, state: RegistrationState
) -> None:
    """The group and its members in their new state, at the end of the list where they wait."""
    moment = clock.now()
    is_waiting = state is RegistrationState.WAITLISTED
    group.state, group.changed_at, group.n_people = state, moment, len(members)
    group.wait_number = await places.next_wait_number(training) if is_waiting else None
    await group.save(update_fields=["state", "wait_number", "changed_at", "n_people"])
    for member in members:
        assert state in MOVES[member.state]
        member.state, member.cancelled_at = state, None
        member.confirmed_at = moment if state is RegistrationState.CONFIRMED else None
        await member.save(update_fields=["state", "cancelled_at", "confirmed_at"])


async def rename(registration_id: UUID, given_names: str, surnames: str, *, actor: Actor) -> None:
    """Correct the name as it will be printed. What was already printed keeps its own name.

    Who came back with an earlier code only corrects the spelling (NameOfBefore): such codes stand on diplomas, lists.
    Refuses (PermissionGone) who took back the permission for their data: that name is gone, or proves what was; and to
    who filled in the form as `cancel` does.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        await check_in_reach(registration, actor)
        person = await locked_with_permission(registration.participant_id)
        is_another = name_key(given_names, surnames) != person.name_key
        if actor.id is None and is_another and await _came_back(registration):
            raise NameOfBefore(field="given_names")
        await correct_name(person, given_names, surnames)
        registration.renamed_at, registration.renamed_by = clock.now(), author_of(actor)
        await registration.save(update_fields=["renamed_at", "renamed_by"])
        await record("registrations.rename", actor=actor, object_id=registration.id, hub_id=training.hub_id)


async def _came_back(registration: Registration) -> bool:
    """Whether the person was known before this registration."""
    earlier = Registration.filter(participant_id=registration.participant_id, created_at__lt=registration.created_at)
    return await earlier.exists()


async def change_needs(registration_id: UUID, needs: Sequence[str], *, actor: Actor) -> None:
    """Ask for other support, or for none; what was answered before stays answered.

    Refuses once the training is over: needs are deleted soon after it; and who took back the permission for their data.
    """
    async with transaction():
        registration, training = await _locked(registration_id)
        await _check_ahead(training)
        await locked_with_permission(registration.participant_id)
        registration.needs = asking_for(registration.needs, needs)
        await registration.save(update_fields=["needs"])
        await record(
            "registrations.change_needs", actor=actor, object_id=registration.id, hub_id=training.hub_id, n=len(needs)
        )


async def resize(training_id: UUID, capacity: int, childcare_capacity: int, *, actor: Actor) -> None:
    """Change a training's places; more of them promote the waiting list. Below `taken` is refused with the number."""
    async with transaction():
        training = await locked_training(training_id)
        if capacity < training.occupied:
            raise CapacityBelowTaken(field="capacity", taken=training.occupied)
        if childcare_capacity < training.childcare_taken:
            raise ChildcareBelowTaken(field="childcare_capacity", taken=training.childcare_taken)
        if (capacity, childcare_capacity) == (training.capacity, training.childcare_capacity):
            return
        training.capacity, training.childcare_capacity = capacity, childcare_capacity
        await places.keep(training, await places.promote_waiting(training, places.room_of(training)))
        await record(
            "registrations.resize", actor=actor, object_id=training.id, hub_id=training.hub_id, capacity=capacity
        )


async def _locked(registration_id: UUID) -> tuple[Registration, Training]:
    """The registration read under its training's lock."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise UnknownRegistration
    training = await locked_training(where.training_id)
    registration = await Registration.get(id=registration_id).prefetch_related("participant")
    return registration, training


async def _check_ahead(training: Training) -> None:
    """Refuse once nothing is ahead."""
    check_ahead(training, await TrainingSession.filter(training_id=training.id), clock.now())
