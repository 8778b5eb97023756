"""The list to sign and a session's file as PDF: what a reader finds in them, in which order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdf
import pytest

from tests import make
from tests.attendance.browsers import NewClient, open_held_door, signed_in
from tests.attendance.doors import Opened, open_door, qr_of, scan, take
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import Cast, make_cast
from tests.certificates.sheets import photographed
from tests.certificates.sheets import words as words_on
from tests.registrations.card_world import make_spare_cards
from tests.registrations.families import make_family
from tests.registrations.letters import POZAS, prepared
from tests.web.pages import Page
from trainings.accounts.models import Role
from trainings.attendance.actions import close_session
from trainings.attendance.models import AttendanceSheet, SessionReport, SheetRow
from trainings.attendance.queries import door_of
from trainings.attendance.sessions.forms import ReportForm
from trainings.attendance.sessions.reports import Report, write_report
from trainings.attendance.sessions.session_file import file_data, money, money_in_words, session_file
from trainings.attendance.sheets.pages import SHEET, head_of, printable, sheet_data
from trainings.attendance.sheets.queries import open_sheet
from trainings.attendance.sheets.sheets import COLUMNS, keep_paper, mark_rows, print_sheet
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import dates, tokens
from trainings.lib.folders import DESIGNS
from trainings.places.models import Hub
from trainings.schedule.models import PlaceShown, PrintKind, Printout
from trainings.settings import Settings
from trainings.web.forms import FormErrors, Typed, check

Freeze = Callable[[datetime], None]
HOSTILE = '#read("/etc/passwd") *x* <b>ñ</b> Q’eqchiʼ ẍ $x$ \U0001f9ff'
LONG = "Nabucodonosor" * 9
LETTER, ON_ITS_SIDE = (612, 792), (792, 612)


def pages_of(file: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(BytesIO(file)).pages]


def assert_within_margins(file: bytes) -> None:
    """Nothing runs out at the right, on any page."""
    for number in range(len(pypdf.PdfReader(BytesIO(file)).pages)):
        page = photographed(file, number, 50).convert("L")
        assert page.crop((page.width - 24, 0, page.width, page.height)).getextrema() == (255, 255), number


async def on_paper(cast: Cast, door: Opened, sheet: AttendanceSheet) -> bytes:
    actor = await make.actor_of(cast.coordinator)
    data = sheet_data(await head_of(await door_of(door.key, actor)), await open_sheet(sheet))
    return SHEET.pdf(data, made_at=door.starts_at)


async def a_full_door(cast: Cast, n: int, **columns: Any) -> Opened:
    door = await open_held_door(cast, capacity=60, **columns)
    for number in range(2, n + 1):
        await make.make_registration(door.training, given_names=f"Beto {number:02}", surnames="Coc")
    return door


# -- the list to sign


async def test_list_has_its_code_on_every_page_and_all_rows_in_order(cast: Cast) -> None:
    door = await a_full_door(cast, 30)
    sheet = await print_sheet(door.key, n_blank=10, columns=["dpi"], actor=PROGRAM)

    file = await on_paper(cast, door, sheet)

    pages, reader = pages_of(file), pypdf.PdfReader(BytesIO(file))
    text, code = " ".join(pages), tokens.show_sheet_code(sheet.code)
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"Hoja {code}" in page
        assert "Esta hoja no circula: se firma en la mesa." in page
        assert f"Página {number} de {len(pages)}" in page
    assert re.findall(r"(\d+) (?:Ana Lucía Ba Coc|Beto \d\d Coc|Tarjeta \S+)", text) == [str(n) for n in range(1, 41)]
    assert re.findall(r"Beto (\d\d) Coc", text) == [f"{n:02}" for n in range(2, 31)]
    for words in (
        "Municipalidad de La Libertad, Petén",
        "Listado de asistencia",
        "Lugar Salón municipal, Barrio El Centro",
        "Facilita Ana Coc",
        "No. Nombre completo DPI Firma o huella",
    ):
        assert words in pages[0], words
    foot = pages[-1].partition("Mujeres")[2]
    assert re.findall(r"Hombres|Total|Persona responsable|Vo\. Bo\.|Sello", foot) == [
        "Hombres", "Total", "Persona responsable", "Vo. Bo.", "Sello",
    ]  # fmt: skip
    root: Any = reader.root_object
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("es-GT", True)
    assert {(page.mediabox.width, page.mediabox.height) for page in reader.pages} == {LETTER}


async def test_many_columns_lay_the_list_on_its_side_and_a_protected_place_stands_on_it(cast: Cast) -> None:
    door = await open_held_door(cast, place_shown=PlaceShown.AFTER_CONFIRMATION)
    sheet = await print_sheet(door.key, n_blank=0, columns=list(COLUMNS), actor=PROGRAM)

    file = await on_paper(cast, door, sheet)

    [page] = pypdf.PdfReader(BytesIO(file)).pages
    assert (page.mediabox.width, page.mediabox.height) == ON_ITS_SIDE
    heads = "DPI Cargo Teléfono Institución u organización Comunidad M/H Edad Firma o huella"
    text = " ".join(page.extract_text().split())
    assert (heads in text, "Salón municipal" in text) == (True, True), "the paper is for the staff"
    assert_within_margins(file)


async def test_texts_come_out_as_text_however_they_are_written(cast: Cast) -> None:
    door = await open_held_door(cast, title=HOSTILE)
    await make.make_registration(door.training, given_names=HOSTILE, surnames=LONG)
    sheet = await print_sheet(door.key, n_blank=1, columns=["dpi", "phone"], actor=PROGRAM)

    file = await on_paper(cast, door, sheet)

    text = "".join(" ".join(pages_of(file)).replace("\u200b", "").split())
    printed = "".join(HOSTILE.removesuffix(" \U0001f9ff").split())
    assert printed + LONG in text
    assert text.count(printed) >= 3, "the head of the page, the activity, the person"
    assert_within_margins(file)


# -- the file of a session


@dataclass(frozen=True)
class Held:
    """A closed session of which a sheet was printed: Ana, Luz (15) and her mother came, Beto did not; one walked in."""

    cast: Cast
    door: Opened
    sheet: AttendanceSheet


@pytest.fixture
async def held(cast: Cast, freeze: Freeze) -> Held:
    door = await open_held_door(cast, admits_minors=True, offers=("snack", "fare"), summary="Qué es cierto y qué no.")
    await make_family(door.training, "Marta", children=["Luz"])
    await make.make_registration(door.training, given_names="Beto", surnames="Ical", sex="hombre")
    await prepared(door.training, POZAS)
    sheet = await print_sheet(door.key, n_blank=2, columns=["dpi"], actor=PROGRAM)
    late = await make.make_registration(
        door.training, given_names="Tomás", surnames="Xol", sex="hombre", age_group="35-59", community="Las Pozas"
    )
    freeze(door.ends_at)
    opened = await open_sheet(sheet)
    rows = [line.number for line in opened.lines if line.name and "Beto" not in line.name]
    await mark_rows(sheet.id, [*rows, len(opened.lines)], actor=PROGRAM, key=tokens.uuid7())
    await take(door, scan(qr_of(late), at=door.starts_at + timedelta(minutes=10)))
    await close_session(door.key, actor=PROGRAM)
    return Held(cast, door, sheet)


ACCOUNT = {
    "agenda": "8:30 Bienvenida\n10:30 Refacción",
    "summary": "Se trabajó en grupos.",
    "rations_planned": "10",
    "rations_served": "8",
    "transport_each": "Q21.50",
    "do": "pdf",
}


async def file_of(held: Held, new_client: NewClient, which: str = "marcada", **account: str) -> list[str]:
    client = await signed_in(new_client, held.cast, "coordinator")
    path = f"/panel/sesiones/{held.door.key}/expediente"
    answer = await client.post(path, data=ACCOUNT | {"list": which} | account)
    assert answer.headers["location"] == f"{path}.pdf?lista={which}"
    made = await client.get(answer.headers["location"])
    assert made.headers["cache-control"] == "no-store"
    return pages_of(made.content)


def page_with(pages: list[str], words: str) -> str:
    """The first after the contents that has these words."""
    return next(page for page in pages[1:] if words in page)


def assert_everybody_has_a_receipt(pages: list[str]) -> None:
    receipts = " ".join(page for page in pages if "Recibo de pasaje No." in page)
    named = re.findall(r"Recibo de pasaje No\. (\d) Q21\.50 .*?, en .*?, Petén\. (.*?) (DPI|Madre)", receipts)
    assert named == [
        ("1", "Ana Lucía Ba Coc", "DPI"),
        ("2", "Luz Coc Xol", "Madre"),
        ("3", "Marta Coc Xol", "DPI"),
        ("4", "Tomás Xol", "DPI"),
    ], "the guardian signs for a minor"
    assert "veintiún quetzales con cincuenta centavos (Q21.50)" in receipts
    assert "4 recibos de Q21.50: total Q86.00." in receipts


def assert_contents_name_their_pages(pages: list[str]) -> None:
    contents = re.findall(r"(\w[\w ]+?) página (\d+)", pages[0].partition("Contenido ")[2])
    for words, page in contents:
        found = pages[int(page) - 1]
        assert ("Señoras y señores" if words == "Invitación" else words) in found, words
    assert [words for words, _page in contents] == [
        "Invitación", "Agenda", "Listado de asistencia", "Informe de la actividad", "Control de raciones",
        "Recibos de pasaje",
    ]  # fmt: skip


def assert_everybody_is_listed(text: str) -> None:
    marked = text.partition("Listado de asistencia Taller")[2].split("Informe de la actividad")[0]
    assert "1 Ana Lucía Ba Coc Presente, 8:30 a. m. 2 Beto Ical No llegó" in marked
    assert re.findall(r"Mujeres \d+ Hombres \d+ Sin dato \d+ Total (\d+)", marked) == ["4", "1"], "each adds up its own"
    assert "Llegaron y no estaban en la hoja impresa." in marked
    assert "– Tomás Xol Presente, 8:40 a. m." in marked


async def test_file_holds_in_order_everything_that_proves_a_session_and_who_came_or_an_empty_list(
    held: Held, new_client: NewClient
) -> None:
    await keep_paper(held.sheet.id, "Tesorería, leitz 4", actor=PROGRAM)
    printouts = Printout.filter(kind=PrintKind.SHEET, session_id=held.door.key)
    n_before = await printouts.count()

    pages = await file_of(held, new_client)

    assert_contents_name_their_pages(pages)
    assert "COCODE Las Pozas" in page_with(pages, "Señoras y señores")
    assert "8:30 Bienvenida 10:30 Refacción" in page_with(pages, "Agenda")
    assert_reported(page_with(pages, "Informe de la actividad"), held)
    rations = page_with(pages, "Control de raciones")
    assert "Planificadas 10 Servidas 8 Sobraron 2 Personas presentes, con nombre o tarjeta 5" in rations
    [line] = await AuditLine.filter(act="attendance.print_file")
    assert (line.object_id, line.detail) == (held.door.key, {"n": 5, "receipts": 4})
    assert_everybody_has_a_receipt(pages)
    assert_everybody_is_listed(" ".join(pages))
    assert await printouts.count() == n_before

    empty = " ".join(await file_of(held, new_client, "vacia")).partition("Listado de asistencia Taller")[2]

    assert "Firma o huella" in empty
    list_alone = empty.partition("Informe de la actividad")[0]
    assert [words for words in ("Presente", "Tomás") if words in list_alone] == []
    assert await printouts.count() == n_before + 1, "the empty one alone is paper to sign"


def assert_reported(report: str, held: Held) -> None:
    for words in (
        "35 a 59 0 1 0 0 1",
        "Personas adultas 0 1 0 2 3",
        "Menores de 18 años 1",
        "Personas presentes, con nombre 4",
        "Con tarjeta, todavía sin nombre 1",
        "Inscritas que no llegaron 1",
        "Las Pozas 2 · Sin respuesta 2",
        "Se trabajó en grupos.",
        f"Hoja {tokens.show_sheet_code(held.sheet.code)}: Tesorería, leitz 4",
    ):
        assert words in report, words
    assert "Luz" not in report


async def test_long_and_hostile_accounts_still_fit_one_page(held: Held, new_client: NewClient) -> None:
    long = f"{HOSTILE} " + "Se conversó sobre rumores y fuentes seguras. " * 60

    pages = await file_of(held, new_client, summary=long[:3000], agenda="\n".join([HOSTILE] * 20))

    reports = [page for page in pages[1:] if "Quiénes llegaron" in page or "Elaboró" in page]
    assert len(reports) == 1
    assert HOSTILE.removesuffix(" \U0001f9ff") in reports[0]


async def test_page_says_what_is_missing_and_writes_what_is_known(held: Held, new_client: NewClient) -> None:
    client = await signed_in(new_client, held.cast, "facilitator")
    path = f"/panel/sesiones/{held.door.key}/expediente"
    gone, _silent = await make_device(held.door, revoked_at=held.door.starts_at), await make_device(held.door)
    heads = event(held.door, kind="heads", number=2, how="button")
    await send(gone, event(held.door, h=h(held.door.ana)), heads, event(held.door, kind="consent", how="button"))

    page = Page((await client.get(path)).text)
    wrong = await client.post(path, data={"transport_each": "mucho", "rations_served": "-1", "agenda": "Uno"})

    for words in (
        "Teléfonos que pueden tener marcas sin enviar: 1.",
        "Marcas que no cuentan hasta que alguien decida: 2.",
        "Llegaron con tarjeta y todavía no tienen nombre: 1.",
        "Falta anotar dónde está la hoja firmada.",
        "Falta contar qué se hizo.",
        "Se ofreció pasaje: falta cuánto se da a cada persona.",
    ):
        assert words in page.text, words
    assert "La sesión sigue abierta" not in page.text
    assert page.one("input", id="rations_planned")["value"] == "5"
    assert page.one("input", id="rations_served")["value"] == "5"
    assert wrong.status_code == 422
    assert "Escriba una cantidad en quetzales, como 25 o 25.50." in wrong.text
    assert "Uno" in wrong.text
    assert await SessionReport.all().count() == 0


async def test_file_of_a_session_without_a_sheet_or_account_is_made_from_the_marks_or_freezes_one_to_be_signed(
    cast: Cast, new_client: NewClient
) -> None:
    door = await open_held_door(cast)
    await take(door, scan(qr_of(door.ana), at=door.starts_at))
    sheet = Held(cast, door, AttendanceSheet())
    nothing = dict.fromkeys(("agenda", "summary", "rations_planned", "rations_served", "transport_each"), "")

    pages = await file_of(sheet, new_client, **nothing)

    assert "Control de raciones no lleva Recibos de pasaje no lleva" in pages[0]
    assert not any("Recibo de pasaje No." in page for page in pages)
    assert "No se anotó agenda." in page_with(pages, "Agenda")
    assert "Señoras y señores Público en general" in pages[1]
    assert "No se imprimió hoja para firmar" in " ".join(pages)
    assert await AttendanceSheet.all().count() == 0

    client, path = await signed_in(new_client, cast, "coordinator"), f"/panel/sesiones/{door.key}/expediente"
    unsaved = await client.get(f"{path}.pdf?lista=vacia")
    assert "– Ana Lucía Ba Coc" in page_with(pages_of(unsaved.content), "Esta lista no tiene código")

    await client.post(path, data=ACCOUNT | {"list": "vacia"})
    pages = await file_of(sheet, new_client, "vacia")
    frozen = await AttendanceSheet.get(session_id=door.key)
    signed = page_with(pages, "Firma o huella")
    assert (tokens.show_sheet_code(frozen.code) in signed, "1 Ana Lucía Ba Coc" in signed) == (True, True)
    assert await SheetRow.filter(sheet_id=frozen.id, registration_id=door.ana.id).count() == 1


@pytest.mark.parametrize(
    ("typed", "amount", "shown", "words"),
    [
        ("1", Decimal(1), "Q1.00", "un quetzal exacto"),
        ("Q25", Decimal(25), "Q25.00", "veinticinco quetzales exactos"),
        ("21,50", Decimal("21.50"), "Q21.50", "veintiún quetzales con cincuenta centavos"),
        ("1,200.01", Decimal("1200.01"), "Q1,200.01", "mil doscientos quetzales con un centavo"),
        ("0", None, "", ""),
        ("", None, "", ""),
    ],
)
def test_money_is_read_and_said_as_it_is_used(typed: str, amount: Decimal | None, shown: str, words: str) -> None:
    read = check(ReportForm, Typed.of({"transport_each": typed})).report.transport_each

    assert read == amount
    if read is not None:
        assert (money(read), money_in_words(read)) == (shown, words)


@pytest.mark.parametrize("typed", ["-1", "x", "1.234", "25,5,5", "1,20,300", "5001", "1e3", "٣", "1" * 300])
def test_money_that_is_no_fare_is_asked_again(typed: str) -> None:
    with pytest.raises(FormErrors):
        check(ReportForm, Typed.of({"transport_each": typed}))


async def data_of(door: Opened, *, is_marked: bool = True) -> dict[str, Any]:
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
    assert names(await data_of(door)) == names(await data_of(door, is_marked=False)) == lists
    place, unknown = (await data_of(door))["report"]["paper"]
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

    data = await data_of(door)

    assert names(data) == [
        (tokens.show_sheet_code(sheet.code), ["Ana Lucía Ba Coc", None]),
        ("", ["Sin nombre todavía"]),
    ]
    [row] = data["lists"][1]["rows"]
    assert (row["number"], row["card"]) == ("–", tokens.show_short_code(card.short_code))
    assert [one["totals"]["all"] for one in data["lists"]] == [2, 1]
    assert data["report"]["counts"][3] == ["Con tarjeta, todavía sin nombre", "2"]
    assert names(await data_of(door, is_marked=False))[1:] == [], "who has no name signed no other paper"


async def test_session_that_ended_early_is_on_its_papers_with_the_hours_as_held(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    freeze(door.starts_at + timedelta(hours=2))
    await close_session(door.key, actor=PROGRAM)

    data = await data_of(door)

    [shown] = {said for one in data["lists"] for what, said in one["facts"] if what == "Horario"}
    assert shown == printable(dates.time_range(door.starts_at, door.starts_at + timedelta(hours=2), "es"))


async def test_rations_and_counts_each_say_by_themselves_what_they_count(sqlite_db: Settings) -> None:
    door = await open_door()
    for planned, served, line in (
        (10, 8, ["Sobraron", "2"]),
        (10, 10, ["Sobraron", "0"]),
        (10, 13, ["Servidas de más", "3"]),
        (10, None, ["Sobraron", ""]),
    ):
        await write_report(door.key, Report("", "", planned, served), actor=PROGRAM)
        data = await data_of(door)
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


DPI = 200
LONG_NAME = "María Guadalupe Ñáñez Domínguez Tzunún de Mazariegos viuda de Hernández y Sánchez Gómez de la Cruz"


def printed(names: list[str]) -> bytes:
    data = json.loads((DESIGNS / "sheets" / "sample.json").read_text("utf-8"))
    data["rows"] = [{"number": str(n), "name": name, "card": "", "mark": ""} for n, name in enumerate(names, start=1)]
    return SHEET.pdf(data, made_at=datetime(2027, 3, 5, 15, tzinfo=UTC))


@pytest.mark.parametrize("n", [0, 1, 13, 14, 16, 36, 39, 61])
def test_totals_and_signatures_stand_on_no_page_without_a_row(n: int) -> None:
    file = printed([f"Beto {number:02}" for number in range(1, n + 1)])

    pages = [words_on(page) for page in pypdf.PdfReader(BytesIO(file)).pages]
    rows = [re.findall(r"(\d+) Beto", page) for page in pages]
    assert [number for page in rows for number in page] == [str(number) for number in range(1, n + 1)]
    assert [page.count("Persona responsable") for page in pages] == [0] * (len(pages) - 1) + [1]
    if n:
        assert rows[-1] != []
        assert [page.count("Nombre completo") for page in pages] == [1] * len(pages)


def test_name_of_three_lines_keeps_off_the_lines_of_its_row() -> None:
    page = photographed(printed([LONG_NAME, LONG_NAME, "Ana"]), 0, DPI).convert("L")

    left, right, gap = (round(mm / 25.4 * DPI) for mm in (25, 70, 0.5))
    spans: list[Any] = [page.crop((left, y, right, y + 1)).getextrema() for y in range(page.height)]
    is_ruled = [brightest < 240 for _darkest, brightest in spans]
    under = [y for y in range(1, page.height) if is_ruled[y - 1] and not is_ruled[y]]
    over = [y for y in range(1, page.height) if is_ruled[y] and not is_ruled[y - 1]]
    # Lines: under the head of the page, under the heads of the columns, under each row, where one signs.
    near = [spans[y + 1 : y + gap] for y in under[1:4]] + [spans[y - gap : y - 1] for y in over[2:5]]
    assert [min(darkest for darkest, _brightest in part) > 240 for part in near] == [True] * 6
