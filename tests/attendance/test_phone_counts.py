"""Heads counted on a phone at an activity: exactly once, in whatever order they come in."""

from __future__ import annotations

from tests.attendance.doors import open_door
from tests.attendance.uploading import Event, make_device, send
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.attendance.models import Device, DeviceActivity
from trainings.lib import tokens
from trainings.outreach.models import HeadCount, OutreachActivity
from trainings.settings import Settings


async def a_phone_at(activity: OutreachActivity) -> Device:
    device = await make_device(await open_door(), sessions=[])
    await DeviceActivity.create(device_id=device.id, activity_id=activity.id)
    return device


def count(activity: OutreachActivity, **parts: object) -> Event:
    about = {"kind": "count", "activity": str(activity.id), "at": 1_700_000_000_000, "how": "button"}
    return about | {"id": str(tokens.uuid7()), "sex": "mujer", "age_band": "18-59", "number": 1} | parts


async def cells(activity: OutreachActivity) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in await HeadCount.filter(activity_id=activity.id):
        found[row.sex, row.age_band] = found.get((row.sex, row.age_band), 0) + row.number
    return found


async def test_heads_then_kept_once_and_taken_back_by_their_id_in_any_order(db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one, two = count(activity), count(activity, sex="hombre", age_band="60+")
    undo = count(activity, kind="undo", target=one["id"])

    said = [await send(device, batch) for batch in (count(activity, number=-1), two, one, one, undo, undo)]

    assert [result.state for [result] in said] == ["stored", "stored", "stored", "already", "stored", "already"]
    assert await cells(activity) == {("mujer", "18-59"): -1, ("hombre", "60+"): 1}
    await send(device, count(activity))
    assert (await cells(activity))["mujer", "18-59"] == 0


async def test_undo_before_its_head_then_kept_for_the_cell_that_it_names(db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    head = count(activity, sex="hombre", age_band="60+")
    undo = count(activity, kind="undo", target=head["id"], sex="hombre", age_band="60+", number=1)

    said = [await send(device, *batch) for batch in ((undo,), (undo, head), (head, undo))]

    assert [[one.state for one in results] for results in said] == [
        ["stored"],
        ["already", "stored"],
        ["already", "already"],
    ]
    assert await cells(activity) == {("hombre", "60+"): 0}


async def test_same_id_with_another_body_then_both_kept_once(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one = count(activity)
    other = one | {"sex": "hombre"}

    said = [await send(device, batch) for batch in (one, other, other, one)]

    assert [result.state for [result] in said] == ["stored", "stored", "already", "already"]
    assert await cells(activity) == {("mujer", "18-59"): 1, ("hombre", "18-59"): 1}


async def test_activity_that_the_phone_is_not_for_or_no_cell_then_it_stays_on_the_phone(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    elsewhere = await make_device(await open_door(), sessions=[])
    out_of_use = await a_phone_at(activity)
    of_nothing = count(activity, kind="undo", target=str(tokens.uuid7()), number=None)
    await Device.filter(id=out_of_use.id).update(revoked_at=clock.now())

    found = [
        *await send(elsewhere, count(activity)),
        *await send(out_of_use, count(activity)),
        *await send(device, count(activity, sex="x"), of_nothing),
    ]

    assert {(one.state.value, one.trouble) for one in found} == {("malformed", "unknown_activity")}
    assert await HeadCount.all().count() == 0


async def test_heads_are_the_phones_that_counted_them(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)

    await send(device, count(activity))

    assert (await HeadCount.get()).counted_by_id == device.id
