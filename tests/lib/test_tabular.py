"""Tables as files: read by what is in them, and written so that no cell is ever calculated."""

from __future__ import annotations

import csv
import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import load_workbook

from tests.tables import ODS_PAGE, ODS_TYPE, archive, manifest, ods, text, xlsx
from trainings.lib import tabular
from trainings.lib.tabular import Problem, Row, Table, UnreadableTable, guarded, is_formula, write_csv, write_xlsx

WHEN = datetime(2027, 3, 4, 15, tzinfo=UTC)
FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\u200b=1",
    "\u00a0+1",
    "\ufeff@a",
    "＝1+1",
    "\x01-2",
)
HARMLESS = ("", "María", "a=b", "5555-1234", "'=1", "¿=?", "ꞌ=")


def read_all(content: bytes, *, most_rows: int = 2_000, most_columns: int = 40) -> list[Table]:
    return tabular.read_tables(content, most_rows=most_rows, most_columns=most_columns)


def read(content: bytes, **limits: int) -> Table:
    [table] = read_all(content, **limits)
    return table


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def problem_of(content: bytes) -> Problem:
    with pytest.raises(UnreadableTable) as caught:
        read(content)
    return caught.value.problem


# -- reading text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_is_read_whatever_stands_between_its_cells(separator: str) -> None:
    content = text(separator.join(("Nombres", "Apellidos")), separator.join(("María", "Caal Tzib")))

    assert read(content).rows == (Row(1, ("Nombres", "Apellidos")), Row(2, ("María", "Caal Tzib")))


def test_separator_is_the_one_that_all_lines_share() -> None:
    content = text("Nombre;Municipio", "Caal, Ana;Flores, Petén", "Coc, Beto;Flores, Petén")

    assert cells(read(content))[1] == ("Caal, Ana", "Flores, Petén")


def test_separator_that_the_file_names_is_obeyed_and_its_line_not_counted() -> None:
    assert read(text("sep=;", "a,1;b,1")).rows == (Row(1, ("a,1", "b,1")),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_text_is_read_without_a_guess(encoding: str) -> None:
    table = read(text("Niñez,Petén", encoding=encoding))

    assert (cells(table), table.is_guessed) == ([("Niñez", "Petén")], False)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_of_an_old_program_is_read_and_said_to_be_guessed(encoding: str) -> None:
    table = read(text("María José,Petén", encoding=encoding))

    assert (cells(table), table.is_guessed) == ([("María José", "Petén")], True)


def test_rows_keep_the_numbers_that_a_spreadsheet_shows() -> None:
    content = text("Listado", "", '"dos\nlíneas",b', "", "c,d")

    assert [row.number for row in read(content).rows] == [1, 3, 5]


def test_apostrophe_of_our_own_files_is_taken_off_again() -> None:
    written = write_csv(("Teléfono", "Nombre"), [("+502 5555 1234", "'ixim"), ("=1+1", "a")])

    assert cells(read(written))[1:] == [("+502 5555 1234", "'ixim"), ("=1+1", "a")]


# -- reading workbooks


def test_workbook_is_read_as_somebody_would_type_it() -> None:
    def draw(workbook: Any, sheet: Any) -> None:
        sheet.write_datetime(1, 3, date(2004, 5, 1), workbook.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write_formula(1, 4, '="Ana"&" Coc"', value="Ana Coc")
        sheet.write_boolean(1, 5, True)
        sheet.write_formula(1, 6, "=1/0", value="#DIV/0!")

    table = read(xlsx([["Nombre", "Teléfono", "Edad"], ["María", 55551234, 3.5]], draw=draw))

    assert cells(table)[1] == ("María", "55551234", "3.5", "2004-05-01", "Ana Coc", "TRUE")


def test_each_sheet_with_something_in_it_is_read() -> None:
    tables = read_all(xlsx([], [[], ["", "Nombre"], ["", "Ana"]], [["otra"]]))

    assert tables == [
        Table((Row(2, ("", "Nombre")), Row(3, ("", "Ana"))), 2, 2, name="Sheet2"),
        Table((Row(1, ("otra",)),), 1, 1, name="Sheet3"),
    ]


def test_hidden_sheet_is_not_read() -> None:
    def draw(workbook: Any, sheet: Any) -> None:
        workbook.worksheets()[1].activate()
        sheet.hide()

    assert cells(read(xlsx([["secreto"]], [["Nombre"]], draw=draw))) == [("Nombre",)]


def test_opendocument_sheet_is_read() -> None:
    assert cells(read(ods([["Nombre", "Edad"], ["José", 40]]))) == [("Nombre", "Edad"), ("José", "40")]


# -- what is no list


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"\xef\xbb\xbf \r\n\r\n", Problem.EMPTY),
        (b",,,\r\n,,\r\n", Problem.EMPTY),
        (b"%PDF-1.7\n%\xe2\xe3", Problem.PDF),
        (b"\x89PNG\r\n\x1a\n....", Problem.PICTURE),
        (b"\xff\xd8\xff\xe0....JFIF", Problem.PICTURE),
        (b"\x00\x00\x00\x18ftypheic....", Problem.PICTURE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Problem.OLD_WORKBOOK),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            Problem.ENCRYPTED,
        ),
        (b"<html><table><tr><td>Nombre</td></tr></table>", Problem.OTHER_DOCUMENT),
        (b"{\\rtf1 Nombre}", Problem.OTHER_DOCUMENT),
        (b"Nombre,Edad\r\nAna\x00,3", Problem.OTHER_DOCUMENT),
        (b"PK\x03\x04 and no more", Problem.DAMAGED),
    ],
)
def test_what_is_no_list_is_told_apart_by_its_content(content: bytes, problem: Problem) -> None:
    assert problem_of(content) == problem


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"word/document.xml": "<w/>"}, Problem.OTHER_DOCUMENT),
        ({"xl/workbook.bin": "x"}, Problem.OLD_WORKBOOK),
        ({"xl/workbook.xml": "<no"}, Problem.DAMAGED),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, Problem.OTHER_DOCUMENT),
        (
            {"mimetype": ODS_TYPE, "META-INF/manifest.xml": manifest("<m:encryption-data/>"), "content.xml": "x"},
            Problem.ENCRYPTED,
        ),
        ({f"a{n}": "" for n in range(2_001)}, Problem.TOO_BIG_INSIDE),
    ],
)
def test_archive_that_is_no_sheet_is_told_apart(parts: dict[str, str | bytes], problem: Problem) -> None:
    assert problem_of(archive(parts)) == problem


