"""`/panel/sesiones/{id}/hojas`: printing lists, typing them in, correcting rows, saying where the signed one is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.browsers import ROSA, Freeze, NewClient, open_held_door, signed_in
from tests.attendance.doors import Opened, hours, qr_of, scan, stay, take
from tests.cast import Cast, make_cast
from tests.web.pages import Page
from trainings.attendance import actions
from trainings.attendance.models import AttendanceSheet, ScanEvent, ScanFlag, ScanHow, ScanKind, SheetRow
from trainings.attendance.queries import totals_of
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import sql
from trainings.lib import tokens
from trainings.places.models import Operator
from trainings.registrations.models import Card, Registration
from trainings.registrations.seats import cards
from trainings.schedule.models import PrintKind, Printout
from trainings.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    """One test breaks a row by a trigger in SQLite's words."""
    return sqlite_db


@dataclass(frozen=True)
class Desk:
    """A sheet with Ana (1), Beto (2), Carla (3) and two blank rows (4, 5), at the end of its session."""

    cast: Cast
    door: Opened
    sheet: AttendanceSheet
    beto: Registration
    client: AsyncClient

    @property
    def list(self) -> str:
        return f"/panel/sesiones/{self.door.key}/hojas"

    @property
    def path(self) -> str:
        return f"{self.list}/{self.sheet.code}"

    async def post(self, rest: str, **fields: str) -> Response:
        """With a key of its own unless one is given."""
        return await self.client.post(f"{self.path}/{rest}", data={"key": str(tokens.uuid7())} | fields)

    async def undoes(self, row: int) -> str:
        """The mark that the row's button takes back."""
        page = Page((await self.client.get(f"{self.path}/filas/{row}")).text)
        return str(next(field["value"] for field in page.all("input", name="event")))

    async def text(self, rest: str = "") -> str:
        return " ".join(Page((await self.client.get(self.path + rest)).text).text.split())


@pytest.fixture
async def desk(new_client: NewClient, freeze: Freeze) -> Desk:
    cast = await make_cast()
    door = await open_held_door(cast)
    beto = await make.make_registration(door.training, given_names="Beto", surnames="Coc Ical")
    await make.make_registration(door.training, given_names="Carla", surnames="Xol Tut")
    sheet = await print_sheet(door.key, n_blank=2, columns=[], actor=PROGRAM)
    freeze(door.ends_at)
    return Desk(cast, door, sheet, beto, await signed_in(new_client, cast, "facilitator"))


async def test_list_of_sheets_prints_a_new_one_with_the_columns_of_the_operator(desk: Desk) -> None:
    await Operator.all().update(sheet_columns="dpi,office")
    page = Page((await desk.client.get(desk.list)).text)
    key = str(page.one("input", name="key")["value"])
    fields = {"key": key, "n_blank": "3", "columns": "office"}

    answers = [await desk.client.post(desk.list, data=fields) for _ in range(2)]

    sheet = await AttendanceSheet.get(id=key)
    assert {answer.headers["location"] for answer in answers} == {f"{desk.list}/{sheet.code}"}
    assert [box["value"] for box in page.all("input", name="columns")] == ["dpi", "office"]
    assert page.one("input", name="n_blank")["value"] == "17", "as many as there are places left"
    assert (sheet.columns, await sheet.rows.all().count()) == (["office"], 6)
    listed = " ".join(Page((await desk.client.get(desk.list)).text).text.split())
    assert all(tokens.show_sheet_code(one.code) in listed for one in (sheet, desk.sheet))
    assert "Ana Coc" in listed, "who prepared it"
    for n in ("", "-1", "61", "1.5", "muchas"):
        refused = await desk.client.post(desk.list, data={"key": str(tokens.uuid7()), "n_blank": n})
        assert (refused.status_code, 'aria-invalid="true"' in refused.text) == (422, True), n
    assert await AttendanceSheet.all().count() == 2


