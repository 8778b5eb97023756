"""An adult makes the link their own that was handed over to them: from then on nobody else holds its address."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.lib import tokens
from trainings.registrations.models import LinkScope, OwnLink
from trainings.registrations.queries import UnknownLink


async def claim_link(token: str, new_token: str, *, actor: Actor) -> None:
    """Change the address of a person's link to `new_token`, so that who handed it over no longer holds it.

    Asked again with the same new token, as after an answer that got lost, it is one change. Refuses what is no person's
    link, and one that was made somebody's own in the meantime: both are unknown.
    """
    async with transaction():
        standing = await _person_link(new_token)
        if standing is not None and standing.claimed_at is not None:
            return
        found = await _person_link(token)
        [link] = await lock(OwnLink, [found.id]) if found is not None else [None]
        if link is None or link.claimed_at is not None:
            raise UnknownLink
        link.token, link.token_hash = new_token, tokens.digest(new_token, "own")
        link.claimed_at = clock.now()
        await link.save(update_fields=["token", "token_hash", "claimed_at"])
        await record("registrations.claim_link", actor=actor, object_id=link.registration_id)


async def claimed_in(group_id: UUID) -> list[UUID]:
    """The registrations of a group whose people made their link their own."""
    claimed = OwnLink.filter(group_id=group_id, revoked_at=None, claimed_at__not_isnull=True)
    return [key for (key,) in await claimed.values_list("registration_id")]


async def _person_link(token: str) -> OwnLink | None:
    read = tokens.read_own_link(token)
    if read is None:
        return None
    return await OwnLink.get_or_none(token_hash=tokens.digest(read, "own"), scope=LinkScope.PERSON, revoked_at=None)