def test_archive_with_a_password_is_told_apart() -> None:
    content = bytearray(archive({"xl/workbook.xml": "x"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1

    assert problem_of(bytes(content)) == Problem.ENCRYPTED


def test_damaged_workbook_is_told_apart() -> None:
    whole = xlsx([["Nombre"], ["Ana"]])

    assert problem_of(whole[: len(whole) // 2]) == Problem.DAMAGED


# -- bombs


def test_bomb_is_refused_by_the_sizes_it_states() -> None:
    content = archive({"xl/workbook.xml": b"0" * (70 * 1024 * 1024)})

    assert len(content) < 100_000
    assert problem_of(content) == Problem.TOO_BIG_INSIDE


def test_bomb_that_lies_about_its_sizes_does_no_harm() -> None:
    lying = bytearray(xlsx([["Nombre"]]))
    with zipfile.ZipFile(io.BytesIO(bytes(lying))) as whole:
        parts = {one.filename: whole.read(one) for one in whole.infolist()}
    parts["xl/worksheets/sheet1.xml"] += b" " * (65 * 1024 * 1024)
    lying = bytearray(archive(dict(parts)))
    begins = lying.index(b"PK\x01\x02", lying.index(b"PK\x05\x06") - 2_000)
    while (begins := lying.find(b"PK\x01\x02", begins)) >= 0:
        lying[begins + 24 : begins + 28] = struct.pack("<I", 100)
        begins += 4

    assert problem_of(bytes(lying)) in {Problem.DAMAGED, Problem.TOO_BIG_INSIDE}


def test_cell_at_the_far_end_of_a_sheet_ends_only_the_reader() -> None:
    content = xlsx([["Nombre"]], draw=lambda _workbook, sheet: sheet.write_string(1_048_575, 16_383, "x"))

    assert problem_of(content) == Problem.TOO_BIG_INSIDE


def test_cell_that_is_said_to_repeat_endlessly_ends_only_the_reader() -> None:
    repeated = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
        "</table:table-cell></table:table-row>"
    )
    content = archive({"mimetype": ODS_TYPE, "content.xml": ODS_PAGE % repeated, "META-INF/manifest.xml": manifest("")})

    assert problem_of(content) in {Problem.TOO_BIG_INSIDE, Problem.DAMAGED}


def test_text_that_a_small_workbook_repeats_in_every_cell_is_refused() -> None:
    content = xlsx([["Nombres", "Apellidos"], *([["A" * 32_000] * 4] * 1_999)])

    assert len(content) < 100_000
    assert problem_of(content) == Problem.TOO_BIG_INSIDE


def test_reader_without_memory_says_that_the_sheet_is_too_big() -> None:
    content = xlsx([["A" * 32_000] * 10] * 2_000)

    assert len(content) < 100_000
    assert problem_of(content) == Problem.TOO_BIG_INSIDE


# -- limits


@pytest.mark.parametrize("as_file", [lambda rows: text(*(",".join(row) for row in rows)), xlsx, ods])
def test_endless_cell_is_cut_where_no_answer_is_as_long(as_file: Any) -> None:
    assert cells(read(as_file([["Nombres", "Apellidos"], ["x" * 30_000, "Coc"]])))[1] == ("x" * 500, "Coc")


def test_rows_beyond_the_limit_are_counted_and_not_kept() -> None:
    tracemalloc.start()

    table = read(b"a\n" * 20_000)

    assert (len(table.rows), table.n_rows) == (2_000, 20_000)
    # All kept would be over two and a half.
    assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    tracemalloc.stop()


@pytest.mark.parametrize("as_file", [lambda rows: text(*(",".join(row) for row in rows)), xlsx, ods])
def test_of_too_many_rows_the_first_are_read_and_of_too_many_columns_none(as_file: Any) -> None:
    rows = [["a", "b", "c"]] * 11

    too_long, too_wide = read(as_file(rows), most_rows=10), read(as_file(rows), most_columns=2)

    assert (len(too_long.rows), too_long.n_rows) == (10, 11)
    assert (too_wide.rows, too_wide.n_columns) == ((), 3)
    assert len(read(as_file(rows), most_rows=11, most_columns=3).rows) == 11


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: b"a;b\n1;2\n" + tail))
def test_any_bytes_are_a_table_or_a_problem(content: bytes) -> None:
    with suppress(UnreadableTable):
        assert read_all(content)[0].rows


# -- writing


@pytest.mark.parametrize("cell", FORMULAS)
def test_formula_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.text(max_size=12))
def test_no_cell_of_a_csv_begins_like_a_formula(cell: str) -> None:
    assert not is_formula(guarded(cell))


def test_csv_has_one_bom_and_quotes_around_everything() -> None:
    written = write_csv(("Número", "Municipio"), [(1, "Flores, Petén"), (2, '"=1"')])

    assert written == '\ufeff"Número","Municipio"\r\n"1","Flores, Petén"\r\n"2","""=1"""\r\n'.encode()
    assert [row[1] for row in csv.reader(io.StringIO(written.decode("utf-8-sig")))][1:] == ["Flores, Petén", '"=1"']


def test_workbook_holds_texts_and_numbers_and_no_formula() -> None:
    written = write_xlsx(("=Título",), [(text,) for text in FORMULAS if text.isprintable()], name="Lista", made_at=WHEN)

    with zipfile.ZipFile(io.BytesIO(written)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        names = parts.namelist()
    rows = load_workbook(io.BytesIO(written)).get_sheet_by_index(0).to_python()
    assert "<f>" not in sheet
    assert not any("external" in name.lower() or "hyperlink" in name.lower() for name in names)
    assert rows == [["=Título"], *([text] for text in FORMULAS if text.isprintable())]


def test_workbook_keeps_numbers_as_numbers() -> None:
    written = write_xlsx(("a", "b"), [(7, "7")], name="Lista", made_at=WHEN)

    assert load_workbook(io.BytesIO(written)).get_sheet_by_index(0).to_python() == [["a", "b"], [7.0, "7"]]