async def test_who_signed_up_after_printing_is_told_and_stands_on_a_second_sheet_alone(
    desk: Desk, freeze: Freeze
) -> None:
    freeze(desk.door.starts_at - HOUR)
    await make.make_registration(desk.door.training, given_names="Delia", surnames="Pop")
    await take(desk.door, scan(qr_of(await make.make_registration(await make.make_training())), desk.door.starts_at))
    told = "1 persona no está en ninguna hoja"
    before = [told in await desk.text(), told in (await desk.client.get(desk.list)).text]
    await desk.client.post(desk.list, data={"key": str(tokens.uuid7()), "n_blank": "0", "who": "new"})
    [second] = await AttendanceSheet.exclude(id=desk.sheet.id)
    again = await desk.client.post(desk.list, data={"key": str(tokens.uuid7()), "n_blank": "0", "who": "new"})

    assert before == [True, True]
    page = Page((await desk.client.get(f"{desk.list}/{second.code}/imprimir")).text)
    assert "Delia Pop" in page.text
    assert "Beto" not in page.text
    assert told not in await desk.text()
    assert (again.status_code, "La hoja quedaría vacía" in again.text) == (422, True)


async def test_page_to_print_has_full_names_codes_and_room_and_is_logged(desk: Desk) -> None:
    card = await Card.get(sheet_id=desk.sheet.id, number=1)

    page = Page((await desk.client.get(f"{desk.path}/imprimir")).text)

    names = re.findall(r"Ana Lucía Ba Coc|Beto Coc Ical|Carla Xol Tut", page.text)
    assert names == ["Ana Lucía Ba Coc", "Beto Coc Ical", "Carla Xol Tut"]
    assert tokens.show_short_code(card.short_code) in page.text
    assert tokens.show_sheet_code(desk.sheet.code) in page.text
    for words in ("Esta hoja no circula", "Municipalidad de La Libertad", "Salón municipal", "Facilita", "Vo. Bo."):
        assert words in page.text, words
    [line] = await AuditLine.filter(act="attendance.print_sheet", actor_id=desk.cast.facilitator.id)
    assert (line.object_id, line.detail) == (desk.door.key, {"sheet": desk.sheet.code, "n": 3})
    assert await Printout.filter(kind=PrintKind.SHEET, session_id=desk.door.key).count() == 2


async def test_a_line_is_shown_by_name_before_it_marks_and_goes_back_as_a_whole(desk: Desk) -> None:
    key = str(tokens.uuid7())

    shown = await desk.post("pasar", key=key, rows="todas menos 2, más 4")
    n_before = await ScanEvent.all().count()
    marked = [await desk.post("pasar", key=key, rows="todas menos 2, más 4", do="marcar") for _ in range(2)]
    told = " ".join(Page((await desk.client.get(marked[0].headers["location"].partition("#")[0])).text).text.split())
    counted = await totals_of(desk.door.session)
    back = [await desk.post("deshacer", key=key) for _ in range(2)]
    after = await totals_of(desk.door.session)

    page = Page(shown.text)
    assert "Se van a marcar 3 filas" in page.text
    coming, missing = (page.text.index(words) for words in ("Se marcan", "Queda fuera 1"))
    assert missing < page.text.index("Beto Coc Ical") < coming < page.text.index("Ana Lucía Ba Coc")
    assert n_before == 0
    assert "3 filas marcadas" in told
    assert "Anotar la fila 4" in told
    assert (counted.n_present, counted.n_unnamed) == (2, 1)
    assert {one.headers["location"] for one in back} == {marked[0].headers["location"]}
    assert (after.n_present, after.n_unnamed) == (0, 0)
    assert "Se deshizo la línea" in await desk.text(f"?linea={key}")
    arrivals = await ScanEvent.filter(kind=ScanKind.IN, sheet_id=desk.sheet.id)
    assert [one.at for one in arrivals] == [desk.door.starts_at] * 3
    assert ScanFlag.CLOCK not in {one.flag for one in await ScanEvent.all()}
    opened = await AuditLine.filter(act="attendance.open_sheet")
    assert {(one.object_id, one.detail["n"]) for one in opened} == {(desk.door.key, 3)}


NOT_MEANT: list[tuple[str, str]] = [
    ("", "Escriba los números de fila"),
    ("todas menos siete", "No entendemos «siete»"),
    ("1-61", "La hoja no tiene fila 61: llega a la 5."),
    ("todas menos 1-3", "no queda ninguna fila marcada"),
]


async def test_a_line_that_cannot_be_meant_is_answered_in_words_and_kept(desk: Desk) -> None:
    for rows, sentence in NOT_MEANT:
        answer = await desk.post("pasar", rows=rows, do="marcar")

        page = Page(answer.text)
        assert answer.status_code == 422, rows
        assert sentence in page.text, rows
        assert page.one("input", id="rows")["value"] == rows
        assert await ScanEvent.all().count() == 0, rows


