"""Heads counted on a phone at an activity: exactly once, in whatever order they come in."""

from __future__ import annotations

from itertools import permutations

from tests.attendance.doors import open_door
from tests.attendance.uploading import Event, make_device, send
from tests.outreach.make_activity import make_activity
from trainings.attendance.models import Device, DeviceActivity
from trainings.lib import tokens
from trainings.outreach.heads import counts_of, n_counted_at
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
    """The squares with somebody in them, or less than nobody."""
    counted = await counts_of(activity.id)
    return {(cell.sex.value, cell.band.value): n for cell, n in counted.items() if n}


async def test_heads_then_kept_once_and_taken_back_by_their_id_in_any_order(db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one, two = count(activity), count(activity, sex="hombre", age_band="60+")
    undo = count(activity, kind="undo", target=one["id"])

    said = [await send(device, batch) for batch in (count(activity, number=-1), two, one, one, undo, undo)]

    assert [result.state for [result] in said] == ["stored", "stored", "stored", "already", "stored", "already"]
    assert await cells(activity) == {("mujer", "18-59"): -1, ("hombre", "60+"): 1}
    await send(device, count(activity))
    assert await cells(activity) == {("hombre", "60+"): 1}
    assert await n_counted_at([activity.id]) == {activity.id: 1}
    assert {one.counted_by_id for one in await HeadCount.all()} == {device.id}


async def test_head_taken_back_twice_is_taken_back_once_in_whatever_order_it_comes(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one = count(activity)
    undos = [count(activity, kind="undo", target=one["id"]) for _window in range(2)]
    # Another body under the same id is taken back with it.
    other = one | {"sex": "hombre", "age_band": "60+"}

    for order in permutations((one, other, *undos)):
        if order.index(undos[0]) > order.index(undos[1]):
            continue
        await HeadCount.all().delete()
        said = [await send(device, one) for one in (count(activity, number=2), *order)]
        assert {result.state.value for [result] in said} == {"stored"}
        assert await cells(activity) == {("mujer", "18-59"): 2}


async def test_undo_under_the_name_of_a_head_then_both_kept(db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one, two = count(activity), count(activity)
    await send(device, one)
    await send(device, two)

    [result] = await send(device, count(activity, id=two["id"], kind="undo", target=one["id"]))

    assert result.state == "stored"
    assert await cells(activity) == {("mujer", "18-59"): 1}


async def test_same_id_with_another_body_then_both_kept_once(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)
    one = count(activity)
    other = one | {"sex": "hombre"}

    said = [await send(device, batch) for batch in (one, other, other, one)]

    assert [result.state for [result] in said] == ["stored", "stored", "already", "already"]
    assert await cells(activity) == {("mujer", "18-59"): 1, ("hombre", "18-59"): 1}


async def test_no_activity_or_no_cell_then_it_stays_on_the_phone(sqlite_db: Settings) -> None:
    activity = await make_activity()
    device = await a_phone_at(activity)

    found = await send(device, count(activity) | {"activity": str(tokens.uuid7())}, count(activity, sex="x"))

    assert [(one.state.value, one.trouble) for one in found] == [
        ("malformed", "unknown_activity"),
        ("malformed", "unreadable"),
    ]
    assert await HeadCount.all().count() == 0
