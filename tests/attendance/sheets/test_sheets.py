"""Lists to sign: frozen rows, blank rows tied to spare cards, typing them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import counted, event, h, make_device, send
from tests.registrations.wishes import wish
from trainings import clock
from trainings.attendance import actions, settling
from trainings.attendance.models import Attendance, AttendanceSheet, Device, ScanEvent, ScanFlag, SheetRow
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.queries import line_of, open_sheet, typed_in
from trainings.attendance.sheets.sheets import RowIsEmpty, mark_rows, note_left, print_sheet, unmark_row
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import Card, Source
from trainings.registrations.seats.cards import make_spares
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]

KEY = UUID("0192f0c1-2d3e-7000-8000-000000000001")


async def test_a_printed_list_keeps_its_rows_whoever_signs_up_later(db: Settings) -> None:
    door = await open_door()
    sheet = await print_sheet(door.key, n_blank=2, columns=["phone", "dpi", "pin"], actor=PROGRAM)
    await make.make_registration(door.training, given_names="Aarón", surnames="Ac")

    rows = await SheetRow.filter(sheet_id=sheet.id).order_by("number")

    assert [row.registration_id for row in rows] == [door.ana.id, None, None]
    assert sheet.columns == ["dpi", "phone"]
    assert tokens.read_sheet_code(tokens.show_sheet_code(sheet.code).lower()) == sheet.code
    assert [card.number for card in await Card.filter(sheet_id=sheet.id).order_by("number")] == [1, 2]


async def test_the_key_of_something_else_takes_neither_its_rows_nor_its_cards(sqlite_db: Settings) -> None:
    door, elsewhere = await open_door(), await open_door(hub=await make.make_hub())
    printing = await make_spares(elsewhere.training.hub_id, 2, actor=PROGRAM)
    sheet = await print_sheet(elsewhere.key, n_blank=0, columns=[], actor=PROGRAM)

    made = [await print_sheet(door.key, n_blank=2, columns=[], actor=PROGRAM, key=key) for key in (printing, sheet.id)]

    assert {one.session_id for one in made} == {door.key}
    cards = SheetRow.filter(sheet_id__in=[one.id for one in made], card_id__not_isnull=True)
    assert await cards.values_list("card__hub_id") == [(door.training.hub_id,)] * 4


async def test_rows_of_who_was_there_by_a_phone_then_told_as_there_already(sqlite_db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    await make.make_registration(door.training, given_names="Berta")
    sheet = await print_sheet(door.key, n_blank=1, columns=[], actor=PROGRAM)
    [blank] = await Card.all()
    freeze(door.starts_at)
    marks = [event(door, h=h(door.ana)), event(door, kind="walkin", h=blank.qr_hash[:24])]
    await send(await make_device(door), *marks)
    freeze(door.ends_at)

    await mark_rows(sheet.id, [1, 2, 3], actor=PROGRAM, key=KEY)

    typed = await typed_in(await open_sheet(sheet), KEY)
    assert typed is not None
    assert (typed.numbers, typed.already) == ([1, 2, 3], [1, 3])


async def test_a_row_takes_back_its_own_mark_alone(sqlite_db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    sheet = await print_sheet(door.key, n_blank=1, columns=[], actor=PROGRAM)
    await mark_rows(sheet.id, [1], actor=PROGRAM, key=KEY)
    marked = (await line_of(sheet.id, 1)).event_id
    assert marked is not None

    with pytest.raises(RowIsEmpty):
        await unmark_row(sheet.id, 2, marked, actor=PROGRAM, key=tokens.uuid7())
    kept = (await line_of(sheet.id, 1)).stay.is_present
    await unmark_row(sheet.id, 1, marked, actor=PROGRAM, key=tokens.uuid7())

    assert (kept, (await line_of(sheet.id, 1)).stay.is_present) == (True, False)


Act = Callable[["Paper"], Awaitable[object]]
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Paper:
    """A list to sign of the first of three sessions: Ana, and two blank rows of which one card gets its name."""

    door: Opened
    sheet: AttendanceSheet
    cards: Sequence[Card]
    phone: Device


async def print_paper() -> Paper:
    door = await open_door(n_sessions=3)
    sheet = await print_sheet(door.key, n_blank=2, columns=[], actor=PROGRAM)
    rows = await SheetRow.filter(sheet_id=sheet.id, card_id__not_isnull=True).order_by("number").select_related("card")
    return Paper(door, sheet, [row.card for row in rows if row.card is not None], await make_device(door))


async def type_in(paper: Paper) -> None:
    """On a phone whose clock is days off, all but the last row in the panel too, and when Ana left."""
    door, key = paper.door, tokens.uuid7()
    shown = [("in", h(door.ana)), *(("walkin", card.qr_hash[:24]) for card in paper.cards)]
    lines = [event(door, door.ends_at + 9 * HOUR, kind=kind, how="sheet", h=own) for kind, own in shown]
    await send(paper.phone, *lines)
    await mark_rows(paper.sheet.id, [1, 2], actor=PROGRAM, key=key)
    if clock.now() > door.ends_at:
        await note_left(paper.sheet.id, 1, door.starts_at + 2 * HOUR, actor=PROGRAM, key=key)


# -- what happens before or after


async def move(session: TrainingSession, starts_at: datetime) -> None:
    ends_at = starts_at + 4 * HOUR
    await rescheduling.move(session.id, starts_at, ends_at, None, actor=PROGRAM, override_reason="otro salón")


async def change_much(paper: Paper) -> None:
    """Another session is moved, called off and held after all, both others are closed and opened again, and a card gets
    its name.
    """
    first, second, other = paper.door.training.sessions
    await move(other, other.starts_at + HOUR)
    await rescheduling.cancel(other.id, actor=PROGRAM)
    await rescheduling.restore(other.id, actor=PROGRAM, override_reason="otro salón")
    for session in (first, second):
        await actions.close_session(session.id, actor=PROGRAM)
        await actions.reopen_session(session.id, actor=PROGRAM)
    await name_a_card(paper)


async def name_a_card(paper: Paper) -> None:
    named = wish(source=Source.WALK_IN, card_id=paper.cards[0].id, body_hash="rosa")
    await use_at_door(paper.cards[0].id, paper.door.training.id, named, actor=PROGRAM)
    await settling.settle(paper.door.training.id)


async def move_it_to_the_evening_before(paper: Paper) -> None:
    await move(paper.door.session, paper.door.starts_at - 14 * HOUR)


async def what_stands(paper: Paper) -> tuple[Any, ...]:
    columns = ("arrived_at", "left_at", "minutes", "to_review", "registration__participant__given_names")
    rows = await Attendance.filter(is_present=True).order_by("registration__created_at").values_list(*columns)
    return rows, await counted(paper.door), sorted(flag for (flag,) in await ScanEvent.all().values_list("flag"))


@pytest.mark.parametrize("act", [change_much, move_it_to_the_evening_before])
async def test_lines_of_the_paper_then_the_same_whatever_is_done_before_or_after(
    sqlite_db: Settings, freeze: Freeze, act: Act
) -> None:
    began, found = clock.now(), []
    for order in ((act, type_in), (type_in, act)):
        freeze(began)
        paper = await print_paper()
        freeze(paper.door.ends_at + (30 * HOUR if act is not move_it_to_the_evening_before else -15 * HOUR))
        for one in order:
            await one(paper)
        found.append(await what_stands(paper))
        await Attendance.all().delete()
        await ScanEvent.all().delete()

    assert found[0] == found[1]
    assert ScanFlag.CLOCK not in found[0][-1]


async def test_card_of_a_row_typed_in_after_the_closing_gets_its_name_then_nothing_is_late_about_it(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    paper = await print_paper()
    freeze(paper.door.ends_at + HOUR)
    await actions.close_session(paper.door.key, actor=PROGRAM)
    await mark_rows(paper.sheet.id, [1, 2], actor=PROGRAM, key=tokens.uuid7())

    await name_a_card(paper)

    assert {flag for (flag,) in await ScanEvent.all().values_list("flag")} == {ScanFlag.NONE}