async def test_row_that_could_not_be_kept_is_named_and_the_others_of_the_line_are_marked(desk: Desk) -> None:
    """As a mistake of ours would, the database refuses one row, and then that it goes back."""
    await sql.execute(
        "CREATE TRIGGER breaks BEFORE INSERT ON scan_event WHEN NEW.row = 2 BEGIN SELECT RAISE(ABORT, 'breaks'); END"
    )
    line = {"key": str(tokens.uuid7()), "rows": "todas", "do": "marcar"}

    answers = [await desk.post("pasar", **line) for _again in range(2)]
    shown = Page(answers[0].text)
    marked = (await totals_of(desk.door.session)).n_present
    await sql.execute("DROP TRIGGER breaks")
    await desk.post("pasar", **line)

    told = "No se pudo guardar la fila 2. Lo demás quedó guardado."
    assert [(one.status_code, told in Page(one.text).text) for one in answers] == [(503, True)] * 2
    assert (shown.one("input", id="rows")["value"], marked) == ("todas", 2)
    assert (await totals_of(desk.door.session)).n_present == 3


async def test_rows_that_were_there_already_count_once_and_go_back_one_by_one(desk: Desk, freeze: Freeze) -> None:
    """A person's, and a card without a name."""
    for row in (1, 4):
        await desk.post(f"filas/{row}/marcar")
    freeze(desk.door.ends_at + HOUR)
    key = str(tokens.uuid7())

    await desk.post("pasar", key=key, rows="todas, 4", do="marcar")
    assert "2 ya estaban y cuentan una sola vez: filas 1, 4." in await desk.text(f"?linea={key}")
    assert (await totals_of(desk.door.session)).n_present == 3
    for row in (1, 4):
        await desk.post(f"filas/{row}/deshacer", event=await desk.undoes(row))
        assert f"Se deshizo una marca de la fila {row}. Sigue presente por otra" in await desk.text()
        await desk.post(f"filas/{row}/deshacer", event=await desk.undoes(row))
        assert f"La fila {row} está como antes." in await desk.text()

    await desk.post("filas/1/marcar")
    await desk.post("deshacer", key=key)
    counted = await totals_of(desk.door.session)
    assert (counted.n_present, counted.n_unnamed) == (1, 0), "marked otherwise too, Ana stays as the line goes back"


async def test_blank_row_leads_to_the_form_with_its_card_and_gets_the_name(desk: Desk) -> None:
    await desk.post("pasar", rows="4", do="marcar")
    form = f"/panel/sesiones/{desk.door.key}/asistencia/sin-boleto"
    card = await Card.get(sheet_id=desk.sheet.id, number=1)
    page = Page((await desk.client.get(f"{desk.path}/filas/4")).text)

    await desk.client.post(form, data=ROSA | {"id": str(tokens.uuid7()), "card": str(card.id), "age_group": "25-34"})

    assert page.one("a", href=f"{form}?tarjeta={card.id}")
    assert "Rosa Amalia Coc Xol" in await desk.text()
    counted = await totals_of(desk.door.session)
    assert (counted.n_present, counted.n_unnamed) == (1, 0)
    files = [await desk.client.get(f"{desk.path}/{name}") for name in ("tarjetas.pdf", "hoja.pdf")]
    assert [one.headers["content-type"] for one in files] == ["application/pdf"] * 2


async def test_blank_rows_of_a_sheet_get_their_names_one_after_another(desk: Desk) -> None:
    typed = await desk.post("pasar", rows="4,5", do="marcar")
    form = f"/panel/sesiones/{desk.door.key}/asistencia/sin-boleto"
    rows = [await SheetRow.get(sheet_id=desk.sheet.id, number=number) for number in (4, 5)]
    fourth, fifth = [row.card_id for row in rows]
    listed = Page((await desk.client.get(typed.headers["location"])).text)

    async def name(card_id: UUID | None, given_names: str) -> str:
        body = ROSA | {"given_names": given_names, "id": str(tokens.uuid7()), "card": str(card_id), "sigue": "fila"}
        answer = await desk.client.post(form, data=body | {"age_group": "25-34"})
        return answer.headers["location"]

    assert listed.one("a", href=f"{form}?tarjeta={fourth}&sigue=fila")
    after_fourth = await name(fourth, "Rosa")
    assert after_fourth == f"{form}?tarjeta={fifth}&sigue=fila"
    assert Page((await desk.client.get(after_fourth)).text).one("input", name="sigue")["value"] == "fila"
    assert (await name(fifth, "Clara")).startswith(f"/panel/sesiones/{desk.door.key}/asistencia?marca=")
    counted = await totals_of(desk.door.session)
    assert (counted.n_present, counted.n_unnamed) == (2, 0)


