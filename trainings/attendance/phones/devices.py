from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tortoise.exceptions import OperationalError

from trainings import clock
from trainings.accounts import actions as accounts
from trainings.accounts.actions import AccountClosed
from trainings.accounts.models import RoleGrant, User
from trainings.accounts.permissions import can_manage_phone, can_prepare_phone
from trainings.accounts.queries import actor_of
from trainings.attendance.device_access import device_digest, sessions_of
from trainings.attendance.models import Device, DeviceActivity, DeviceSession
from trainings.attendance.phones.closings import close_reported
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotAllowed, NotFound, Refusal
from trainings.lib import tokens
from trainings.limits import actions as limits
from trainings.web.i18n import N_

CODE_LIVES = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
MISSES, MOST_MISSES, MISSES_SECONDS = "phone_code", 30, 3_600
NAME_LENGTH = 60


class UnknownPhone(NotFound):
    sentence = N_("No encontramos ese teléfono. Búsquelo en la lista de teléfonos.")


class NothingToMark(Refusal):
    sentence = N_("No hay sesiones ni actividades suyas en estos días. Pida que le pongan en una, y vuelva aquí.")


class CodeOver(NotFound):
    """Unknown, used and expired look alike."""

    sentence = N_("Ese código no es correcto, ya se usó o venció. Pida otro: dura 10 minutos.")


class CodeUsed(Refusal):
    sentence = N_("Ese código ya se usó: el otro teléfono quedó preparado.")


class NotYourPhone(NotAllowed):
    sentence = N_("Ese teléfono lo preparó otra persona. Pídaselo a quien coordina.")


@dataclass(frozen=True, slots=True)
class Load:
    hub_id: UUID
    session_ids: Collection[UUID] = field(default=())
    activity_ids: Collection[UUID] = field(default=())


@dataclass(frozen=True, slots=True)
class Prepared:
    """`token`: for its cookie."""

    device: Device
    token: str


async def prepare_this(load: Load, *, name: str, token: str, key: UUID | None = None, actor: Actor) -> Prepared:
    """The phone that asks stays the phone of `token`, if that works for the same hub. A revoked phone is in use again,
    only for what is loaded now. `key`: the form's; twice is one phone. Refuses (NothingToMark) an empty load,
    (AccountClosed) a closed account.
    """
    _refuse_empty(load)
    async with transaction():
        await _hold(actor)
        device = await _same_phone(token, actor)
        is_new = device is None
        if device is None:
            token = tokens.own_link()
            device = await _new_phone(load, name, key, actor)
            await Device.filter(id=device.id).update(token_hash=device_digest(token), claimed_at=clock.now())
        await _take_up(device, name, actor)
        await _bind(device, load)
        await _record("devices.prepare", device, actor, sessions=len(load.session_ids), again=not is_new)
    return Prepared(device, token)


async def phone_in_hand(token: str, actor: Actor) -> Device | None:
    """None: preparing makes a new phone."""
    read = tokens.read_own_link(token)
    known = await Device.get_or_none(token_hash=device_digest(read)) if read is not None else None
    return known if known is not None and _can_take_up(known, actor) else None


async def invite(load: Load, *, name: str, key: UUID | None = None, actor: Actor) -> tuple[Device, str]:
    """A one-time code for another phone, for ten minutes. Told once, stored as a hash. The form sent again (`key`) is
    the same phone with another code. Refuses (NothingToMark) an empty load, (CodeUsed) once a phone used it.
    """
    _refuse_empty(load)
    code = tokens.short_code()
    async with transaction():
        await _hold(actor)
        device = await _new_phone(load, name, key, actor)
        if device.token_hash is not None:
            raise CodeUsed
        device.name = await _free_name(name, device)
        device.enrol_hash, device.enrol_until = _code_digest(code), clock.now() + CODE_LIVES
        await device.save(update_fields=["name", "enrol_hash", "enrol_until"])
        await _bind(device, load)
        await _record("devices.invite", device, actor, sessions=len(load.session_ids))
    return device, code


