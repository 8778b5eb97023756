"""CSV, XLSX and ODS read by what they hold, not by their names; CSV and XLSX written formula-proof."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

import xlsxwriter

from trainings.lib import workbooks

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MOST_OCTETS_INSIDE = 64 * 1024 * 1024
MOST_PARTS_INSIDE = 2_000
SECONDS_TO_READ = 15
FORMULA_SIGNS = "=+-@\t\r＝＋－＠"
"""Makes a spreadsheet take a cell for a formula, wide forms included."""

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_SEPARATORS = ",;\t|"
_SEP_LINE = re.compile(r"(?i)sep=([,;\t|])\r?\n")
_LINES_SNIFFED = 30


class Problem(StrEnum):
    EMPTY = "empty"
    PDF = "pdf"
    PICTURE = "picture"
    OLD_WORKBOOK = "old_workbook"
    ENCRYPTED = "encrypted"
    OTHER_DOCUMENT = "other_document"
    TOO_BIG_INSIDE = "too_big_inside"
    DAMAGED = "damaged"


class UnreadableTable(ValueError):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are not empty: the first of more than the reader was asked for (`n_rows` counts all), none where there
    are too many columns. `is_guessed`: the letters are not UTF-8, accents may be wrong.
    """

    rows: tuple[Row, ...]
    n_rows: int
    n_columns: int
    is_guessed: bool = False
    name: str = ""


# -- reading


def read_tables(content: bytes, *, most_rows: int, most_columns: int) -> list[Table]:
    """One for each visible sheet with rows. Takes up to 15 seconds: call it in a thread. Raises UnreadableTable."""
    problem = _foreign(content)
    if problem is not None:
        raise UnreadableTable(problem)
    if content.startswith(b"PK"):
        _check_archive(content)
        tables = _read_workbook(content, most_rows, most_columns)
    else:
        tables = [_read_text(content, most_rows, most_columns)]
    if not any(table.n_rows for table in tables):
        raise UnreadableTable(Problem.EMPTY)
    return tables


def _foreign(content: bytes) -> Problem | None:
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return Problem.EMPTY
    if b"%PDF-" in content[:1024]:
        return Problem.PDF
    if content.startswith(_PICTURES) or content[4:8] == b"ftyp":
        return Problem.PICTURE
    if content.startswith(_OLE):
        return Problem.ENCRYPTED if _ENCRYPTED_PACKAGE in content else Problem.OLD_WORKBOOK
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{\\rtf")):
        return Problem.OTHER_DOCUMENT
    return None


def _check_archive(content: bytes) -> None:
    """Refuses no XLSX or ODS, a locked file, or one that unpacks to too much by its own word; `workbooks.py` limits one
    that lies.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise UnreadableTable(Problem.ENCRYPTED)
            if len(parts) > MOST_PARTS_INSIDE or sum(part.file_size for part in parts) > MOST_OCTETS_INSIDE:
                raise UnreadableTable(Problem.TOO_BIG_INSIDE)
            _check_kind(archive, {part.filename for part in parts})
    except UnreadableTable:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as exc:
        raise UnreadableTable(Problem.DAMAGED) from exc


def _check_kind(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        raise UnreadableTable(Problem.OLD_WORKBOOK)
    if "opendocument.spreadsheet" not in _beginning(archive, names, "mimetype", 200):
        raise UnreadableTable(Problem.OTHER_DOCUMENT)
    if "encryption-data" in _beginning(archive, names, "META-INF/manifest.xml", 200_000):
        raise UnreadableTable(Problem.ENCRYPTED)


def _beginning(archive: zipfile.ZipFile, names: set[str], name: str, n_octets: int) -> str:
    if name not in names:
        return ""
    with archive.open(name) as part:
        return part.read(n_octets).decode("utf-8", "replace")


def _read_workbook(content: bytes, most_rows: int, most_columns: int) -> list[Table]:
    command = [sys.executable, "-I", str(Path(workbooks.__file__)), str(most_rows), str(most_columns)]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, and the sheet comes through its input
            command, input=content, capture_output=True, timeout=SECONDS_TO_READ, env={}, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise UnreadableTable(Problem.TOO_BIG_INSIDE) from exc
    if done.returncode < 0 or done.returncode == workbooks.TOO_BIG:
        raise UnreadableTable(Problem.TOO_BIG_INSIDE)
    if done.returncode:
        raise UnreadableTable(Problem.DAMAGED)
    return [
        Table(
            tuple(Row(number, tuple(cells)) for number, cells in one["rows"]),
            one["n_rows"],
            one["n_columns"],
            name=one["name"],
        )
        for one in json.loads(done.stdout)
    ]


def _read_text(content: bytes, most_rows: int, most_columns: int) -> Table:
    text, is_guessed = _decoded(content.rstrip(b"\x1a"))
    if any(unicodedata.category(letter) == "Cc" for letter in set(text) - set("\t\r\n\f\v")):
        raise UnreadableTable(Problem.OTHER_DOCUMENT)
    separator, text = _separator(text)
    rows: list[Row] = []
    n_rows = n_columns = 0
    try:
        for number, cells in enumerate(map(_cells, _records(text, separator)), start=1):
            n_rows += any(cells)
            n_columns = max(n_columns, len(cells))
            if any(cells) and n_rows <= most_rows:
                rows.append(Row(number, cells))
    except csv.Error as exc:
        raise UnreadableTable(Problem.DAMAGED) from exc
    return Table(tuple(rows) if n_columns <= most_columns else (), n_rows, n_columns, is_guessed=is_guessed)


def _decoded(content: bytes) -> tuple[str, bool]:
    """(text, guessed): what is not Unicode is guessed to be Windows-1252, else Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), False
    try:
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        try:
            return content.decode("cp1252"), True
        except UnicodeDecodeError:
            return content.decode("latin-1"), True


