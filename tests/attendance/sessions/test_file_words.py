"""What a session's file says in numbers is read by who pays: each line by itself says what it counts."""

from __future__ import annotations

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


async def test_rations_and_counts_each_say_by_themselves_what_they_count(sqlite_db: Settings) -> None:
    door = await open_door()
    for planned, served, line in (
        (10, 8, ["Sobraron", "2"]),
        (10, 10, ["Sobraron", "0"]),
        (10, 13, ["Servidas de más", "3"]),
        (10, None, ["Sobraron", ""]),
    ):
        await write_report(door.key, Report("", "", planned, served), actor=PROGRAM)
        data = await file_of(door)
        assert data["rations"]["rows"][2] == line

    words = [line[0] for line in data["report"]["counts"]]
    assert words[2] == "Llegaron sin inscripción, con nombre"
    assert not [one for one in words if one.startswith("De ellas")], "none leans on the one above"


@pytest.mark.parametrize(
    ("n_others", "of_file", "of_sheet"),
    [
        (
            0,
            ["Llegó 0 de 1 persona inscrita.", "Llegó 1 de 1 persona inscrita."],
            ["0 presentes de 1 fila.", "1 presente de 1 fila."],
        ),
        (
            1,
            ["Llegó 1 persona de 2 inscritas.", "Llegaron 2 personas de 2 inscritas."],
            ["1 presente de 2 filas.", "2 presentes de 2 filas."],
        ),
    ],
)
async def test_pages_of_one_or_two_people_agree_in_number(
    db: object, new_client: NewClient, n_others: int, of_file: list[str], of_sheet: list[str]
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    for _number in range(n_others):
        await make.make_registration(door.training, given_names="Beto", surnames="Coc Ical")
    sheet = await print_sheet(door.key, n_blank=0, columns=[], actor=PROGRAM)
    client = await signed_in(new_client, cast, "coordinator")

    for n_came, words, rows in zip((n_others, n_others + 1), of_file, of_sheet, strict=True):
        await mark_rows(sheet.id, list(range(1, n_came + 1)), actor=PROGRAM, key=tokens.uuid7())
        for page, said in (("expediente", words), (f"hojas/{sheet.code}", rows)):
            shown = Page((await client.get(f"/panel/sesiones/{door.key}/{page}")).text).text
            assert said in " ".join(shown.split())
