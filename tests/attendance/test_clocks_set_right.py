"""A phone whose clock showed another year while it marked, and was set right before it sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests import make
from tests.attendance.doors import open_door, stay
from tests.attendance.uploading import event, h, kept, make_device, ms, send
from trainings.attendance.models import ScanFlag
from trainings.attendance.moments import Reading
from trainings.attendance.sheet_pages import arrival_in_words
from trainings.attendance.uploads import Upload, receive
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


async def test_marks_of_before_then_at_their_true_time_by_another_of_their_page(db: Settings, freeze: Freeze) -> None:
    door = await open_door(capacity=4)
    berta = await make.make_registration(door.training, given_names="Berta")
    phone = await make_device(door)
    freeze(door.ends_at + HOUR)
    early = event(door, LONG_AGO, h=h(door.ana), perf=1000)
    gone = event(door, LONG_AGO + 2 * HOUR, kind="left", h=h(door.ana), perf=7_201_000, stated_at=ms(LONG_AGO + HOUR))
    right = event(door, door.starts_at + 3 * HOUR, h=h(berta), perf=1000 + 3 * 3_600_000)

    await send(phone, early, gone, right)

    of_ana = await stay(door)
    assert (of_ana.arrived_at, of_ana.left_at) == (door.starts_at, door.starts_at + HOUR)
    assert [(await kept(one["id"])).flag for one in (early, right)] == [ScanFlag.CLOCK, ScanFlag.NONE]

    later = event(door, LONG_AGO, h=h(berta), perf=1000 + 60_000)
    await send(phone, later)
    assert (await kept(later["id"])).at == door.starts_at + MINUTE, "by what came in before"


async def test_page_that_sends_then_its_counter_tells_when_its_marks_were_made(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    phone = await make_device(door)
    freeze(door.starts_at + HOUR)
    mark = event(door, LONG_AGO, h=h(door.ana), perf=1000)

    await receive(phone, Upload([mark], timedelta(), n_unsent=0, sent=Reading("p1", 3_001_000, door.starts_at + HOUR)))

    assert (await kept(mark["id"])).at == door.starts_at + 10 * MINUTE


async def test_nothing_tells_then_at_the_session_and_flagged(db: Settings, freeze: Freeze) -> None:
    door = await open_door(capacity=1)
    waiting = await make.make_registration(door.training, given_names="Berta")
    phone = await make_device(door)
    freeze(door.ends_at + HOUR)
    past = event(door, datetime(1970, 1, 1, tzinfo=UTC), h=h(door.ana), page="a")
    gone = event(door, LONG_AGO, kind="out", h=h(door.ana), page="b")
    ahead = event(door, door.starts_at + 30 * DAY, h=h(waiting), page="c")

    await send(phone, past, gone, ahead)

    assert [((one := await kept(mark["id"])).at, one.flag) for mark in (past, gone, ahead)] == [
        (door.starts_at, ScanFlag.CLOCK),
        (door.ends_at, ScanFlag.CLOCK),
        (door.starts_at, ScanFlag.WAITLISTED),
    ]


async def test_time_far_from_the_session_then_the_list_says_that_it_is_unsure(sqlite_db: Settings) -> None:
    door = await open_door()

    assert arrival_in_words(door.session, door.starts_at).startswith("Presente, 8:00")
    assert arrival_in_words(door.session, door.starts_at - DAY) == "Presente, falta revisar a qué hora"
