"""Coming back after having cancelled: a whole family together, or one of its people while the others still come."""

from __future__ import annotations

from uuid import UUID

from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.people.consent_actions import without_permission
from trainings.people.models import Participant
from trainings.registrations.commands import Rejoin
from trainings.registrations.fresh_links import replace_link
from trainings.registrations.models import LinkScope, Registration, RegistrationGroup
from trainings.registrations.own_links import claimed_in
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats.sign_up import ask
from trainings.schedule.locks import locked_training


async def rejoin_group(group_id: UUID, *, actor: Actor) -> None:
    """Take those up again who left last, if the group's link shows them and they have no link of their own: all in, or
    all waiting.

    Only once nobody of the group comes any more; a group that stands is left as it is. Who had cancelled alone before
    comes back alone. Who made their link their own decides for themselves, and who took back the permission for their
    data signs up anew. Refuses like any sign-up by window, state and places; who was never let in waits for staff.
    """
    async with transaction():
        group = await RegistrationGroup.get_or_none(id=group_id)
        if group is None:
            raise UnknownRegistration
        await locked_training(group.training_id)
        without = await _without_permission(group_id)
        await ask(Rejoin(training_id=group.training_id, group_ids=(group_id,), actor=actor, without=without))


async def rejoin_member(registration_id: UUID, *, actor: Actor) -> None:
    """Take one cancelled person up again. Where the others still come, with them if a place is free.

    Otherwise who has a link of their own goes on alone: a place, or the end of the waiting list. So does any adult whom
    staff take up again, by a new link. For anybody else it is refused (NoPlaceAgain), since the family has one link and
    one number. Refuses like any sign-up by window and state, and (PermissionGone) who took back the permission for
    their data.
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
            # Who filled in the form could read it, and alone it opens what is only for oneself.
            await replace_link(now, LinkScope.PERSON)


async def _without_permission(group_id: UUID) -> frozenset[UUID]:
    """The participants of a group who took back the permission for their data.

    Held before it is asked: who takes the permission back at this moment holds the person too.
    """
    people = [key for (key,) in await Registration.filter(group_id=group_id).values_list("participant_id")]
    await lock(Participant, people)
    return await without_permission(people)
