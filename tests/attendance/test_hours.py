"""Hours: when they count, how much of a session, what completes a course, and that they are computed anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.attendance.doors import hours, open_door, qr_of, scan, stay, take, undo
from tests.counting import statements
from trainings.attendance import actions, settling
from trainings.attendance.models import ScanKind
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import lock, transaction
from trainings.errors import Refusal
from trainings.registrations.models import Registration
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


async def test_minutes_count_while_the_session_is_closed_or_over_and_the_moment_of_completion_stays(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    berta = await make.make_registration(door.training, given_names="Berta")
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(door.ends_at - timedelta(minutes=15))
    await actions.reopen_session(door.key, actor=PROGRAM)
    await settling.settle(door.training.id)
    assert await hours(door.ana) == (0, False)

    for _time in range(2):
        await actions.close_session(door.key, actor=PROGRAM)
    assert (await hours(door.ana), (await stay(door)).minutes) == ((240, True), 240)
    lines = await AuditLine.filter(act__startswith="attendance.")
    assert [(one.act, one.detail) for one in lines] == [("attendance.close", {"present": 1})], "twice is once"

    await actions.reopen_session(door.key, actor=PROGRAM)
    assert await hours(door.ana) == (0, False)
    await take(door, scan(qr_of(berta), door.starts_at))
    for ended in (door.ends_at, door.ends_at + HOUR):
        freeze(ended)
        await settling.settle(door.training.id)
        assert await hours(door.ana) == await hours(berta) == (240, True), "over, without being closed"
    assert (await Registration.get(id=door.ana.id)).completed_at == door.ends_at


@pytest.mark.parametrize(
    ("left_after", "minutes"),
    [(-HOUR, 0), (timedelta(minutes=191, seconds=59), 191), (timedelta(minutes=192), 192), (9 * HOUR, 240)],
)
async def test_time_is_from_the_start_to_the_departure_and_never_more_than_the_session(
    db: Settings, freeze: Freeze, left_after: timedelta, minutes: int
) -> None:
    door = await open_door()
    await take(
        door,
        scan(qr_of(door.ana), door.starts_at - 2 * HOUR),
        scan(registration=door.ana, at=door.starts_at + left_after, kind=ScanKind.OUT),
    )
    freeze(door.ends_at)

    await actions.close_session(door.key, actor=PROGRAM)

    assert await hours(door.ana) == (minutes, minutes >= 192)


async def test_completed_is_eighty_percent_of_what_was_not_cancelled(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=5)
    for session in list(door.training.sessions)[:4]:
        await take(door, scan(qr_of(door.ana), session.starts_at), session=session.id)
    freeze(door.training.sessions[-1].ends_at)
    await settling.settle(door.training.id)
    assert await hours(door.ana) == (960, True)
    freeze(door.training.sessions[3].starts_at)
    await schedule.cancel_session(door.training.sessions[4].id, actor=PROGRAM)

    freeze(door.training.sessions[-1].ends_at)
    await settling.settle(door.training.id)

    assert await hours(door.ana) == (960, True)


async def test_cancelled_session_counts_neither_as_attended_nor_as_planned(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    await schedule.cancel_session(door.key, actor=PROGRAM)
    second = door.training.sessions[1]
    freeze(second.ends_at)
    await settling.settle(door.training.id)
    assert await hours(door.ana) == (0, False)

    await take(door, scan(qr_of(door.ana), second.starts_at), session=second.id)

    assert await hours(door.ana) == (240, True)


async def test_late_scan_and_late_undo_change_the_hours_at_once(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    came = scan(qr_of(door.ana), door.starts_at)

    await take(door, came)
    assert await hours(door.ana) == (240, True)
    await take(door, undo(came.id))
    assert await hours(door.ana) == (0, False)


async def test_session_that_has_not_begun_or_was_called_off_is_not_closed(db: Settings) -> None:
    door = await open_door(n_sessions=2)
    await schedule.cancel_session(door.training.sessions[1].id, actor=PROGRAM)

    for session in door.training.sessions:
        with pytest.raises(Refusal):
            await actions.close_session(session.id, actor=PROGRAM)


# -- making up elsewhere


async def test_session_of_the_same_course_elsewhere_makes_up_for_what_was_missed(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    course = await door.training.course
    second = await make.make_training(
        course=course, sessions=[(make.tomorrow_at(8, days=9), make.tomorrow_at(14, days=9))]
    )
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(second.sessions[0].ends_at)
    await take(door, scan(qr_of(door.ana), second.sessions[0].starts_at), session=second.sessions[0].id)
    await settling.settle(door.training.id)

    assert await hours(door.ana) == (480, True), "six hours elsewhere make up for the four that were missed"


async def test_closing_elsewhere_settles_the_people_of_other_trainings_of_the_course_and_of_no_other(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    same, another = await make.make_training(course=await door.training.course), await make.make_training()
    counted = []
    for session in (another.sessions[0], same.sessions[0]):
        await take(door, scan(qr_of(door.ana), session.starts_at), session=session.id)
        freeze(session.ends_at - timedelta(minutes=15))
        await actions.close_session(session.id, actor=PROGRAM)
        counted.append((await hours(door.ana), (await stay(door, session=session.id)).minutes))

    assert counted == [((0, False), 240), ((240, True), 240)]


# -- many


async def test_closing_for_many_costs_no_more_reads_than_for_one(db: Settings, freeze: Freeze) -> None:
    costs = []
    for n_people in (1, 12):
        door = await open_door(capacity=40)
        people = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(n_people - 1)]
        await take(door, *(scan(qr_of(one), door.starts_at) for one in (door.ana, *people)))
        with statements() as sent:
            freeze(door.starts_at)
            await actions.close_session(door.key, actor=PROGRAM)
        costs.append(sum(text.startswith("SELECT") for text in sent))

    assert costs[0] == costs[1]


async def test_settling_what_is_settled_writes_nothing(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(door.ends_at)
    await settling.settle(door.training.id)

    with statements() as sent:
        await settling.settle(door.training.id)

    assert not [text for text in sent if text.startswith(("INSERT", "UPDATE"))]


async def test_settling_many_then_others_get_the_training_in_between_but_not_within_a_closing(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "PEOPLE_AT_ONCE", 2)
    door = await open_door(capacity=40)
    others = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(7)]
    people = (door.ana, *others)
    left_at = door.starts_at + HOUR
    await take(
        door,
        *(scan(qr_of(one), door.starts_at) for one in people),
        *(scan(qr_of(one), left_at, kind=ScanKind.OUT) for one in people[:3]),
    )
    freeze(door.ends_at)
    at_closing = await seen_beside(door.training, actions.close_session(door.key, actor=PROGRAM))
    await Registration.all().update(minutes_attended=0, completed_at=None)

    in_parts = await seen_beside(door.training, settling.settle(door.training.id))

    assert at_closing <= {0, 8}
    assert in_parts & {2, 4, 6}, "thousands are not computed while all others wait"
    assert [await hours(one) for one in people] == [(60, False)] * 3 + [(240, True)] * 5


async def seen_beside(training: Training, settling: Coroutine[Any, Any, None]) -> set[int]:
    """Of how many people there were hours each time that somebody else got the training meanwhile."""
    seen: set[int] = set()
    task = asyncio.create_task(settling)
    while not task.done():
        async with transaction():
            await lock(Training, [training.id])
            seen.add(await Registration.filter(minutes_attended__gt=0).count())
    await task
    return seen
