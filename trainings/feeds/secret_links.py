from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.feeds.models import CalendarLink
from trainings.feeds.scopes import PREFIX, UnknownFeed
from trainings.lib import tokens


def secret_path(token: str) -> str:
    return f"{PREFIX}/facilitador/{token}.ics"


async def make_secret_link(*, actor: Actor) -> str:
    """The new address's token; the earlier one ends. Only the token's SHA-256 is kept."""
    token = tokens.feed_token()
    async with transaction():
        await _take_back(actor.id)
        link = await CalendarLink.create(user_id=actor.id, token_hash=tokens.digest(token, "feed"))
        await record("feeds.make_secret_link", actor=actor, object_id=link.id)
    return token


async def revoke_secret_link(*, actor: Actor) -> None:
    async with transaction():
        if await _take_back(actor.id):
            await record("feeds.revoke_secret_link", actor=actor, object_id=actor.id)


async def own_secret_link(user_id: UUID) -> CalendarLink | None:
    """Tells only since when it exists."""
    return await reads(CalendarLink).get_or_none(user_id=user_id, revoked_at=None)


async def holder_of(typed: str) -> User:
    """Raises UnknownFeed alike, by one statement of the same kind, for a malformed, unknown or revoked token, and for a
    closed account or one without roles.
    """
    token = tokens.read_feed_token(typed)
    links = reads(CalendarLink).filter(token_hash=tokens.digest(token or "", "feed"), revoked_at=None)
    link = await links.filter(user__is_active=True, user__grants__id__isnull=False).select_related("user").first()
    if link is None:
        raise UnknownFeed
    return link.user


async def _take_back(user_id: UUID | None) -> int:
    """Under the account's lock: two requests at once leave one address."""
    await lock(User, [user_id])
    return await CalendarLink.filter(user_id=user_id, revoked_at=None).update(revoked_at=clock.now())
