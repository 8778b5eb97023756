from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.accounts.permissions import DESK, can_manage_phone
from trainings.accounts.queries import names_of
from trainings.attendance.models import Device, DeviceActivity, DeviceSession
from trainings.attendance.phones.devices import NAME_LENGTH, UnknownPhone
from trainings.attendance.phones.sessions import later_sessions, sessions_to_come
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.outreach.models import OutreachActivity
from trainings.schedule.models import AT_REAL, TrainingSession
from trainings.web.i18n import N_, gettext

SHOWN_AFTER_REVOKING = timedelta(days=30)
NAMED = N_("Teléfono de %(name)s")


class PhoneState(StrEnum):
    """`waiting`: its code is unused; `over`: none of its sessions is to come."""

    WAITING = "waiting"
    READY = "ready"
    NOT_READY = "not_ready"
    OVER = "over"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Phone:
    """`added`: sessions that it gets with its next signal."""

    device: Device
    hub: str
    prepared_by: str
    state: PhoneState
    sessions: Sequence[TrainingSession]
    activities: Sequence[OutreachActivity]
    added: Sequence[TrainingSession]
    can_manage: bool


async def phones_seen_by(actor: Actor) -> list[Phone]:
    now = clock.now()
    prepared = Q(token_hash__not_isnull=True) | Q(enrol_until__gt=now)
    is_recent = Q(revoked_at=None) | Q(revoked_at__gte=now - SHOWN_AFTER_REVOKING)
    found = reads(Device).filter(await _in_scope(actor), prepared, is_recent)
    phones = await _phones(await found.select_related("hub"), actor)
    return sorted(phones, key=lambda one: (one.hub, one.device.n_unsent == 0, one.device.name.casefold()))


async def phone_seen_by(device_id: UUID, actor: Actor) -> Phone:
    """Raises UnknownPhone."""
    found = await reads(Device).filter(await _in_scope(actor), id=device_id).select_related("hub")
    if not found:
        raise UnknownPhone
    [phone] = await _phones(found, actor)
    return phone


async def name_for_another(actor: Actor, *, helper: bool = False) -> str:
    whose = gettext(N_("apoyo")) if helper else (actor.name.split() or [gettext(N_("apoyo"))])[0]
    base = gettext(NAMED) % {"name": whose}
    known = reads(Device).filter(await _in_scope(actor), revoked_at=None)
    taken = {name for (name,) in await known.values_list("name")}
    names = [base, *(f"{base} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)[:NAME_LENGTH]


# -- parts


async def _in_scope(actor: Actor) -> Q:
    """Phones of the person's desk, of sessions there or of their own, and phones they prepared."""
    hubs = sorted(actor.hubs_with(DESK))
    of_sessions = Q(session__training__hub_id__in=hubs) | Q(session__facilitators__user_id=actor.id)
    bound = reads(DeviceSession).filter(AT_REAL, of_sessions).distinct()
    ids = [key for (key,) in await bound.values_list("device_id")]
    return Q(hub_id__in=hubs) | Q(prepared_by_id=actor.id) | Q(id__in=ids)


async def _phones(devices: Iterable[Device], actor: Actor) -> list[Phone]:
    devices = list(devices)
    ids = [one.id for one in devices]
    bound = await sessions_to_come(ids)
    later = await later_sessions(devices, bound)
    counted = reads(DeviceActivity).filter(device_id__in=ids, activity__ends_at__gt=clock.now())
    activities = await counted.select_related("activity")
    names = await names_of(one.prepared_by_id for one in devices)
    phones = []
    for device in devices:
        own = [one for one in bound if one.device_id == device.id]
        also = [one.activity for one in activities if one.device_id == device.id]
        is_own = device.prepared_by_id == actor.id
        phones.append(
            Phone(
                device=device,
                hub=device.hub.name,
                prepared_by=names.get(device.prepared_by_id, ""),
                state=_state(device, [one.created_at for one in own], bool(also), is_behind=bool(later[device.id])),
                sessions=[one.session for one in own],
                activities=sorted(also, key=lambda one: one.starts_at),
                added=later[device.id],
                can_manage=can_manage_phone(actor, device.hub_id, is_own=is_own),
            )
        )
    return phones


def _state(device: Device, given: Sequence[datetime], has_activities: bool, *, is_behind: bool) -> PhoneState:
    """Ready: its last report had all lists, and no session was added since."""
    if device.revoked_at is not None:
        return PhoneState.REVOKED
    if device.token_hash is None:
        return PhoneState.WAITING
    if not given and not has_activities:
        return PhoneState.OVER
    is_ready = device.ready_at is not None and all(moment <= device.ready_at for moment in given)
    return PhoneState.READY if is_ready and not is_behind else PhoneState.NOT_READY