async def claim(typed: str, *, address: str, token: str = "", key: UUID | None = None) -> Prepared:
    """The first to come with a one-time code becomes its phone. The same `key` is let in again while the code lives:
    the answer may be lost.

    A prepared phone (`token`) that the code's maker may prepare stays the same phone, and gets the code's load besides.
    Refuses (CodeOver) unknown, used and expired codes, and after 30 such tries in an hour everything from the same
    `address`.
    """
    await limits.refuse_if_spent(MISSES, address, MOST_MISSES)
    code = tokens.read_short_code(typed)
    prepared = await _claim(code, token, key) if code is not None else None
    if prepared is None:
        await limits.hit(MISSES, address, MOST_MISSES, MISSES_SECONDS)
        raise CodeOver
    return prepared


async def _claim(code: str, token: str, key: UUID | None) -> Prepared | None:
    used_by = _code_digest(f"{code}|{key}") if key is not None else None
    async with transaction():
        waiting = await Device.get_or_none(enrol_hash=_code_digest(code))
        if waiting is None:
            return await _claim_again(used_by, token)
        maker, now = next(iter(await lock(User, [waiting.prepared_by_id])), None), clock.now()
        if maker is None or not maker.is_active:
            return None
        known = await _same_phone(token, await actor_of(maker))
        new_token = token if known is not None else tokens.own_link()
        # One statement finds it unused and uses it: of two phones at the same moment one gets it.
        unused = Device.filter(id=waiting.id, enrol_hash=waiting.enrol_hash, enrol_until__gt=now, token_hash=None)
        if not await unused.filter(revoked_at=None).update(enrol_hash=used_by, claimed_at=now, last_seen_at=now):
            return await _claim_again(used_by, token)
        if known is not None:
            await _merge(waiting, known, used_by)
        else:
            await _release(token)
            await Device.filter(id=waiting.id).update(token_hash=device_digest(new_token))
        device = await Device.get(id=waiting.id if known is None else known.id)
        await _record("devices.claim", device, PROGRAM, again=known is not None)
    return Prepared(device, new_token)


async def _claim_again(used_by: str | None, token: str) -> Prepared | None:
    """The phone that used a code last: by this cookie, or with a new cookie where the first did not arrive."""
    if used_by is None:
        return None
    used = Device.filter(enrol_hash=used_by, revoked_at=None)
    read = tokens.read_own_link(token)
    known = await used.get_or_none(token_hash=device_digest(read)) if read is not None else None
    if known is not None:
        return Prepared(known, token)
    token = tokens.own_link()
    if not await used.filter(enrol_until__gt=clock.now()).update(token_hash=device_digest(token)):
        return None
    return Prepared(await Device.get(enrol_hash=used_by), token)


async def rename(device_id: UUID, name: str, *, actor: Actor) -> None:
    """Refuses (NotYourPhone) as `revoke`."""
    async with transaction():
        device = await _managed(device_id, actor)
        device.name = await _free_name(name, device)
        await device.save(update_fields=["name"])
        await _record("devices.rename", device, actor)


async def revoke(device_id: UUID, *, actor: Actor) -> None:
    """The phone gets no more lists, and what it still sends waits for a decision. Twice is once.

    A closing that waited for this phone alone takes effect. Preparing it again ends this. An unused code is deleted.
    Refuses (NotYourPhone) people who neither lead its hub nor prepared it.
    """
    async with transaction():
        device = await _managed(device_id, actor)
        if device.revoked_at is not None:
            return
        was_used = await take_out_of_use(device, actor)
    if was_used:
        await close_reported(await sessions_of(device))


