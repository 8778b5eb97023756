from __future__ import annotations

from uuid import UUID

from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.people.consents import without_permission
from trainings.people.models import Participant
from trainings.registrations.commands import Rejoin
from trainings.registrations.links import claimed_in, replace_link
from trainings.registrations.models import LinkScope, Registration, RegistrationGroup
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.actions import ask
from trainings.schedule.session_actions import locked_training


async def rejoin_group(group_id: UUID, *, actor: Actor) -> None:
    """Take up again the people of a group who left last, all confirmed or all waiting, once nobody of it comes any
    more.

    People who cancelled alone come back alone, people with a claimed link decide for themselves, people without
    permission sign up anew. Refuses by window, state and places as any sign-up; never-approved people are held.
    """
    async with transaction():
        group = await RegistrationGroup.get_or_none(id=group_id)
        if group is None:
            raise UnknownRegistration
        await locked_training(group.training_id)
        without = await _without_permission(group_id)
        await ask(Rejoin(training_id=group.training_id, group_ids=(group_id,), actor=actor, without=without))


async def rejoin_member(registration_id: UUID, *, actor: Actor) -> None:
    """Take one cancelled person up again, with the family if a place is free.

    Else a person with an own link goes on alone, and so does an adult whom staff take up, by a new link; anybody else
    is refused (NoPlaceAgain), since the family shares link and number. Refuses by window and state as any sign-up, and
    (PermissionGone).
    """
    async with transaction():
        where = await Registration.get_or_none(id=registration_id)
        if where is None:
            raise UnknownRegistration
        await locked_training(where.training_id)
        before = await Registration.get(id=registration_id)
        without = await _without_permission(before.group_id)
        await ask(
            Rejoin(training_id=where.training_id, registration_ids=(registration_id,), actor=actor, without=without)
        )
        now = await Registration.get(id=registration_id)
        if now.group_id != before.group_id and now.id not in await claimed_in(now.group_id):
            # The filler of the form could read the old link; a link of one person alone opens own data.
            await replace_link(now, LinkScope.PERSON)


async def _without_permission(group_id: UUID) -> frozenset[UUID]:
    """Participants are locked before: a withdrawal at this moment holds them too."""
    people = [key for (key,) in await Registration.filter(group_id=group_id).values_list("participant_id")]
    await lock(Participant, people)
    return await without_permission(people)
