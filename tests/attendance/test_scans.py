"""Scans are events: none is refused, none is lost, and attendance is what they say together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import answers, flags, open_door, qr_of, scan, stay, take, undo
from tests.counting import statements
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.lib import tokens
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE = timedelta(minutes=1)


# -- one person


async def test_code_short_code_and_row_all_mean_the_person(db: Settings) -> None:
    door = await open_door()
    people = [door.ana] + [await make.make_registration(door.training, given_names=name) for name in ("B", "C")]
    shown = tokens.show_short_code(people[1].short_code).lower().replace("0", "o")

    said = await answers(
        door,
        scan(qr_of(people[0]), door.starts_at),
        scan(shown, door.starts_at, how=ScanHow.TYPED),
        scan(at=door.starts_at, registration=people[2], how=ScanHow.LIST),
    )

    assert [one.outcome.value for one in said] == ["present"] * 3
    assert [one.registration.id for one in said if one.registration] == [one.id for one in people]
    assert await flags(door) == ["", "", ""]
    for one in people:
        row = await stay(door, one)
        assert (row.is_present, row.arrived_at, row.left_at, row.to_review) == (True, door.starts_at, None, False)


async def test_address_around_the_code_is_read_too(db: Settings) -> None:
    door = await open_door()

    assert await take(door, scan(f"https://trainings.example.org/C/{qr_of(door.ana)}", door.starts_at)) == ["present"]


async def test_two_devices_make_two_events_and_one_attendance_from_the_earlier_one(db: Settings) -> None:
    door = await open_door()

    outcomes = [
        *await take(door, scan(qr_of(door.ana), door.starts_at + 5 * MINUTE)),
        *await take(door, scan(qr_of(door.ana), door.starts_at + 2 * MINUTE)),
    ]

    assert outcomes == ["present", "already"]
    assert await ScanEvent.all().count() == 2
    assert await Attendance.all().count() == 1
    row = await stay(door)
    assert (row.arrived_at, row.to_review) == (door.starts_at + 2 * MINUTE, False)
    assert await flags(door) == ["", ""]


async def test_same_device_again_is_told_when_the_person_came(db: Settings) -> None:
    door = await open_door()
    await take(door, scan(qr_of(door.ana), door.starts_at))

    [said] = await answers(door, scan(qr_of(door.ana), door.starts_at + 9 * MINUTE))

    assert (said.outcome, said.arrived_at) == ("already", door.starts_at)


async def test_batch_is_taken_in_order_and_told_as_all_stands_after_it(db: Settings) -> None:
    door = await open_door()
    first, again = scan(qr_of(door.ana), door.starts_at), scan(qr_of(door.ana), door.starts_at + MINUTE)

    outcomes = await take(
        door, first, again, undo(first.id), undo(again.id), scan(qr_of(door.ana), door.starts_at + 5 * MINUTE)
    )

    assert outcomes == ["undone", "undone", "undone", "undone", "present"]
    assert (await stay(door)).arrived_at == door.starts_at + 5 * MINUTE


@pytest.mark.both_engines
async def test_batch_of_many_costs_no_more_statements_than_one(db: Settings) -> None:
    door = await open_door(capacity=40)
    people = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(30)]
    with statements() as for_one:
        await take(door, scan(qr_of(door.ana), door.starts_at))

    with statements() as for_many:
        await take(door, *(scan(qr_of(one), door.starts_at) for one in people))

    assert len(for_many) <= len(for_one) + 2, "the insert goes in parts of sixteen rows"


# -- taking back


async def test_undo_takes_back_the_event_it_names(db: Settings) -> None:
    door = await open_door()
    came = scan(qr_of(door.ana), door.starts_at)
    await take(door, came)

    assert await take(door, undo(came.id, door.starts_at + MINUTE)) == ["undone"]

    row = await stay(door)
    assert (row.is_present, row.arrived_at) == (False, None)
    assert await ScanEvent.all().count() == 2, "nothing is deleted"


async def test_undo_on_one_device_never_cancels_the_scan_of_another(db: Settings) -> None:
    door = await open_door()
    on_a = scan(qr_of(door.ana), door.starts_at)
    on_b = scan(qr_of(door.ana), door.starts_at + 3 * MINUTE)
    await take(door, on_a)
    await take(door, on_b)

    await take(door, undo(on_a.id))

    row = await stay(door)
    assert (row.is_present, row.arrived_at) == (True, door.starts_at + 3 * MINUTE)


async def test_undo_that_comes_before_its_target_is_kept_and_takes_effect_with_it(db: Settings) -> None:
    door = await open_door()
    came = scan(qr_of(door.ana), door.starts_at)

    assert await take(door, undo(came.id)) == ["undone"]
    await take(door, came)

    assert (await stay(door)).is_present is False
    assert await ScanEvent.all().count() == 2


async def test_undo_of_an_event_of_another_session_or_of_nothing_changes_nothing(db: Settings) -> None:
    door = await open_door(n_sessions=2)
    other = door.training.sessions[1].id
    came = scan(qr_of(door.ana), door.starts_at)
    await take(door, came)

    await take(door, undo(came.id), undo(tokens.uuid7()), session=other)

    assert (await stay(door)).is_present is True


async def test_undone_departure_leaves_the_person_present(db: Settings) -> None:
    door = await open_door()
    left = scan(registration=door.ana, at=door.starts_at + 60 * MINUTE, kind=ScanKind.OUT)
    outcomes = await take(door, scan(qr_of(door.ana), door.starts_at), left)
    assert outcomes == ["present", "left"]
    assert (await stay(door)).left_at == door.starts_at + 60 * MINUTE

    await take(door, undo(left.id))

    assert (await stay(door)).left_at is None


async def test_who_comes_back_after_leaving_is_present_again(db: Settings) -> None:
    door = await open_door()
    await take(
        door,
        scan(qr_of(door.ana), door.starts_at),
        scan(registration=door.ana, at=door.starts_at + 60 * MINUTE, kind=ScanKind.OUT),
    )

    assert await take(door, scan(qr_of(door.ana), door.starts_at + 90 * MINUTE)) == ["present"]

    row = await stay(door)
    assert (row.arrived_at, row.left_at) == (door.starts_at, None)


# -- sent again


async def test_lost_answer_sent_again_is_one_event_and_the_same_answer(db: Settings) -> None:
    door = await open_door()
    came, again = scan(qr_of(door.ana), door.starts_at), scan(qr_of(door.ana), door.starts_at + MINUTE)
    unknown = scan(tokens.qr_token(), door.starts_at)
    batch = (came, again, unknown, undo(tokens.uuid7()))
    first = await answers(door, *batch)

    second = await answers(door, *batch)

    assert [(one.id, one.outcome, one.arrived_at, one.flag) for one in first] == [
        (one.id, one.outcome, one.arrived_at, one.flag) for one in second
    ]
    assert [one.outcome.value for one in second] == ["present", "already", "unknown_code", "undone"]
    assert await ScanEvent.all().count() == 4


async def test_changed_body_under_the_same_id_keeps_both_counts_both_and_is_flagged(db: Settings) -> None:
    door = await open_door()
    berta = await make.make_registration(door.training, given_names="Berta")
    came = scan(qr_of(door.ana), door.starts_at)
    changed = scan(qr_of(berta), door.starts_at, event_id=came.id)
    await take(door, came)

    [said] = await answers(door, changed)
    [again] = await answers(door, changed)

    assert (said.outcome, said.flag) == ("review", "changed_body")
    assert (again.id, again.outcome, again.flag) == (said.id, said.outcome, said.flag)
    events = await ScanEvent.all().order_by("created_at", "id")
    assert [(one.registration_id, one.conflict_of_id, one.flag.value) for one in events] == [
        (door.ana.id, None, "changed_body"),
        (berta.id, came.id, "changed_body"),
    ]
    for one in (door.ana, berta):
        row = await stay(door, one)
        assert (row.is_present, row.to_review) == (True, True), "whichever came first"


async def test_same_id_at_two_sessions_is_two_events(db: Settings) -> None:
    door = await open_door(n_sessions=2)
    came = scan(qr_of(door.ana), door.starts_at)
    await take(door, came)

    outcomes = await take(door, came, session=door.training.sessions[1].id)

    assert outcomes == ["review"]
    assert await ScanEvent.all().count() == 2
    assert (await stay(door, session=door.training.sessions[1].id)).is_present is True


async def test_undo_of_an_id_takes_back_all_that_came_under_it(db: Settings) -> None:
    door = await open_door()
    came = scan(qr_of(door.ana), door.starts_at)
    await take(door, came, scan(qr_of(door.ana), door.starts_at + MINUTE, event_id=came.id))

    await take(door, undo(came.id))

    assert (await stay(door)).is_present is False


async def test_mark_without_a_clock_of_its_own_sent_twice_is_one_event(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.starts_at)
    mark = scan(registration=door.ana, how=ScanHow.LIST)
    await take(door, mark)

    freeze(door.starts_at + MINUTE)
    assert await take(door, mark) == ["present"]

    assert await ScanEvent.all().count() == 1
    assert (await stay(door)).arrived_at == door.starts_at
