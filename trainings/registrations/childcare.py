"""Fewer children than childcare was asked for: the places go to who waits for them."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.registrations import places
from trainings.registrations.eligibility import check_ahead
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.registrations.queries import UnknownRegistration
from trainings.schedule.locks import locked_training
from trainings.schedule.models import TrainingSession


async def fewer_places(group_id: UUID, n: int, *, actor: Actor) -> None:
    """Keep so many of a group's places in childcare; no fewer than before changes nothing: more is a new sign-up.

    What it gives up goes to the waiting list in the same transaction; itself, where it waits, may fit now. Refuses
    (CannotChange) once nothing is ahead.
    """
    async with transaction():
        where = await RegistrationGroup.get_or_none(id=group_id)
        if where is None:
            raise UnknownRegistration
        training = await locked_training(where.training_id)
        group = await RegistrationGroup.get(id=group_id)
        check_ahead(training, await TrainingSession.filter(training_id=training.id), clock.now())
        given_up = group.childcare_places - n
        if given_up <= 0:
            return
        members = await Registration.filter(group_id=group.id)
        room = places.room_of(training)
        if any(one.holds_place for one in members):
            room = room.releasing(0, given_up)
        group.childcare_places = n
        await group.save(update_fields=["childcare_places"])
        await places.keep(training, await places.promote_waiting(training, room))
        await record("registrations.fewer_childcare", actor=actor, object_id=group.id, hub_id=training.hub_id, places=n)
