"""Who has two sign-ups and was merged by staff is one person at a session: in the totals, in the file, in money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door, qr_of, scan, take
from tests.attendance.test_make_ups import shown
from tests.attendance.uploading import counted, make_device, make_sheet
from trainings.accounts.models import Role
from trainings.accounts.queries import actor_of
from trainings.attendance import actions, queries, settling
from trainings.attendance.models import Attendance, Decision, Device, ScanEvent, ScanKind
from trainings.attendance.phones.state import state_of
from trainings.attendance.queries import door_of, heads_now, roster, totals, totals_of
from trainings.attendance.sessions.reports import Report, write_report
from trainings.attendance.sessions.session_file import file_data, session_file, sheets_of_file
from trainings.attendance.settling import stays_counting
from trainings.attendance.sheets.queries import line_of, listed_at, open_sheet, typed_in, unlisted
from trainings.attendance.sheets.sheets import NobodyToPrint, mark_rows, note_left, print_sheet, unmark_row, unmark_rows
from trainings.attendance.views import person_view
from trainings.audit.actor import PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.people.models import AgeGroup, Merge, MergeReason, Participant, Sex
from trainings.privacy import merging
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import cancel
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


async def signed_up_twice() -> tuple[Opened, Registration, Actor]:
    """A door with Ana on it, another sign-up of hers, and who merges the two."""
    door = await open_door()
    again = await make.make_registration(door.training, given_names="Ana", surnames="Ba")
    return door, again, await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))


async def expected_by(phone: Device) -> int:
    """As many as the phone says."""
    [told] = (await state_of(phone))["sessions"]
    return int(told["n_expected"])


async def heads(door: Opened, actor: Actor) -> tuple[int, int, str, list[int]]:
    """Present by the list and by the counter, which agree; expected; the fares; the women of each list of the file."""
    made = totals(await roster(door.session))
    assert await counted(door) == astuple(made)
    data = file_data(await session_file(await door_of(door.key, actor)), is_marked=True)
    assert data["report"]["counts"][1] == ["Personas presentes, con nombre", str(made.n_present)]
    women = [one["totals"]["women"] for one in data["lists"]]
    return made.n_present, made.n_expected, data["receipts"]["total"], women


async def test_two_sign_ups_of_one_at_one_session_then_one_head_receipt_and_row_until_it_is_taken_back(
    db: Settings, freeze: Freeze
) -> None:
    door, again, boss = await signed_up_twice()
    await Participant.filter(id__in=[door.ana.participant_id, again.participant_id]).update(sex=Sex.MUJER)
    await make_sheet(door, [again])
    freeze(door.ends_at)
    await take(door, scan(qr_of(again), door.starts_at), scan(qr_of(door.ana), door.starts_at + HOUR))
    await take(door, scan(qr_of(door.ana), door.starts_at + 2 * HOUR, kind=ScanKind.OUT))
    await actions.close_session(door.key, actor=PROGRAM)
    await write_report(door.key, Report(transport_each=Decimal(25)), actor=boss)

    assert await heads(door, boss) == (2, 2, "Q50.00", [1, 1])
    assert await expected_by(phone := await make_device(door)) == 2
    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)
    assert await heads(door, boss) == (1, 1, "Q25.00", [1])
    [line] = await roster(door.session)
    assert (line.registration_id, set(line.others)) == (door.ana.id, {again.id})
    assert (line.stay.arrived_at, line.stay.left_at) == (door.starts_at, door.starts_at + 2 * HOUR)
    assert unlisted([line], await listed_at(door.key)) == [], "the row of the other sign-up is hers"
    with pytest.raises(NobodyToPrint):
        await print_sheet(door.key, n_blank=0, columns=(), actor=boss, is_continuation=True)
    assert await expected_by(phone) == 1
    await actions.reopen_session(door.key, actor=PROGRAM)
    await actions.close_session(door.key, actor=PROGRAM)
    closings = AuditLine.filter(act="attendance.close").order_by("created_at", "id")
    assert [one.detail for one in await closings] == [{"present": 2}, {"present": 1}]
    await merging.undo((await Merge.get()).id, actor=boss)
    assert await heads(door, boss) == (2, 2, "Q50.00", [1, 1])


async def test_heads_of_a_large_hall_are_those_of_the_totals_and_grow_with_each_scan(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await open_door()
    again, berta = [await make.make_registration(door.training, given_names=name) for name in ("Ana", "Berta")]
    guest = await make.make_registration(await make.make_training(), given_names="Cruz")
    boss = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)
    await take(door, *(scan(qr_of(one), door.starts_at) for one in (door.ana, again, guest)))
    monkeypatch.setattr(queries, "FEW", 0)

    before = await heads_now(door.session)
    await take(door, scan(qr_of(berta), door.starts_at))
    after = await heads_now(door.session)

    assert (before, after) == ((2, 3), (3, 3))
    assert astuple(await totals_of(door.session))[:2] == after


async def test_row_of_one_sign_up_when_the_other_was_marked_then_it_shows_who_came(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, again, boss = await signed_up_twice()
    # What she told on one of them alone stands for her, whichever of them stays.
    said = {"sex": Sex.MUJER, "age_group": AgeGroup.A35_59, "community": "Las Pozas"}
    await Participant.filter(id=again.participant_id).update(**said)
    await make_sheet(door, [door.ana])
    freeze(door.ends_at)
    await take(door, scan(qr_of(again), door.starts_at))
    await write_report(door.key, Report(transport_each=Decimal(25)), actor=boss)
    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)

    assert await heads(door, boss) == (1, 1, "Q25.00", [1])
    [made] = file_data(await session_file(await door_of(door.key, boss)), is_marked=True)["lists"]
    assert [row["mark"] for row in made["rows"]] == ["Presente, 8:00\xa0a.\xa0m.", ""]
    report = file_data(await session_file(await door_of(door.key, boss)), is_marked=True)["report"]
    assert (report["sums"], report["communities"]) == (["Personas adultas", "1", "0", "0", "0", "1"], ["Las Pozas 1"])


async def test_row_of_one_sign_up_when_the_other_was_marked_then_it_is_worked_with_as_any_other(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    """Rows 1 and 2 are of who was marked by a sign-up that is on no sheet; row 1 of one that was cancelled since."""
    door = await open_door()
    old, again = [await make.make_registration(door.training, given_names="Ana", surnames="Ba") for _ in range(2)]
    boss = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    sheet, _card = await make_sheet(door, [old, door.ana])
    await cancel(old.id, actor=PROGRAM)
    freeze(door.ends_at)
    await take(door, scan(qr_of(again), door.starts_at))
    for other in (door.ana, old):
        await merging.merge(again.participant_id, other.participant_id, MergeReason.SAID_SO, actor=boss)

    opened = await open_sheet(sheet)
    assert [line.state for line in opened.lines] == ["present", "present", "missing"]
    assert await sheets_of_file(door.session, await roster(door.session)) == [opened]
    freeze(door.ends_at + HOUR)
    await mark_rows(sheet.id, [2], actor=PROGRAM, key=door.key)
    told = await typed_in(await open_sheet(sheet), door.key)
    assert told is not None
    assert told.already == [2]
    await unmark_rows(sheet.id, actor=PROGRAM, key=door.key)
    await note_left(sheet.id, 1, door.starts_at + HOUR, actor=PROGRAM, key=again.id)
    assert await hours(door.ana) == (60, False)
    for n in (2, 1):
        line = await line_of(sheet.id, n)
        assert line.event_id is not None
        await unmark_row(sheet.id, n, line.event_id, actor=PROGRAM, key=tokens.uuid7())
    assert [line.state for line in (await open_sheet(sheet)).lines] == ["missing"] * 3


async def test_button_of_the_list_then_the_departure_is_of_the_sign_up_by_which_they_are_here(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    """Ana came by a sign-up that staff joined, Carla with the ticket of another date, which was looked at."""
    door = await open_door()
    again = await make.make_registration(door.training, given_names="Ana", surnames="Ba")
    elsewhere = await make.make_training(course=await door.training.course, hub=await door.training.hub)
    carla = await make.make_registration(elsewhere, given_names="Carla", surnames="Xol")
    boss = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    freeze(door.starts_at)
    await take(door, scan(qr_of(again), door.starts_at), scan(qr_of(carla), door.starts_at))
    await ScanEvent.filter(registration_id=carla.id).update(decision=Decision.COUNTED)
    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)
    freeze(door.starts_at + HOUR)

    for line in await roster(door.session):
        shown = await Registration.get(id=person_view(line).registration_id)
        await take(door, scan(registration=shown, at=door.starts_at + HOUR, kind=ScanKind.OUT))

    assert [line.state for line in await roster(door.session)] == ["left", "left"]
    freeze(door.ends_at)
    await settling.settle(door.training.id)
    present = await Attendance.filter(session_id=door.key, is_present=True)
    assert {one.registration_id: one.minutes for one in present} == {door.ana.id: 60, carla.id: 60}


async def test_present_by_both_sign_ups_and_left_by_one_then_the_hours_are_until_they_left(
    db: Settings, freeze: Freeze
) -> None:
    """What the list, the file and the phone of the door say of one person is what counts for the course as well."""
    door, again, boss = await signed_up_twice()
    freeze(door.ends_at)
    await take(door, scan(qr_of(door.ana), door.starts_at), scan(qr_of(again), door.starts_at + HOUR))
    await take(door, scan(qr_of(again), door.starts_at + 2 * HOUR, kind=ScanKind.OUT))
    await actions.close_session(door.key, actor=PROGRAM)
    assert (await hours(door.ana), await hours(again)) == ((240, True), (120, False))

    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)

    assert [await hours(one) for one in (door.ana, again)] == [(120, False), (0, False)]
    [stays] = [own for own in (await stays_counting([door.ana.id, again.id])).values() if own]
    assert {stay.minutes for stay in stays} == {120}
    assert await shown(door.ana) == 120
    await actions.reopen_session(door.key, actor=PROGRAM)
    await take(door, scan(qr_of(door.ana), door.starts_at + 3 * HOUR))
    await actions.close_session(door.key, actor=PROGRAM)
    assert await hours(door.ana) == (240, True), "they came back, with the other card"
    await merging.undo((await Merge.get()).id, actor=boss)
    assert (await hours(door.ana), await hours(again)) == ((240, True), (120, False))


async def test_left_by_the_sign_up_by_which_nobody_arrived_then_the_hours_are_until_then(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, again, boss = await signed_up_twice()
    freeze(door.ends_at)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    await take(door, scan(qr_of(again), door.starts_at + HOUR, kind=ScanKind.OUT))
    await actions.close_session(door.key, actor=PROGRAM)

    await merging.merge(door.ana.participant_id, again.participant_id, MergeReason.SAID_SO, actor=boss)

    assert (await hours(door.ana), await shown(door.ana)) == ((60, False), 60)
    [line] = await roster(door.session)
    assert line.stay.left_at == door.starts_at + HOUR
    await ScanEvent.all().delete()
    assert await shown(door.ana) > 0, "marks go after a year, and what was attended stays"