async def test_a_card_that_was_made_void_marks_nobody_and_that_is_told(desk: Desk) -> None:
    await cards.void((await Card.get(sheet_id=desk.sheet.id, number=2)).id, actor=PROGRAM)
    key = str(tokens.uuid7())

    alone = await desk.post("filas/5/marcar")
    await desk.post("pasar", key=key, rows="1, 5", do="marcar")

    assert (alone.status_code, "La tarjeta de la fila 5 ya no vale" in alone.text) == (409, True)
    assert "No cuenta la fila 5: su tarjeta ya no vale" in await desk.text(f"?linea={key}")
    counted = await totals_of(desk.door.session)
    assert (counted.n_present, counted.n_unnamed) == (1, 0)


async def test_who_left_before_the_end_has_fewer_minutes_until_that_goes_back(desk: Desk) -> None:
    await desk.post("filas/1/marcar")

    await desk.post("filas/1/salida", time="09:30")
    first = await hours(desk.door.ana)
    await desk.post("filas/1/salida", time="09:00")
    second = await hours(desk.door.ana)
    shown = await desk.text("/filas/1")
    await desk.post("filas/1/deshacer", event=await desk.undoes(1))
    third = await hours(desk.door.ana)

    assert (first[0], second[0], third) == (60, 30, (240, True))
    assert "Se fue a las 9:00" in shown.replace("\xa0", " ")
    assert ScanFlag.CLOCK not in {one.flag for one in await ScanEvent.all()}


async def test_buttons_of_a_row_pressed_twice_or_on_a_page_of_before_do_their_work_once(desk: Desk) -> None:
    key = str(tokens.uuid7())
    await desk.post("filas/1/marcar", key=key)
    for time, minutes in (("09:30", 60), ("09:30", 60), ("09:00", 30), ("09:30", 60)):
        await desk.post("filas/1/salida", key=key, time=time)
        assert (await hours(desk.door.ana))[0] == minutes
    undone = await desk.undoes(1)
    for _time in range(2):
        await desk.post("filas/1/deshacer", key=key, event=undone)
        assert await hours(desk.door.ana) == (240, True)
    await desk.post("filas/1/deshacer", event=await desk.undoes(1))
    answer = await desk.post("filas/1/marcar", key=key)
    assert answer.status_code == 409
    assert "Esa marca ya se había deshecho. Toque «Marcar presente» otra vez." in Page(answer.text).text
    assert (await stay(desk.door)).is_present is False


async def test_line_typed_in_after_the_session_was_closed_asks_for_no_decision(desk: Desk) -> None:
    await actions.close_session(desk.door.key, actor=PROGRAM)
    key = str(tokens.uuid7())

    await desk.post("pasar", key=key, rows="1-3", do="marcar")
    await desk.post("deshacer", key=key)

    assert {(one.how, one.flag) for one in await ScanEvent.all()} == {(ScanHow.SHEET, ScanFlag.NONE)}


async def test_line_typed_in_during_the_session_brings_nobody_back_who_left(desk: Desk, freeze: Freeze) -> None:
    freeze(desk.door.ends_at - 2 * HOUR)
    await desk.post("filas/1/marcar")
    await desk.post("filas/1/salida", time="09:30")
    freeze(desk.door.ends_at - HOUR)

    await desk.post("pasar", rows="todas", do="marcar")

    assert (await stay(desk.door)).left_at == desk.door.starts_at + HOUR


CANNOT_BE: list[tuple[str, str, int, str]] = [
    ("1", "", 422, "Escriba a qué hora se fue."),
    ("1", "08:30", 422, "entre el comienzo y el final de la sesión"),
    ("1", "12:30", 422, "entre el comienzo y el final de la sesión"),
    ("2", "09:00", 409, "En la fila 2 no hay nadie marcado."),
    ("6", "09:00", 404, "No encontramos"),
]


