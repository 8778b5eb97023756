from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import FILLER_OF_FORM, Actor
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.registrations.eligibility import HasOwnLink
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup
from trainings.registrations.queries import UnknownLink, UnknownRegistration
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_


async def claim_link(token: str, new_token: str, *, actor: Actor) -> None:
    """Change the token of a person's link to `new_token`: nobody else holds the new address. The same new token again
    is one change.

    Locks the training, as renaming and cancelling do: under that lock they ask whose the link is. Refuses (UnknownLink)
    a group's link, and one claimed in the meantime.
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
    """Refuse (HasOwnLink) the filler of the form a claimed registration. Under the training's lock."""
    if actor == FILLER_OF_FORM and registration.id in await claimed_in(registration.group_id):
        raise HasOwnLink


async def _person_link(token: str) -> OwnLink | None:
    read = tokens.read_own_link(token)
    if read is None:
        return None
    return await OwnLink.get_or_none(token_hash=tokens.digest(read, "own"), scope=LinkScope.PERSON, revoked_at=None)


class LinkChanged(Refusal):
    sentence = N_(
        "Este enlace ya se cambió. Si la persona no alcanzó a leerlo, vuelva a abrir su inscripción y haga otro."
    )


@dataclass(frozen=True, slots=True)
class Links:
    """Links that this person may get anew: an adult's own, and the group's (filler of the form, guardians of its
    minors).
    """

    own: OwnLink | None
    group: OwnLink | None


NO_LINKS = Links(None, None)


async def links_for(registration: Registration) -> Links:
    standing = await reads(OwnLink).filter(group_id=registration.group_id, revoked_at=None).order_by("created_at", "id")
    newest = {(link.scope, link.registration_id): link for link in standing}
    is_minor = registration.participant.is_minor
    own = None if is_minor else newest.get((LinkScope.PERSON, registration.id))
    group = newest.get((LinkScope.GROUP, None))
    if group is None:
        return Links(own, None)
    return Links(own, group if is_minor or await _filled_in_the_form(registration) else None)


async def renew_link(registration_id: UUID, link_id: UUID, *, actor: Actor) -> str:
    """Replace a link of this person; returns the new token. No message goes out. A claimed link stays out of the
    family's sight.

    Refuses (LinkChanged) a link replaced in the meantime, so that the form sent again does not undo what was scanned,
    and a link this person may not have.
    """
    async with transaction():
        registration, training = await locked_registration(registration_id)
        links = await links_for(registration)
        link = next((one for one in (links.own, links.group) if one is not None and one.id == link_id), None)
        if link is None:
            raise LinkChanged
        token = await replace_link(registration, link.scope)
        await record(
            "registrations.renew_link",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            scope=link.scope.value,
        )
        return token


async def replace_link(registration: Registration, scope: LinkScope) -> str:
    """The old link of this scope opens nothing; returns the new token. The caller's transaction holds the training. The
    browser that signed up no longer finds the group.
    """
    whose = registration.id if scope is LinkScope.PERSON else None
    standing = OwnLink.filter(group_id=registration.group_id, scope=scope, registration_id=whose, revoked_at=None)
    old = await lock(OwnLink, [link_id for (link_id,) in await standing.values_list("id")])
    moment, token = clock.now(), tokens.own_link()
    for link in old:
        link.revoked_at, link.token = moment, None
        await link.save(update_fields=["revoked_at", "token"])
    if not await OwnLink.exists(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None):
        await RegistrationGroup.filter(id=registration.group_id).update(browser_key=None, idempotency_key=None)
    await OwnLink.create(
        token_hash=tokens.digest(token, "own"),
        token=token,
        scope=scope,
        group_id=registration.group_id,
        registration_id=whose,
        claimed_at=max((link.claimed_at for link in old if link.claimed_at is not None), default=None),
    )
    return token


async def locked_registration(registration_id: UUID) -> tuple[Registration, Training]:
    """Under its training's lock. Refuses (UnknownRegistration)."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise UnknownRegistration
    training = await locked_training(where.training_id)
    return await Registration.get(id=registration_id).prefetch_related("participant"), training


async def _filled_in_the_form(registration: Registration) -> bool:
    return not await reads(Registration).filter(group_id=registration.group_id, id__lt=registration.id).exists()
