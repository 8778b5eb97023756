"""Phones that are over go, or keep nothing of their own; what slips said goes; after a year marks, not attendance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import make_cast
from tests.registrations.card_world import make_spare_cards
from trainings import clock
from trainings.attendance import settling
from trainings.attendance.device_access import device_by_token
from trainings.attendance.models import (
    Attendance,
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
from trainings.attendance.queries import totals_of
from trainings.places.models import Hub
from trainings.privacy.actions import sweep
from trainings.registrations.models import Registration, RegistrationState
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


Freeze = Callable[[datetime], None]
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
RAW = ("phone_id", "user_id", "seq", "perf", "unknown_code", "sheet_id", "row")
RAW_TEXTS = ("page", "app_version", "roster_version", "code_hash", "body_hash")


async def full_door(freeze: Freeze) -> tuple[Opened, Device, dict[str, Registration]]:
    """One came twice, one left early, one was marked by mistake, one had no place, one had a card without a name."""
    door = await open_door(capacity=3)
    people = {"ana": door.ana}
    for name in ("left", "mistake"):
        people[name] = await make.make_registration(door.training, given_names=name)
    people["waiting"] = await make.make_registration(door.training, given_names="waiting")
    await Registration.filter(id=people["waiting"].id).update(state=RegistrationState.WAITLISTED)
    [card] = await make_spare_cards(door.training)
    device = await make_device(door)
    freeze(door.starts_at + 3 * HOUR)
    early, later = door.starts_at + timedelta(minutes=7), door.starts_at + timedelta(minutes=31)
    mistake = event(door, early, h=h(people["mistake"]))
    left = event(door, later, kind="left", how="button", stated_at=later_ms(door), h=h(people["left"]))
    await send(
        device,
        *(event(door, at, h=h(door.ana)) for at in (later, early)),
        event(door, early, h=h(people["left"]), how="typed"),
        left,
        mistake,
        event(door, kind="undo", target=mistake["id"]),
        event(door, early, h=h(people["waiting"])),
        event(door, early, h=card.qr_hash[:24], kind="walkin"),
        event(door, early, kind="heads", how="button", number=3),
        event(door, early, kind="heads", how="button", number=-1),
        event(door, early, code="Z" * 20, known=False),
    )
    await WalkInSlip.create(
        session=door.session,
        device=device,
        code_hash="0" * 24,
        body_hash="x",
        written_at=early,
        state=SlipState.DISMISSED,
    )
    return door, device, people


def later_ms(door: Opened) -> int:
    return round((door.starts_at + 2 * HOUR).timestamp() * 1000)


async def what_counts(door: Opened, people: dict[str, Registration]) -> dict[str, Any]:
    rows = await Attendance.filter(session_id=door.key).values_list(
        "registration_id", "is_present", "minutes", "to_review", "left_at"
    )
    names = {one.id: name for name, one in people.items()}
    return {
        "came": {names[key]: rest for key, *rest in rows if rest[0]},
        "hours": {name: await hours(one) for name, one in people.items()},
        "totals": astuple(await totals_of(await TrainingSession.get(id=door.key))),
    }


@pytest.mark.both_engines
async def test_a_year_later_attendance_stands_and_the_marks_are_gone(db: Settings, freeze: Freeze) -> None:
    door, _device, people = await full_door(freeze)
    freeze(door.ends_at + HOUR)
    await settling.settle(door.training.id)
    before = await what_counts(door, people)
    assert before["came"] == {
        "ana": [True, 240, False, None],
        "left": [True, 120, False, door.starts_at + 2 * HOUR],
        "waiting": [True, 240, True, None],
    }

    freeze(door.ends_at + YEAR)
    assert (await sweep()).marks == 0
    freeze(door.ends_at + YEAR + HOUR)
    assert (await sweep()).marks == 11
    assert (await sweep()).marks == 0

    assert await what_counts(door, people) == before
    await settling.settle(door.training.id)
    assert await what_counts(door, people) == before
    marks = await ScanEvent.all()
    assert {getattr(one, name) for one in marks for name in RAW} == {None}
    assert {getattr(one, name) for one in marks for name in RAW_TEXTS} == {""}
    assert {one.at for one in marks if one.kind != "left"} == {door.starts_at}
    assert {one.created_at for one in marks} == {clock.now()}
    assert {one.arrived_at for one in await Attendance.filter(is_present=True)} == {door.starts_at}
    assert (await WalkInSlip.all().count(), await Device.exclude(name="").count()) == (0, 0)


async def test_emptied_phone_goes_with_the_last_of_its_marks(sqlite_db: Settings, freeze: Freeze) -> None:
    door, _device, _people = await full_door(freeze)
    freeze(door.ends_at + timedelta(days=68))
    await sweep()
    assert [one.name for one in await Device.all()] == [""]

    freeze(door.ends_at + YEAR + HOUR)
    await sweep()

    assert await Device.all().count() == 0


async def test_mark_that_comes_in_after_a_year_changes_nothing_and_goes_too(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, device, people = await full_door(freeze)
    freeze(door.ends_at + YEAR + HOUR)
    await sweep()
    before = await what_counts(door, people)
    device = await make_device(door)

    await send(device, event(door, h=h(people["mistake"])))
    assert (await sweep()).marks > 1

    assert await what_counts(door, people) == before
    assert await ScanEvent.filter(phone_id__not_isnull=True).count() == 0


async def test_course_that_goes_on_keeps_the_marks_of_its_first_session(sqlite_db: Settings, freeze: Freeze) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 400)]
    training = await make.make_training(sessions=days)
    ana = await make.make_registration(training)
    door = Opened(training, min(training.sessions, key=lambda one: one.starts_at), ana)
    freeze(door.starts_at + HOUR)
    await send(await make_device(door), event(door, h=h(door.ana)))

    freeze(door.ends_at + YEAR + HOUR)

    assert (await sweep()).marks == 0
    freeze(make.tomorrow_at(12, days=400) + YEAR + HOUR)
    assert (await sweep()).marks == 1