async def take_out_of_use(device: Device, actor: Actor) -> bool:
    """Under the phone's lock. False: an unused code, which is deleted."""
    await _record("devices.revoke", device, actor)
    if device.token_hash is None:
        await _unload(device)
        await device.delete()
        return False
    device.revoked_at, device.revoked_by_id, device.ready_at = clock.now(), actor.id, None
    await device.save(update_fields=["revoked_at", "revoked_by_id", "ready_at"])
    return True


async def note_ready(device: Device, lacking: Collection[UUID], app: str) -> None:
    """`lacking` none: it is ready for use without signal."""
    now = clock.now()
    ready_at = now if not lacking and device.revoked_at is None else None
    await Device.filter(id=device.id).update(app_version=app, last_seen_at=now, ready_at=ready_at)


async def note_seen(device: Device) -> None:
    """At most once a minute. The phone is answered even while nothing can be written."""
    now = clock.now()
    if device.last_seen_at is None or now - device.last_seen_at >= SEEN_EVERY:
        with contextlib.suppress(OperationalError):
            await Device.filter(id=device.id).update(last_seen_at=now)


# -- parts


async def _hold(actor: Actor) -> None:
    """One phone at a time by one person. Refuses (AccountClosed)."""
    [user] = await lock(User, [actor.id])
    if not user.is_active:
        raise AccountClosed


async def _new_phone(load: Load, name: str, key: UUID | None, actor: Actor) -> Device:
    """Under the lock of the person, so that equal forms come one by one."""
    made = await Device.get_or_none(id=key, prepared_by_id=actor.id) if key is not None else None
    if made is not None:
        return made
    is_taken = key is None or await Device.exists(id=key)
    return await Device.create(
        id=tokens.uuid7() if is_taken else key, hub_id=load.hub_id, name=name, prepared_by_id=actor.id
    )


async def _take_up(device: Device, name: str, actor: Actor) -> None:
    """Sessions and activities that a revoked phone had are not for its new preparer."""
    if device.revoked_at is not None:
        await _unload(device)
        device.revoked_at, device.revoked_by_id = None, None
    # Prepared in the hand it is its preparer's, also where a code let it in before.
    device.prepared_by_id, device.enrol_until = actor.id, None
    device.name, device.last_seen_at = await _free_name(name or device.name, device), clock.now()
    columns = ["name", "last_seen_at", "revoked_at", "revoked_by_id", "prepared_by_id", "enrol_until"]
    await device.save(update_fields=columns)


async def _free_name(name: str, device: Device) -> str:
    """Numbered where another phone in use of the hub has it."""
    others = Device.filter(hub_id=device.hub_id, revoked_at=None).exclude(id=device.id)
    taken = {other.casefold() for (other,) in await others.values_list("name")}
    endings = ["", *(f" {number}" for number in range(2, len(taken) + 3))]
    names = [name[: NAME_LENGTH - len(ending)] + ending for ending in endings]
    return next(one for one in names if one.casefold() not in taken)


async def _merge(waiting: Device, known: Device, used_by: str | None) -> None:
    """The used code's row is deleted. The phone stays its preparer's; a revoked phone is now the code's maker's."""
    load = Load(
        waiting.hub_id,
        [key for (key,) in await DeviceSession.filter(device_id=waiting.id).values_list("session_id")],
        [key for (key,) in await DeviceActivity.filter(device_id=waiting.id).values_list("activity_id")],
    )
    await _unload(waiting)
    await waiting.delete()
    if known.revoked_at is not None:
        await _unload(known)
        known.revoked_at, known.revoked_by_id = None, None
        known.name, known.prepared_by_id, known.enrol_until = waiting.name, waiting.prepared_by_id, waiting.enrol_until
    known.last_seen_at, known.enrol_hash = clock.now(), used_by
    columns = ["name", "last_seen_at", "revoked_at", "revoked_by_id", "prepared_by_id", "enrol_until", "enrol_hash"]
    await known.save(update_fields=columns)
    await _bind(known, load)


