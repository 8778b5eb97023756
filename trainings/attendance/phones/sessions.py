from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import OperationalError
from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import DESK, HEAD_COUNTERS
from trainings.accounts.queries import actor_of
from trainings.attendance.device_access import roster_until, training_ends
from trainings.attendance.models import Device, DeviceSession
from trainings.attendance.phones.devices import Load
from trainings.attendance.queries import gate_of
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import lock, reads, transaction
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.schedule.models import OF_REAL, SessionFacilitator, SessionState, TrainingSession, TrainingState

AHEAD = timedelta(days=14)
JUST_OVER = timedelta(hours=12)
MOST = 60
TAKES_MARKS = (TrainingState.PUBLISHED, TrainingState.UNLISTED, TrainingState.PRACTICE)
NOTHING = Load(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Offer:
    """By start. `at_hand`: the training that the person comes from."""

    sessions: tuple[TrainingSession, ...]
    activities: tuple[OutreachActivity, ...] = ()
    at_hand: UUID | None = None

    @property
    def hub_id(self) -> UUID | None:
        of_training = [one.training.hub_id for one in self.sessions if one.training_id == self.at_hand]
        of_any = [one.training.hub_id for one in self.sessions]
        return next(iter([*of_training, *of_any, *(one.hub_id for one in self.activities)]), None)

    def load(self, chosen: Collection[UUID] | None = None) -> Load:
        sessions = tuple(one for one in self.sessions if chosen is None or one.id in chosen)
        activities = tuple(one for one in self.activities if chosen is None or one.id in chosen)
        hub_id = Offer(sessions, activities, self.at_hand).hub_id
        if hub_id is None:
            return NOTHING
        return Load(hub_id, [one.id for one in sessions], [one.id for one in activities])


async def offer_to(actor: Actor, session_id: UUID | None = None) -> Offer:
    """From a session: the sessions of its training that the actor may mark or holds. Else all sessions that the actor
    holds, and at hubs of the desk the sessions and activities of the next 14 days. Raises UnknownSession.
    """
    if session_id is None:
        wanted = _held_by(actor) | _at_hubs(actor)
        return Offer(await _sessions(wanted), await _activities(actor))
    training = (await gate_of(session_id, actor)).session.training
    training_id = training.id
    of_training = Q(training_id=training_id) & in_scope(actor)
    open_ones = await _still_open(await _sessions(of_training))
    # Whoever practises keeps on the phone what it is for.
    usual = _at_hubs(actor) if training.state is TrainingState.PRACTICE else Q(id__in=[])
    held = await _sessions(_held_by(actor) | usual)
    found = {one.id: one for one in (*open_ones, *held)}
    sessions = sorted(found.values(), key=lambda one: (one.starts_at, one.id))
    return Offer(tuple(sessions), await _activities(actor), training_id)


def in_scope(actor: Actor) -> Q:
    return _own(actor) | Q(training__hub_id__in=sorted(actor.hubs_with(DESK)))


def _own(actor: Actor) -> Q:
    return Q(id__in=Subquery(SessionFacilitator.filter(user_id=actor.id).values("session_id")))


def _held_by(actor: Actor) -> Q:
    return _own(actor) & OF_REAL & Q(ends_at__gt=clock.now() - JUST_OVER)


def _at_hubs(actor: Actor) -> Q:
    now = clock.now()
    hubs = sorted(actor.hubs_with(DESK))
    return OF_REAL & Q(training__hub_id__in=hubs, ends_at__gt=now - JUST_OVER, starts_at__lt=now + AHEAD)


async def _sessions(wanted: Q) -> tuple[TrainingSession, ...]:
    found = reads(TrainingSession).filter(wanted, state=SessionState.PLANNED, training__state__in=list(TAKES_MARKS))
    shown = found.order_by("starts_at", "id").limit(MOST)
    return tuple(await shown.prefetch_related("training__hub__seat", "training__venue", "venue"))


async def _still_open(sessions: tuple[TrainingSession, ...]) -> tuple[TrainingSession, ...]:
    ends = await training_ends({one.training_id for one in sessions})
    return tuple(one for one in sessions if clock.now() < roster_until(one, ends.get(one.training_id)))


async def _activities(actor: Actor) -> tuple[OutreachActivity, ...]:
    now, hubs = clock.now(), sorted(actor.hubs_with(HEAD_COUNTERS))
    coming = reads(OutreachActivity).filter(
        hub_id__in=hubs, state=ActivityState.PUBLISHED, ends_at__gt=now - JUST_OVER, starts_at__lt=now + AHEAD
    )
    return tuple(await coming.order_by("starts_at", "id").limit(MOST).select_related("hub"))


Later = Mapping[UUID, Sequence[TrainingSession]]


async def sessions_to_come(device_ids: Collection[UUID]) -> list[DeviceSession]:
    bound = await reads(DeviceSession).filter(device_id__in=list(device_ids)).select_related("session__training")
    ends = await training_ends({one.session.training_id for one in bound})
    still = [one for one in bound if clock.now() < roster_until(one.session, ends.get(one.session.training_id))]
    return sorted(still, key=lambda one: (one.session.starts_at, one.session.id))


async def later_sessions(devices: Collection[Device], bound: Sequence[DeviceSession]) -> Later:
    """By phone: sessions that its trainings got after its last bound session, and that its preparer may mark."""
    planned = await _planned_in({one.session.training_id for one in bound})
    later: dict[UUID, list[TrainingSession]] = {}
    for device in devices:
        own = _added([one for one in bound if one.device_id == device.id], planned)
        allowed = await _allowed(device, own) if own and device.revoked_at is None else set()
        later[device.id] = [one for one in own if one.id in allowed]
    return later


async def take_later_sessions(device: Device) -> None:
    """The phone is answered even while nothing can be written."""
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
