"""Closing without signal: at once where every phone has told what it has, else it waits for somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.attendance.doors import Opened, hours, open_door
from tests.attendance.uploading import event, h, kept, make_device, send, states
from trainings.attendance import rescheduling
from trainings.attendance.closings import closed_on_phones, phones_missing
from trainings.attendance.models import Decision, Device, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


async def closed_at(door: Opened) -> datetime | None:
    return (await TrainingSession.get(id=door.key)).closed_at


async def test_only_phone_closes_then_closed_when_it_was_and_hours_count(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    device = await make_device(door)
    freeze(door.starts_at + 3 * HOUR)
    ended = door.starts_at + 2 * HOUR

    found = await states(device, event(door, h=h(door.ana)), event(door, ended, kind="close", how="button"))

    assert found == [("stored", "")] * 2
    assert await closed_at(door) == ended
    assert await hours(door.ana) == (240, True)
    [line] = await AuditLine.filter(act="attendance.close")
    assert (line.actor_role, line.detail) == ("phone", {"present": 1})


async def test_another_phone_has_something_left_then_closed_once_it_told_all(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    first, second = await make_device(door), await make_device(door)
    freeze(door.starts_at + HOUR)
    await send(second, n_unsent=0)
    freeze(door.starts_at + 3 * HOUR)
    ended = door.starts_at + 2 * HOUR

    await send(first, event(door, ended, kind="close", how="button"))
    assert await closed_at(door) is None, "it has not been heard of since"
    assert await closed_on_phones([door.key]) == {door.key: ended}
    assert [one.id for one in await phones_missing(door.key, ended)] == [second.id]
    await send(second, event(door, h=h(door.ana)), n_unsent=4)
    assert await closed_at(door) is None, "four are still on it"
    await send(second, n_unsent=0)

    assert await closed_at(door) == ended
    assert await hours(door.ana) == (240, True)
    assert (await ScanEvent.get(registration_id=door.ana.id)).flag == ""


@pytest.mark.parametrize("why", ["undone", "put aside", "too early", "too late", "revoked", "called off"])
async def test_closing_that_does_not_stand_then_the_session_stays_open(
    sqlite_db: Settings, freeze: Freeze, why: str
) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    if why == "called off":
        await rescheduling.cancel(door.key, actor=PROGRAM)
    freeze(door.starts_at + 3 * HOUR)
    minutes = {"too early": -1, "too late": 181}.get(why, 120)
    ended = event(door, door.starts_at + timedelta(minutes=minutes), kind="close", how="button")
    if why == "revoked":
        await Device.filter(id=device.id).update(revoked_at=door.starts_at)
    await send(device, ended, *([event(door, kind="undo", target=ended["id"])] if why == "undone" else []), n_unsent=1)
    if why == "put aside":
        await ScanEvent.filter(id=ended["id"]).update(decision=Decision.DISMISSED)

    await send(device, n_unsent=0)

    assert await closed_at(door) is None
    assert (await kept(ended["id"])).kind == "close", "kept all the same"
