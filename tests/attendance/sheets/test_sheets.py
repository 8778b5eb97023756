"""Lists to sign: frozen rows, blank rows tied to spare cards, typing them in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from tests import make
from tests.attendance.doors import open_door
from tests.attendance.uploading import event, h, make_device, send
from trainings.attendance.models import SheetRow
from trainings.attendance.sheets.queries import line_of, open_sheet, typed_in
from trainings.attendance.sheets.sheets import RowIsEmpty, mark_rows, print_sheet, unmark_row
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.registrations.models import Card
from trainings.registrations.seats.cards import make_spares
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