async def test_a_departure_that_cannot_be_is_refused_in_words(desk: Desk) -> None:
    await desk.post("filas/1/marcar")

    for row, time, status, sentence in CANNOT_BE:
        answer = await desk.post(f"filas/{row}/salida", time=time)

        assert (answer.status_code, sentence in Page(answer.text).text) == (status, True), (row, time)
        assert not await ScanEvent.filter(kind=ScanKind.LEFT), (row, time)


async def test_a_name_is_corrected_by_its_row_number(desk: Desk) -> None:
    there = await desk.client.get(f"{desk.path}/filas?n=2")
    nowhere = await desk.client.get(f"{desk.path}/filas?n=6")

    await desk.post("filas/2/nombre", given_names="Beto Ángel", surnames="Coc Ical")
    silent = await desk.post("filas/2/nombre", given_names="Beto Ángel", surnames="")

    assert there.headers["location"] == f"{desk.path}/filas/2"
    assert (nowhere.status_code, "La hoja no tiene fila 6: llega a la 5." in Page(nowhere.text).text) == (422, True)
    person = (await Registration.get(id=desk.beto.id).select_related("participant")).participant
    assert person.full_name == "Beto Ángel Coc Ical"
    assert silent.status_code == 422
    assert [one.object_id for one in await AuditLine.filter(act="registrations.rename")] == [desk.beto.id]


async def test_where_the_signed_paper_is_stands_on_the_lists_of_the_session(desk: Desk) -> None:
    empty = await desk.post("guardada", where="  ")

    await desk.post("guardada", where="Tesorería, archivo de marzo <b>")

    assert (empty.status_code, "Escriba dónde" in empty.text) == (422, True)
    page = Page((await desk.client.get(desk.list)).text)
    assert "Tesorería, archivo de marzo <b>" in page.text
    assert "Lo anotó Ana Coc" in await desk.text()
    line = await AuditLine.get(act="attendance.keep_sheet")
    assert (line.hub_id, line.detail) == (desk.cast.hub.id, {"sheet": desk.sheet.code}), "free text is not for the log"


async def test_code_on_the_paper_leads_to_its_sheet_and_not_to_that_of_others(
    desk: Desk, new_client: NewClient
) -> None:
    stranger = await signed_in(new_client, desk.cast, "coordinator_elsewhere")
    typed = tokens.show_sheet_code(desk.sheet.code).lower()

    found = await desk.client.get(f"/panel/hojas?codigo={typed}")
    answers = [
        await client.get(f"/panel/hojas?codigo={code}")
        for client, code in ((stranger, typed), (desk.client, "0000-0"), (desk.client, "%00"))
    ]

    assert found.headers["location"] == desk.path
    assert {answer.status_code for answer in answers} == {404}
    assert all("No encontramos esa hoja." in answer.text for answer in answers)
    at = (make.tomorrow_at(8, days=9), make.tomorrow_at(12, days=9))
    session = await make.make_session(desk.door.training, *at, facilitators=[desk.cast.facilitator])
    for rest in ("", "/imprimir", "/hoja.pdf", "/tarjetas.pdf", "/filas/1"):
        answer = await desk.client.get(f"/panel/sesiones/{session.id}/hojas/{desk.sheet.code}{rest}")
        assert (answer.status_code, "Beto" in answer.text) == (404, False), "it is of another session"
    page = Page((await desk.client.get(f"/panel/sesiones/{desk.door.key}/asistencia")).text)
    assert page.one("a", href=desk.list)
    assert page.one("a", href=f"/panel/sesiones/{desk.door.key}/expediente")


async def test_columns_are_chosen_by_who_administers_the_operator(desk: Desk, new_client: NewClient) -> None:
    admin = await signed_in(new_client, desk.cast, "admin")
    operator = await Operator.get(id=desk.cast.hub.operator_id)

    await admin.post(f"/panel/textos/{operator.id}/hojas", data={"columns": ["phone", "pin", "dpi"]})

    assert (await Operator.get(id=operator.id)).sheet_columns == "dpi,phone"
    page = Page((await admin.get("/panel/textos/hojas")).text)
    assert [box["value"] for box in page.all("input", name="columns") if "checked" in box] == ["dpi", "phone"]
    assert Page((await admin.get("/panel/textos")).text).one("a", href="/panel/textos/hojas")