def _separator(text: str) -> tuple[str, str]:
    said = _SEP_LINE.match(text)
    if said:
        return said[1], text[said.end() :]
    beginning = "".join(islice(io.StringIO(text, newline=""), _LINES_SNIFFED))
    return max(_SEPARATORS, key=lambda separator: _evenness(beginning, separator)), text


def _evenness(text: str, separator: str) -> tuple[int, int]:
    try:
        widths = Counter(len(cells) for cells in _records(text, separator) if len(cells) > 1)
    except csv.Error:
        return 0, 0
    return max(((n_lines, width) for width, n_lines in widths.items()), default=(0, 0))


def _records(text: str, separator: str) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _cells(record: list[str]) -> tuple[str, ...]:
    """Without blanks around and without the apostrophe that our files put before a formula."""
    cells = [cell.strip() for cell in record]
    cells = [cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell for cell in cells]
    cells = [cell[: workbooks.LONGEST_CELL] for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


# -- writing


def is_formula(text: str) -> bool:
    """Also behind blanks and invisible letters."""
    for letter in text:
        if letter in FORMULA_SIGNS:
            return True
        if not letter.isspace() and unicodedata.category(letter) not in ("Cc", "Cf", "Zs", "Zl", "Zp"):
            return False
    return False


def guarded(text: str) -> str:
    return f"'{text}" if is_formula(text) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """Spreadsheets open it with the right letters: one BOM, everything in quotes, no formula."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return target.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[str | int]], *, name: str, made_at: datetime) -> bytes:
    """One sheet called `name` (up to 31 letters). Every text is a text: nothing in it is calculated."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,  # else the rows would lie in a temporary folder for a while
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.set_properties({"created": made_at})
    sheet = workbook.add_worksheet(name)
    heading = workbook.add_format({"bold": True, "bottom": 1})
    for column, cell in enumerate(header):
        sheet.write_string(0, column, cell, heading)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            else:
                sheet.write_number(line, column, value)
    sheet.freeze_panes(1, 0)
    sheet.autofit(max_width=300)
    workbook.close()
    return target.getvalue()
