"""Sessions added to a training after a phone was prepared: it gets them by itself, with a signal."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import OperationalError

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance.device_queries import roster_until, training_ends
from trainings.attendance.models import Device, DeviceSession
from trainings.attendance.phones.sessions import TAKES_MARKS, in_scope
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.db import lock, reads, transaction
from trainings.schedule.models import SessionState, TrainingSession

Later = Mapping[UUID, Sequence[TrainingSession]]


async def sessions_to_come(device_ids: Collection[UUID]) -> list[DeviceSession]:
    """Sessions on these phones whose list still opens, by start."""
    bound = await reads(DeviceSession).filter(device_id__in=list(device_ids)).select_related("session__training")
    ends = await training_ends({one.session.training_id for one in bound})
    still = [one for one in bound if clock.now() < roster_until(one.session, ends.get(one.session.training_id))]
    return sorted(still, key=lambda one: (one.session.starts_at, one.session.id))


async def later_sessions(devices: Collection[Device], bound: Sequence[DeviceSession]) -> Later:
    """By phone: sessions that its trainings got after its last one of them (`bound`).

    Not sessions that it was not given then, nor those that its preparer may not mark.
    """
    planned = await _planned_in({one.session.training_id for one in bound})
    later: dict[UUID, list[TrainingSession]] = {}
    for device in devices:
        own = _added([one for one in bound if one.device_id == device.id], planned)
        allowed = await _allowed(device, own) if own and device.revoked_at is None else set()
        later[device.id] = [one for one in own if one.id in allowed]
    return later


async def take_later_sessions(device: Device) -> None:
    """Bind the asking phone to them. It is answered even while nothing can be written."""
    with contextlib.suppress(OperationalError):
        if not await _later_of(device):
            return
        async with transaction():
            await lock(Device, [device.id])
            new = await _later_of(device)
            await DeviceSession.bulk_create(DeviceSession(device_id=device.id, session_id=one.id) for one in new)
            told = {"object_id": device.id, "hub_id": device.hub_id}
            await record("devices.add_sessions", actor=PROGRAM, sessions=len(new), **told)


async def _later_of(device: Device) -> Sequence[TrainingSession]:
    return (await later_sessions([device], await sessions_to_come([device.id])))[device.id]


async def _planned_in(training_ids: Collection[UUID]) -> list[TrainingSession]:
    planned = reads(TrainingSession).filter(training_id__in=sorted(training_ids), state=SessionState.PLANNED)
    of_open = planned.filter(ends_at__gt=clock.now(), training__state__in=list(TAKES_MARKS))
    return await of_open.order_by("starts_at", "id") if training_ids else []


def _added(bound: Sequence[DeviceSession], planned: Sequence[TrainingSession]) -> list[TrainingSession]:
    has = {one.session_id for one in bound}
    given_at: dict[UUID, datetime] = {}
    for one in bound:
        key = one.session.training_id
        given_at[key] = max(one.created_at, given_at.get(key, one.created_at))
    later = (one for one in planned if one.training_id in given_at and one.created_at > given_at[one.training_id])
    return [one for one in later if one.id not in has]


async def _allowed(device: Device, sessions: Sequence[TrainingSession]) -> set[UUID]:
    maker = await reads(User).get_or_none(id=device.prepared_by_id, is_active=True)
    if maker is None:
        return set()
    theirs = reads(TrainingSession).filter(in_scope(await actor_of(maker)), id__in=[one.id for one in sessions])
    return {key for (key,) in await theirs.values_list("id")}
