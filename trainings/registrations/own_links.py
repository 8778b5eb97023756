"""An adult claims the link that was handed over: nobody else holds its address from then on."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import FILLER_OF_FORM, Actor
from trainings.db import lock, transaction
from trainings.lib import tokens
from trainings.registrations.eligibility import HasOwnLink
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup
from trainings.registrations.queries import UnknownLink
from trainings.schedule.locks import locked_training


async def claim_link(token: str, new_token: str, *, actor: Actor) -> None:
    """Change the token of a person's link to `new_token`.

    Holds the training, as renaming and cancelling do: they ask under that lock whose the link is. The same new token
    again, as after a lost answer, is one change. Refuses as unknown what is no person's link, and one claimed in the
    meantime.
    """
    async with transaction():
        standing = await _person_link(new_token)
        if standing is not None and standing.claimed_at is not None:
            return
        found = await _person_link(token)
        if found is None:
            raise UnknownLink
        await locked_training((await RegistrationGroup.get(id=found.group_id)).training_id)
        link = next(iter(await lock(OwnLink, [found.id])), None)
        if link is None or link.claimed_at is not None:
            raise UnknownLink
        link.token, link.token_hash = new_token, tokens.digest(new_token, "own")
        link.claimed_at = clock.now()
        await link.save(update_fields=["token", "token_hash", "claimed_at"])
        await record("registrations.claim_link", actor=actor, object_id=link.registration_id)


async def claimed_in(group_id: UUID) -> list[UUID]:
    claimed = OwnLink.filter(group_id=group_id, revoked_at=None, claimed_at__not_isnull=True)
    return [key for (key,) in await claimed.values_list("registration_id")]


async def check_in_reach(registration: Registration, actor: Actor) -> None:
    """Refuse (HasOwnLink) the person who filled in the form what another has claimed. Under the training's lock."""
    if actor == FILLER_OF_FORM and registration.id in await claimed_in(registration.group_id):
        raise HasOwnLink


async def _person_link(token: str) -> OwnLink | None:
    read = tokens.read_own_link(token)
    if read is None:
        return None
    return await OwnLink.get_or_none(token_hash=tokens.digest(read, "own"), scope=LinkScope.PERSON, revoked_at=None)
