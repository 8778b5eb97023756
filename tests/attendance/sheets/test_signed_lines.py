"""Lines of the signed paper carry no clock: whatever is done to other sessions, and in whatever order, they stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import counted, event, h, make_device, send
from tests.registrations.wishes import wish
from trainings import clock
from trainings.attendance import actions, settling
from trainings.attendance.models import Attendance, AttendanceSheet, Device, ScanEvent, ScanFlag, SheetRow
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.sheets import mark_rows, note_left, print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import Card, Source
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
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


async def change_others(paper: Paper) -> None:
    """Another session is moved, called off and held after all, another one is closed and opened again."""
    _first, second, other = paper.door.training.sessions
    await move(other, other.starts_at + HOUR)
    await rescheduling.cancel(other.id, actor=PROGRAM)
    await rescheduling.restore(other.id, actor=PROGRAM, override_reason="otro salón")
    await actions.close_session(second.id, actor=PROGRAM)
    await actions.reopen_session(second.id, actor=PROGRAM)


async def close_and_open_again(paper: Paper) -> None:
    await actions.close_session(paper.door.key, actor=PROGRAM)
    await actions.reopen_session(paper.door.key, actor=PROGRAM)


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


ACTS = (change_others, close_and_open_again, name_a_card, move_it_to_the_evening_before)


@pytest.mark.parametrize("act", ACTS)
async def test_lines_of_the_paper_then_the_same_whatever_is_done_before_or_after(
    sqlite_db: Settings, freeze: Freeze, act: Act
) -> None:
    began, found = clock.now(), []
    for order in ((act, type_in), (type_in, act), (act, type_in, act)):
        freeze(began)
        paper = await print_paper()
        freeze(paper.door.ends_at + (30 * HOUR if act is not move_it_to_the_evening_before else -15 * HOUR))
        for one in order:
            await one(paper)
        found.append(await what_stands(paper))
        await Attendance.all().delete()
        await ScanEvent.all().delete()

    assert found[0] == found[1] == found[2]
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
