"""What a session's file says in numbers is read by who pays: each line by itself says what it counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make
from tests.attendance.browsers import NewClient, open_held_door, signed_in
from tests.attendance.doors import open_door
from tests.attendance.sessions.test_file_lists import file_of
from tests.cast import make_cast
from tests.web.pages import Page
from trainings.attendance.sessions.reports import Report, write_report
from trainings.attendance.sheets.sheets import mark_rows, print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.settings import Settings


async def data_with(**account: Any) -> dict[str, Any]:
    door = await open_door()
    known: dict[str, Any] = {"agenda": "", "summary": "", "transport_each": None}
    await write_report(door.key, Report(**known | account), actor=PROGRAM)
    return await file_of(door)


@pytest.mark.parametrize(
    ("planned", "served", "line"),
    [
        (10, 8, ["Sobraron", "2"]),
        (10, 10, ["Sobraron", "0"]),
        (10, 13, ["Servidas de más", "3"]),
        (10, None, ["Sobraron", ""]),
    ],
)
async def test_more_rations_than_planned_were_served_and_nobody_went_without(
    sqlite_db: Settings, planned: int, served: int | None, line: list[str]
) -> None:
    data = await data_with(rations_planned=planned, rations_served=served)

    assert data["rations"]["rows"][2] == line


async def test_counts_of_the_report_stand_in_two_columns_and_none_leans_on_the_one_above(sqlite_db: Settings) -> None:
    words = [line[0] for line in (await data_with(rations_planned=None, rations_served=None))["report"]["counts"]]

    assert words[2] == "Llegaron sin inscripción, con nombre"
    assert not [one for one in words if one.startswith("De ellas")]


@pytest.mark.parametrize(
    ("n_others", "n_came", "words", "rows"),
    [
        (0, 0, "Llegó 0 de 1 persona inscrita.", "0 presentes de 1 fila."),
        (0, 1, "Llegó 1 de 1 persona inscrita.", "1 presente de 1 fila."),
        (1, 1, "Llegó 1 persona de 2 inscritas.", "1 presente de 2 filas."),
        (1, 2, "Llegaron 2 personas de 2 inscritas.", "2 presentes de 2 filas."),
    ],
)
async def test_pages_of_one_or_two_people_agree_in_number(
    db: object, new_client: NewClient, n_others: int, n_came: int, words: str, rows: str
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    for _number in range(n_others):
        await make.make_registration(door.training, given_names="Beto", surnames="Coc Ical")
    sheet = await print_sheet(door.key, n_blank=0, columns=[], actor=PROGRAM)
    await mark_rows(sheet.id, list(range(1, n_came + 1)), actor=PROGRAM, key=tokens.uuid7())
    client = await signed_in(new_client, cast, "coordinator")

    of_file, of_sheet = [
        " ".join(Page((await client.get(f"/panel/sesiones/{door.key}/{rest}")).text).text.split())
        for rest in ("expediente", f"hojas/{sheet.code}")
    ]

    assert words in of_file
    assert rows in of_sheet
