"""What phones send is taken back, changed, or late: kept all the same, and looked at where that is odd."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from tests import make
from tests.attendance.doors import Opened, hours, open_door, stay
from tests.attendance.uploading import event, h, kept, make_device, ms, send, states
from trainings.attendance import settling
from trainings.attendance.models import Attendance, Device, ScanEvent
from trainings.attendance.phones.api_routes import result_json
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db.sql import execute
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
Over = Callable[[Opened], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def over(freeze: Freeze) -> Over:
    """Let the session be over: what comes in was made before."""
    return lambda door: freeze(door.ends_at + HOUR)


async def test_undo_before_its_target_then_takes_effect_with_it_and_only_on_it(db: Settings, over: Over) -> None:
    door = await open_door()
    on_a, on_b = await make_device(door), await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))

    await send(on_a, event(door, kind="undo", target=came["id"]))
    await send(on_a, came)
    assert (await stay(door)).is_present is False
    await send(on_b, event(door, door.starts_at + 5 * MINUTE, h=h(door.ana)))

    assert (await stay(door)).arrived_at == door.starts_at + 5 * MINUTE


@pytest.mark.parametrize("is_turned", [False, True])
async def test_same_id_with_another_body_then_both_kept_and_looked_at_whichever_came_first(
    db: Settings, over: Over, is_turned: bool
) -> None:
    door = await open_door()
    device = await make_device(door)
    berta = await make.make_registration(door.training, given_names="Berta")
    over(door)
    came = event(door, h=h(door.ana))
    bodies = [came, came | {"h": h(berta)}]
    first, second = reversed(bodies) if is_turned else bodies

    assert await states(device, first) == [("stored", "")]
    assert await states(device, second, second, first) == [
        ("conflict", "changed_body"),
        ("conflict", "changed_body"),
        ("already", "changed_body"),
    ]

    assert await ScanEvent.all().count() == 2
    for one in (door.ana, berta):
        row = await stay(door, one)
        assert (row.is_present, row.to_review) == (True, True)
    await send(device, event(door, kind="undo", target=came["id"]))
    assert await Attendance.filter(is_present=True).count() == 0


async def test_same_id_at_another_session_then_another_body(db: Settings, over: Over) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))

    assert await states(device, came, came | {"session": str(door.training.sessions[1].id)}) == [
        ("stored", ""),
        ("conflict", "changed_body"),
    ]

    assert await Attendance.filter(is_present=True, to_review=True).count() == 2


async def test_same_id_at_another_hub_then_both_kept_and_neither_hub_is_asked_about_the_other(
    sqlite_db: Settings, over: Over
) -> None:
    door, elsewhere = await open_door(), await open_door(hub=await make.make_hub("tacana", municipality=make.TACANA))
    over(door)
    came = event(door, h=h(door.ana))
    await send(await make_device(door), came)

    theirs = came | {"session": str(elsewhere.key), "h": h(elsewhere.ana)}
    assert await states(await make_device(elsewhere), theirs, theirs) == [("conflict", "")] * 2

    assert [(await stay(one)).to_review for one in (door, elsewhere)] == [False] * 2
    assert {flag for (flag,) in await ScanEvent.all().values_list("flag")} == {""}


async def test_what_is_only_noted_beside_a_mark_changes_then_it_is_the_same_mark(
    sqlite_db: Settings, over: Over
) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))
    await send(device, came)

    assert await states(device, came | {"perf": 1, "seq": 9, "page": "p9", "app": "2.0.0", "more": True}) == [
        ("already", "")
    ]


async def test_session_is_closed_or_called_off_then_kept_and_flagged(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    await rescheduling.cancel(door.key, actor=PROGRAM)
    freeze(door.ends_at + HOUR)
    off = event(door, h=h(door.ana))

    assert await states(device, off) == [("flagged", "session_off")]
    assert (await stay(door)).minutes == 0

    freeze(door.starts_at - HOUR)
    await rescheduling.restore(door.key, actor=PROGRAM)
    freeze(door.ends_at + HOUR)
    assert (await kept(off["id"])).flag == "", "as it was held after all"


async def test_somebody_left_at_an_impossible_time_then_kept_and_flagged_until_it_is_possible(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device, elsewhere = await make_device(door), await make_device(door)
    freeze(door.ends_at - 30 * MINUTE)
    said_at, before = door.ends_at - HOUR, door.starts_at - 30 * MINUTE
    left = [
        event(door, said_at, kind="left", h=h(door.ana), stated_at=ms(moment))
        for moment in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2096, 2, 29, tzinfo=UTC), before)
    ]
    assert await states(elsewhere, event(door, h=h(door.ana))) == [("stored", "")]

    found = await send(device, *left)

    assert [(one.state, one.flag) for one in found] == [("flagged", "clock")] * 3
    assert result_json(found[0])["text"] == "La hora de la marca es rara. Cuenta, y quien coordina la revisa."
    await rescheduling.move(door.key, before, door.ends_at, None, actor=PROGRAM)
    assert [(await kept(one["id"])).flag for one in left] == ["clock", "clock", ""], "as it was held after all"


async def test_session_moved_after_the_marks_then_compared_with_the_one_that_was_held(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device = await make_device(door)
    day_before = door.starts_at - timedelta(days=1)
    freeze(day_before + 5 * HOUR)
    early, odd = event(door, day_before, h=h(door.ana)), event(door, day_before, kind="heads", number=1)
    assert await states(device, early, odd) == [("flagged", "clock")] * 2

    freeze(day_before - HOUR)
    await rescheduling.move(door.key, day_before, day_before + 2 * HOUR, None, actor=PROGRAM)
    freeze(day_before + 5 * HOUR)

    assert [(await kept(one["id"])).flag for one in (early, odd)] == ["", ""]
    await settling.settle(door.training.id)
    assert await hours(door.ana) == (120, True)


# -- one that breaks us


@pytest.fixture
async def breaking(sqlite_db: Settings) -> str:
    """A mark that the database refuses, as a mistake of ours would: what is noted as its page."""
    await execute(
        "CREATE TRIGGER breaks BEFORE INSERT ON scan_event WHEN NEW.page = 'breaks' "
        "BEGIN SELECT RAISE(ABORT, 'breaks'); END"
    )
    return "breaks"


async def test_mark_that_breaks_us_then_the_others_are_kept_and_it_stays_on_the_phone(
    breaking: str, over: Over, caplog: pytest.LogCaptureFixture
) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)
    good, other = event(door, h=h(door.ana)), event(door, kind="heads", number=1)
    bad = event(door, h=h(door.ana), page=breaking)

    found = await send(device, good, bad, other, n_unsent=0)

    assert [one.state for one in found] == ["stored", "malformed", "stored"]
    assert await ScanEvent.all().count() == 2
    assert (await Device.get(id=device.id)).n_unsent == 1
    assert "could not be kept" in caplog.text
    assert h(door.ana) not in caplog.text


async def test_each_mark_breaks_us_then_it_is_our_trouble_and_they_stay(breaking: str, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)

    with pytest.raises(IntegrityError):
        await send(device, *(event(door, h=h(door.ana), page=breaking) for _number in range(3)))


async def test_rows_of_the_signed_paper_typed_in_later_are_dated_at_the_beginning_as_in_the_panel(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device = await make_device(door)
    berta, carla = [await make.make_registration(door.training, given_names=name) for name in ("Berta", "Carla")]
    typed = door.ends_at + 12 * HOUR
    lines = [event(door, typed, how="sheet", h=h(one)) for one in (door.ana, berta)]
    left = event(door, door.starts_at + HOUR, kind="left", h=h(berta), stated_at=ms(door.starts_at + HOUR))

    freeze(door.starts_at - HOUR)
    before = event(door, door.starts_at - 2 * MINUTE, how="sheet", h=h(carla))
    assert await states(device, before) == [("stored", "")], "still to come, and no clock says so"
    freeze(typed)
    assert await states(device, left, *lines) == [("stored", "")] * 3
    assert await states(device, event(door, typed - 3 * HOUR, how="sheet", h=h(carla)), offset=3 * HOUR) == [
        ("stored", "")
    ]

    rows = [await stay(door, one) for one in (door.ana, berta)]
    assert [row.arrived_at for row in rows] == [door.starts_at] * 2
    assert rows[1].left_at == door.starts_at + HOUR
    assert (await kept(lines[0]["id"])).device_at == typed