async def _release(token: str) -> None:
    read = tokens.read_own_link(token)
    former = await Device.get_or_none(token_hash=device_digest(read), revoked_at=None) if read is not None else None
    if former is not None:
        await Device.filter(id=former.id).update(revoked_at=clock.now(), ready_at=None)
        await _record("devices.revoke", former, PROGRAM)


def _refuse_empty(load: Load) -> None:
    if not load.session_ids and not load.activity_ids:
        raise NothingToMark


def _code_digest(code: str) -> str:
    return tokens.digest(code, "phone_code")


async def _same_phone(token: str, actor: Actor) -> Device | None:
    """Locked; None: of a hub where this person does not work."""
    known = await phone_in_hand(token, actor)
    if known is None:
        return None
    [device] = await lock(Device, [known.id])
    return device if _can_take_up(device, actor) else None


def _can_take_up(device: Device, actor: Actor) -> bool:
    return can_prepare_phone(actor, device.hub_id) or device.prepared_by_id == actor.id


async def _managed(device_id: UUID, actor: Actor) -> Device:
    found = await lock(Device, [device_id])
    if not found:
        raise UnknownPhone
    device = found[0]
    if not can_manage_phone(actor, device.hub_id, is_own=device.prepared_by_id == actor.id):
        raise NotYourPhone
    return device


async def _bind(device: Device, load: Load) -> None:
    known = {key for (key,) in await DeviceSession.filter(device_id=device.id).values_list("session_id")}
    new = [DeviceSession(device_id=device.id, session_id=key) for key in sorted({*load.session_ids} - known)]
    if new:
        await DeviceSession.bulk_create(new)
    counted = {key for (key,) in await DeviceActivity.filter(device_id=device.id).values_list("activity_id")}
    more = [DeviceActivity(device_id=device.id, activity_id=key) for key in sorted({*load.activity_ids} - counted)]
    if more:
        await DeviceActivity.bulk_create(more)


async def _unload(device: Device) -> None:
    await DeviceSession.filter(device_id=device.id).delete()
    await DeviceActivity.filter(device_id=device.id).delete()


async def _record(act: str, device: Device, actor: Actor, **detail: int | bool) -> None:
    await record(act, actor=actor, object_id=device.id, hub_id=device.hub_id, **detail)


async def close_account(user_id: UUID, *, actor: Actor) -> list[Device]:
    """Refuses as `accounts.actions.close_account`. Revokes, and returns by name, the phones that the person prepared
    last, or that got a code of this person.
    """
    async with transaction():
        await accounts.close_account(user_id, actor=actor)
        gone = await _take_all_out_of_use(await phones_of(user_id), actor)
    return await _without_waiting_for(gone)


async def take_role(grant: RoleGrant, *, actor: Actor) -> list[Device]:
    """As `accounts.actions.take_role`. Revokes, and returns by name, the person's phones of hubs where they may prepare
    none any more.
    """
    async with transaction():
        await accounts.take_role(grant, actor=actor)
        left = await actor_of(await User.get(id=grant.user_id))
        phones = [one for one in await phones_of(grant.user_id) if not can_prepare_phone(left, one.hub_id)]
        gone = await _take_all_out_of_use(phones, actor)
    return await _without_waiting_for(gone)


async def phones_of(user_id: UUID) -> list[Device]:
    found = await reads(Device).filter(prepared_by_id=user_id, revoked_at=None).select_related("hub")
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


async def _take_all_out_of_use(phones: list[Device], actor: Actor) -> list[Device]:
    """A phone that another person prepares meanwhile stays theirs."""
    makers = {one.id: one.prepared_by_id for one in phones}
    held = [one for one in await lock(Device, makers) if one.prepared_by_id == makers[one.id] and not one.revoked_at]
    gone = {one.id for one in held if await take_out_of_use(one, actor)}
    return [one for one in phones if one.id in gone]


async def _without_waiting_for(gone: list[Device]) -> list[Device]:
    for device in gone:
        await close_reported(await sessions_of(device))
    return gone
