from __future__ import annotations

from uuid import UUID

from trainings.accounts import actions as accounts
from trainings.accounts.models import RoleGrant, User
from trainings.accounts.permissions import can_prepare_phone
from trainings.accounts.queries import actor_of
from trainings.attendance.device_queries import sessions_of
from trainings.attendance.models import Device
from trainings.attendance.phones.closings import close_reported
from trainings.attendance.phones.devices import take_out_of_use
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction


async def close_account(user_id: UUID, *, actor: Actor) -> list[Device]:
    """Close an account (refuses as `accounts.actions.close_account`), and revoke for good the phones that the person
    prepared last. Returns these, by name.

    Also phones that others got by the person's codes: nobody knows whose hand a code reached.
    """
    async with transaction():
        await accounts.close_account(user_id, actor=actor)
        gone = await _take_out_of_use(await phones_of(user_id), actor)
    return await _without_waiting_for(gone)


async def take_role(grant: RoleGrant, *, actor: Actor) -> list[Device]:
    """Take a role (as `accounts.actions.take_role`), and revoke the person's phones of hubs where they may prepare none
    any more. Returns these, by name.
    """
    async with transaction():
        await accounts.take_role(grant, actor=actor)
        left = await actor_of(await User.get(id=grant.user_id))
        phones = [one for one in await phones_of(grant.user_id) if not can_prepare_phone(left, one.hub_id)]
        gone = await _take_out_of_use(phones, actor)
    return await _without_waiting_for(gone)


async def phones_of(user_id: UUID) -> list[Device]:
    """Phones in use that this person prepared last, with hubs, by name; also codes that wait for a phone."""
    found = await reads(Device).filter(prepared_by_id=user_id, revoked_at=None).select_related("hub")
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


async def _take_out_of_use(phones: list[Device], actor: Actor) -> list[Device]:
    """Returns real phones. A phone that another person prepares meanwhile is waited for, and stays theirs."""
    makers = {one.id: one.prepared_by_id for one in phones}
    held = [one for one in await lock(Device, makers) if one.prepared_by_id == makers[one.id] and not one.revoked_at]
    gone = {one.id for one in held if await take_out_of_use(one, actor)}
    return [one for one in phones if one.id in gone]


async def _without_waiting_for(gone: list[Device]) -> list[Device]:
    """A closing that waited for these phones alone takes effect."""
    for device in gone:
        await close_reported(await sessions_of(device))
    return gone
