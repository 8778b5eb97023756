"""Changes of a registration: cancel, rename, needs, approve, places."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.people.actions import correct_name, name_key
from trainings.people.consents import locked_with_permission
from trainings.registrations.commands import Approve, FewerChildren, Leave, Resize, author_of
from trainings.registrations.eligibility import check_ahead
from trainings.registrations.links import check_in_reach
from trainings.registrations.models import Registration, asking_for
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.sign_up import ask, ask_of, stoppable
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_


class NameOfBefore(Refusal):
    code = "name_of_before"
    sentence = N_("Con este nombre ya participó antes. Llame a la ventanilla para cambiarlo.")


async def cancel(registration_id: UUID, *, actor: Actor) -> None:
    """Cancel one person; the place goes to the waiting list in the same transaction.

    Twice is once. Refuses once the training is over or called off, and with HasOwnLink the person who filled in the
    form after another claimed their link. A cancellation by staff is told after ten minutes, in which it can be
    stopped; a held person who cancels is not written to.
    """
    registration = await Registration.get_or_none(id=registration_id)
    if registration is None:
        raise UnknownRegistration
    leave = Leave(
        training_id=registration.training_id, registration_ids=(registration_id,), actor=actor, **stoppable(actor)
    )
    await ask(leave)


async def cancel_group(group_id: UUID, *, actor: Actor) -> None:
    """Cancel a whole group. Refuses and tells as `cancel`.

    The person who filled in the form leaves out claimed links: those adults decide alone.
    """
    await ask_of(group_id, Leave, actor=actor, **stoppable(actor))


async def approve(group_id: UUID, *, actor: Actor) -> None:
    """Let a held group in: a place, or the waiting list when none is left.

    A named card keeps the place it reserved, whatever is left. Refuses with TrainingFull or ChildcareFull without place
    and waiting list, with NotHeld an answered group, and once the training is over or called off.
    """
    await ask_of(group_id, Approve, actor=actor)


async def rename(registration_id: UUID, given_names: str, surnames: str, *, actor: Actor) -> None:
    """Correct the name to print. Printed papers keep theirs.

    A person who came back with an earlier code may only correct the spelling (NameOfBefore): such codes stand on
    diplomas and lists. Refuses with PermissionGone after the consent for data was withdrawn: that name is deleted or is
    evidence; and the person who filled in the form as `cancel` does.
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
    earlier = Registration.filter(participant_id=registration.participant_id, created_at__lt=registration.created_at)
    return await earlier.exists()


async def change_needs(registration_id: UUID, needs: Sequence[str], *, actor: Actor) -> None:
    """Needs that stay keep their answers.

    Refuses once the training is over, since needs are deleted soon after, and after the consent for data was withdrawn.
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
    """More places promote the waiting list. Refuses below `taken`, with the number."""
    await ask(Resize(training_id=training_id, capacity=capacity, childcare_capacity=childcare_capacity, actor=actor))


async def fewer_places(group_id: UUID, n: int, *, actor: Actor) -> None:
    """Keep `n` of a group's childcare places. Not fewer than before changes nothing: more is a new sign-up.

    What it gives up goes to the waiting list in the same transaction; the group itself, if waiting, may fit now.
    Refuses (CannotChange) once nothing is ahead.
    """
    await ask_of(group_id, FewerChildren, actor=actor, n=n)


async def _locked(registration_id: UUID) -> tuple[Registration, Training]:
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise UnknownRegistration
    training = await locked_training(where.training_id)
    registration = await Registration.get(id=registration_id).prefetch_related("participant")
    return registration, training


async def _check_ahead(training: Training) -> None:
    check_ahead(training, await TrainingSession.filter(training_id=training.id), clock.now())
