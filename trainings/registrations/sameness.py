"""Who signs up twice: the very same sign-up again, and look-alikes, which nobody may learn of."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import Sameness
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.web.i18n import N_

REPLAY = timedelta(hours=24)
"""How long the same key with the same answers is the same sign-up."""


class KeyUsedAgain(Refusal):
    code = "key_used_again"
    sentence = N_("Esta página ya se envió con otros datos. Ábrala otra vez para inscribir a otra persona.")


async def link_by_key(training_id: UUID, idempotency_key: str, body_hash: str) -> OwnLink | None:
    """The link that the same form, sent before, made.

    Refuses with KeyUsedAgain where the key came with other answers, for another training, or more than a day ago.
    """
    group = await RegistrationGroup.get_or_none(idempotency_key=idempotency_key)
    if group is None:
        return None
    is_same = group.training_id == training_id and tokens.same(group.body_hash, body_hash)
    if not is_same or clock.now() - group.created_at > REPLAY:
        raise KeyUsedAgain
    return await OwnLink.filter(group_id=group.id, revoked_at=None).first()


async def link_by_browser(training_id: UUID, browser_key: str, keys: Sameness) -> OwnLink | None:
    """The link that the same name from the same browser made, unless that registration was cancelled."""
    return await OwnLink.filter(
        group__training_id=training_id,
        group__browser_key=browser_key,
        registration__participant__name_key=keys.name_key,
        registration__state__not=RegistrationState.CANCELLED,
        revoked_at=None,
    ).first()


async def look_alike(training_id: UUID, keys: Sameness) -> Registration | None:
    """The first live registration with the same names, municipality and phone or e-mail address, with its participant.

    By name alone nobody is the same: a village has several María López.
    """
    if keys.phone_key is None and keys.email_key is None:
        return None
    alike = Registration.filter(
        training_id=training_id,
        participant__name_key=keys.name_key,
        participant__municipality_id=keys.municipality,
        duplicate_of_id=None,
        state__not=RegistrationState.CANCELLED,
    ).prefetch_related("participant")
    for registration in await alike.order_by("created_at", "id"):
        other = registration.participant
        pairs = ((keys.phone_key, other.phone_key), (keys.email_key, other.email_key))
        if any(mine is not None and mine == theirs for mine, theirs in pairs):
            return registration
    return None
