"""The lists of a session's file hold everybody that its report counts, each on the paper that they signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests import make
from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import event, make_device, send
from tests.registrations.card_world import make_spare_cards
from trainings.accounts.models import Role
from trainings.attendance.actions import close_session
from trainings.attendance.queries import door_of
from trainings.attendance.sessions.session_file import file_data, session_file
from trainings.attendance.sheets.pages import printable
from trainings.attendance.sheets.sheets import keep_paper, mark_rows, print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import dates, tokens
from trainings.places.models import Hub
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def file_of(door: Opened, *, is_marked: bool = True) -> dict[str, Any]:
    hub = await Hub.get(id=door.training.hub_id)
    actor = await make.actor_of(await make.make_user(Role.HUB_COORDINATOR, hub))
    return file_data(await session_file(await door_of(door.key, actor)), is_marked=is_marked)


def names(data: dict[str, Any]) -> list[tuple[str, list[str | None]]]:
    """Each list by its code, with the names on it."""
    return [(one["code"], [row["name"] for row in one["rows"]]) for one in data["lists"]]


async def test_continued_sheet_whose_place_is_not_noted_is_in_the_file_as_well(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    first = await print_sheet(door.key, n_blank=1, columns=[], actor=PROGRAM)
    await make.make_registration(door.training, given_names="Berta", surnames="Xol")
    second = await print_sheet(door.key, n_blank=1, columns=[], actor=PROGRAM, is_continuation=True)
    codes = [tokens.show_sheet_code(one.code) for one in (first, second)]
    freeze(door.ends_at)
    await mark_rows(first.id, [1], actor=PROGRAM, key=tokens.uuid7())
    await mark_rows(second.id, [1], actor=PROGRAM, key=tokens.uuid7())

    await keep_paper(first.id, "Tesorería", actor=PROGRAM)

    lists = [(codes[0], ["Ana Lucía Ba Coc", None]), (codes[1], ["Berta Xol", None])]
    assert names(await file_of(door)) == names(await file_of(door, is_marked=False)) == lists
    place, unknown = (await file_of(door))["report"]["paper"]
    assert (place, unknown) == (f"Hoja {codes[0]}: Tesorería", f"Hoja {codes[1]}: falta anotar dónde está.")


async def test_card_without_a_name_that_is_on_no_sheet_stands_on_the_list_and_in_its_total(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    sheet = await print_sheet(door.key, n_blank=1, columns=[], actor=PROGRAM)
    [card] = await make_spare_cards(door.training)
    freeze(door.ends_at)
    await mark_rows(sheet.id, [1, 2], actor=PROGRAM, key=tokens.uuid7())
    await send(await make_device(door), event(door, kind="walkin", h=card.qr_hash[:24]))

    data = await file_of(door)

    assert names(data) == [
        (tokens.show_sheet_code(sheet.code), ["Ana Lucía Ba Coc", None]),
        ("", ["Sin nombre todavía"]),
    ]
    [row] = data["lists"][1]["rows"]
    assert (row["number"], row["card"]) == ("–", tokens.show_short_code(card.short_code))
    assert [one["totals"]["all"] for one in data["lists"]] == [2, 1]
    assert data["report"]["counts"][3] == ["Con tarjeta, todavía sin nombre", "2"]
    assert names(await file_of(door, is_marked=False))[1:] == [], "who has no name signed no other paper"


async def test_session_that_ended_early_is_on_its_papers_with_the_hours_as_held(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    freeze(door.starts_at + timedelta(hours=2))
    await close_session(door.key, actor=PROGRAM)

    data = await file_of(door)

    [shown] = {said for one in data["lists"] for what, said in one["facts"] if what == "Horario"}
    assert shown == printable(dates.time_range(door.starts_at, door.starts_at + timedelta(hours=2), "es"))
