"""Phones that are over go, or keep nothing of their own; what slips said goes with the session."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import open_door
from tests.cast import make_cast
from trainings import clock
from trainings.attendance.device_queries import device_by_token
from trainings.attendance.models import (
    Device,
    DeviceSession,
    ScanEvent,
    ScanHow,
    ScanKind,
    SlipState,
    WalkInSlip,
)
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load, Prepared
from trainings.places.models import Hub
from trainings.privacy.actions import sweep
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings


async def phone_for(session: TrainingSession, hub: Hub, name: str = "De Ana") -> Prepared:
    user = await make.make_user(hub=hub)
    load = Load(hub.id, [session.id])
    return await devices.prepare_this(load, name=name, token="", actor=await make.actor_of(user))


async def mark_from(phone: Prepared, session: TrainingSession) -> None:
    await ScanEvent.create(
        session=session,
        kind=ScanKind.IN,
        how=ScanHow.CAMERA,
        at=clock.now(),
        device_at=clock.now(),
        body_hash="x",
        phone=phone.device,
    )


async def names_at(moment: datetime) -> list[str]:
    """The phones that have a name after sweeping at this moment."""
    with clock.frozen(moment):
        await sweep()
    return sorted([name for (name,) in await Device.exclude(name="").values_list("name")])


async def test_phone_goes_67_days_after_its_training_and_30_after_it_was_revoked(db: Settings) -> None:
    cast = await make_cast()
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 3)]
    training = await make.make_training(hub=cast.hub, sessions=days)
    first, last = sorted(training.sessions, key=lambda one: one.starts_at)
    kept, revoked = await phone_for(first, cast.hub, "Sigue"), await phone_for(first, cast.hub, "Retirado")
    await devices.revoke(revoked.device.id, actor=await make.actor_of(cast.coordinator))
    at = clock.now()

    assert await names_at(at + timedelta(days=29)) == ["Retirado", "Sigue"]
    assert await names_at(at + timedelta(days=31)) == ["Sigue"]
    assert await names_at(last.ends_at + timedelta(days=66)) == ["Sigue"]
    assert await device_by_token(kept.token) is not None
    assert await names_at(last.ends_at + timedelta(days=68)) == []
    assert (await Device.all().count(), await DeviceSession.all().count()) == (0, 0)


async def test_phone_that_marks_came_from_is_emptied_and_its_marks_stay(db: Settings) -> None:
    door = await open_door()
    phone = await phone_for(door.session, await make.make_hub())
    await mark_from(phone, door.session)

    assert await names_at(door.ends_at + timedelta(days=68)) == []

    device = await Device.get()
    assert (device.name, device.token_hash, device.prepared_by_id) == ("", None, None)
    assert await device_by_token(phone.token) is None
    assert (await ScanEvent.get()).phone_id == device.id
    with clock.frozen(door.ends_at + timedelta(days=69)):
        assert (await sweep()).phones == 0


async def test_code_that_nobody_used_goes_after_a_day(db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub)
    load = Load(cast.hub.id, [training.sessions[0].id])
    await devices.invite(load, name="Luis", actor=await make.actor_of(cast.coordinator))
    until = clock.now() + devices.CODE_LIVES

    assert await names_at(until + timedelta(hours=23)) == ["Luis"]
    assert await names_at(until + timedelta(hours=25)) == []
    assert await Device.all().count() == 0


@pytest.mark.both_engines
async def test_slip_that_still_waits_30_days_after_the_session_is_emptied(db: Settings) -> None:
    door = await open_door()
    await WalkInSlip.create(
        session=door.session, code_hash="0" * 24, body="sellado", body_hash="x", written_at=clock.now()
    )

    swept = []
    for days in (29, 31, 32):
        with clock.frozen(door.ends_at + timedelta(days=days)):
            swept.append((await sweep()).slips)

    slip = await WalkInSlip.get()
    assert swept == [0, 1, 0]
    assert (slip.body, slip.state) == (None, SlipState.DISMISSED)
