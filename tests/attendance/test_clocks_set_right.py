"""A phone whose clock showed another year while it marked, and was set right before it sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from tests import make
from tests.attendance.doors import Opened, open_door, stay
from tests.attendance.uploading import NO_OFFSET, Event, event, h, kept, make_device, ms, send
from trainings.attendance.models import DatedBy, Device, ScanFlag
from trainings.attendance.phones.uploads import Upload, receive
from trainings.attendance.scans import Dated, Reading
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.pages import arrival_in_words
from trainings.audit.actor import PROGRAM
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def since(page_opened: timedelta) -> int:
    return round(page_opened / timedelta(milliseconds=1))


async def send_from(phone: Device, sent: Reading, *events: Event) -> None:
    await receive(phone, Upload(events, NO_OFFSET, n_unsent=0, sent=sent))


async def dated(mark: Event) -> tuple[Any, ...]:
    one = await kept(mark["id"])
    return one.at, one.dated_by, one.flag


async def test_page_that_sends_then_its_counter_tells_when_its_marks_were_made(db: Settings, freeze: Freeze) -> None:
    door = await open_door(capacity=4)
    phone = await make_device(door)
    freeze(door.ends_at + HOUR)
    came = event(door, LONG_AGO, h=h(door.ana), perf=since(MINUTE))
    left = LONG_AGO + 2 * HOUR
    gone = event(door, left, kind="left", h=h(door.ana), perf=since(2 * HOUR + MINUTE), stated_at=ms(left - HOUR))

    await send_from(phone, Reading("p1", since(5 * HOUR), door.starts_at + 5 * HOUR - MINUTE), came, gone)

    of_ana = await stay(door)
    assert (of_ana.arrived_at, of_ana.left_at) == (door.starts_at, door.starts_at + HOUR)
    assert [await dated(one) for one in (came, gone)] == [
        (door.starts_at, DatedBy.PAGE, ScanFlag.CLOCK),
        (door.starts_at + 2 * HOUR, DatedBy.PAGE, ScanFlag.CLOCK),
    ]


async def test_nothing_tells_then_as_the_session_is_held_and_flagged(db: Settings, freeze: Freeze) -> None:
    """What is known of its page by other marks tells nothing, in whatever order they come in."""
    door = await open_door(capacity=1)
    waiting = await make.make_registration(door.training, given_names="Berta")
    phone = await make_device(door)
    freeze(door.ends_at + HOUR)
    right = event(door, h=h(waiting), perf=since(2 * HOUR))
    past = event(door, datetime(1970, 1, 1, tzinfo=UTC), h=h(door.ana), perf=since(HOUR))
    gone = event(door, LONG_AGO, kind="left", h=h(door.ana), perf=since(3 * HOUR), stated_at=ms(LONG_AGO - HOUR))
    ahead = event(door, door.starts_at + 30 * DAY, h=h(waiting), perf=since(HOUR))
    still_to_be = event(door, LONG_AGO, h=h(door.ana), perf=since(9 * HOUR), page="p2")
    uncounted = event(door, LONG_AGO, kind="left", h=h(door.ana), perf=None, page="p2", stated_at=ms(LONG_AGO))

    await send(phone, right)
    await send_from(
        phone, Reading("p2", since(5 * HOUR), door.ends_at + HOUR), past, gone, ahead, still_to_be, uncounted
    )

    start, end = (door.starts_at, DatedBy.SESSION, ScanFlag.CLOCK), (door.ends_at, DatedBy.SESSION, ScanFlag.CLOCK)
    waits = (door.starts_at, DatedBy.SESSION, ScanFlag.WAITLISTED)
    marks = (past, gone, ahead, still_to_be, uncounted)
    assert [await dated(one) for one in marks] == [start, end, waits, start, end]
    assert (await stay(door)).left_at == door.ends_at, "not at a time that nobody said"

    freeze(door.starts_at - DAY)
    earlier = door.starts_at - HOUR
    await rescheduling.move(door.key, earlier, door.ends_at + HOUR, None, actor=PROGRAM)
    assert [(await kept(one["id"])).at for one in marks] == [
        {door.starts_at: earlier, door.ends_at: door.ends_at + HOUR}[at]
        for at, *_rest in (start, end, waits, start, end)
    ]
    assert (await stay(door)).arrived_at == earlier


async def test_near_the_session_but_after_it_came_in_then_its_clock_is_not_believed(
    db: Settings, freeze: Freeze
) -> None:
    """Two hours ahead and set right before it sent; set back two hours before it sent again."""
    door = await open_door()
    phone = await make_device(door)
    now = door.starts_at + 100 * MINUTE
    freeze(now)
    ahead = event(door, door.starts_at + 3 * HOUR, kind="out", h=h(door.ana), perf=since(HOUR))
    right = event(door, door.starts_at + HOUR, kind="out", h=h(door.ana))

    await send_from(phone, Reading("p1", since(100 * MINUTE), now), event(door, h=h(door.ana)), ahead)
    await send(phone, right)
    freeze(now + 5 * MINUTE)
    await send(phone, right, offset=2 * HOUR)

    assert [await dated(one) for one in (ahead, right)] == [
        (door.starts_at + HOUR, DatedBy.PAGE, ScanFlag.CLOCK),
        (door.starts_at + HOUR, DatedBy.CLOCK, ScanFlag.NONE),
    ]
    assert (await stay(door)).left_at == door.starts_at + HOUR


# -- sent again, from another page or by another clock


def ways(door: Opened) -> dict[str, tuple[Upload, DatedBy]]:
    """How one mark of a quarter past may be sent, and what tells then when it was made."""
    now, opened = door.ends_at + HOUR, door.starts_at + 10 * MINUTE
    own = Reading("p1", since(now - opened), now)
    asleep = Reading("p1", since(now - opened - 2 * HOUR), now)
    other = Reading("p2", since(HOUR), now)
    behind = door.starts_at + 15 * MINUTE - LONG_AGO
    return {
        "before the clock was set right": (Upload((), behind), DatedBy.CLOCK),
        "by its own page": (Upload((), NO_OFFSET, sent=own), DatedBy.PAGE),
        "by its own page, which slept meanwhile": (Upload((), NO_OFFSET, sent=asleep), DatedBy.PAGE),
        "by another page": (Upload((), NO_OFFSET, sent=other), DatedBy.SESSION),
        "in a copy": (Upload((), NO_OFFSET), DatedBy.SESSION),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("before the clock was set right", "by its own page", "by another page"),
        ("by its own page", "in a copy", "by its own page, which slept meanwhile"),
    ],
)
async def test_sent_again_then_what_tells_most_counts_whichever_came_first(
    sqlite_db: Settings, freeze: Freeze, names: tuple[str, ...]
) -> None:
    door = await open_door()
    phone = await make_device(door)
    freeze(door.ends_at + HOUR)
    sent = ways(door)
    best = sent[names[0]][1]

    for order in permutations(names):
        mark = event(door, LONG_AGO, kind="out", h=h(door.ana), perf=since(5 * MINUTE))
        for name in order:
            await receive(phone, Upload([mark], sent[name][0].offset, n_unsent=0, sent=sent[name][0].sent))
        assert await dated(mark) == (door.starts_at + 15 * MINUTE, best, ScanFlag.CLOCK), order


async def test_mark_that_came_again_better_dated_then_attendance_follows(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    phone = await make_device(door)
    now = door.ends_at + HOUR
    freeze(now)
    came = event(door, h=h(door.ana))
    gone = event(door, door.starts_at + DAY, kind="out", h=h(door.ana), perf=since(HOUR))
    other = gone | {"at": ms(door.starts_at + 2 * DAY), "perf": since(2 * HOUR)}
    await send(phone, came, gone, other)
    minutes = [(await stay(door)).minutes]

    freeze(now + 3 * DAY)
    again = Reading("p1", since(6 * HOUR + 3 * DAY), now + 3 * DAY)
    for marks in ([other], [gone, other]):
        await send_from(phone, again, *marks)
        minutes.append((await stay(door)).minutes)

    assert minutes == [240, 240, 60], "the later departure counts"
    assert await dated(gone) == (door.starts_at, DatedBy.PAGE, ScanFlag.CHANGED_BODY), "it came in before that day"


def test_two_that_tell_the_same_way_then_not_by_minutes() -> None:
    at = LONG_AGO
    known = {by: Dated(at, by) for by in DatedBy}

    better = {
        (by.value, minutes)
        for by in DatedBy
        for minutes in (-6, -5, 5, 6)
        if Dated(at + minutes * MINUTE, by).is_truer_than(known[by])
    }

    assert better == {("clock", 6), ("page", -6)}


async def test_time_far_from_the_session_then_the_list_says_that_it_is_unsure(sqlite_db: Settings) -> None:
    door = await open_door()

    assert arrival_in_words(door.session, door.starts_at).startswith("Presente, 8:00")
    assert arrival_in_words(door.session, door.starts_at - DAY) == "Presente, falta revisar a qué hora"
