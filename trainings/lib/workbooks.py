"""Reads a spreadsheet in a process of its own: `python workbooks.py MOST_ROWS MOST_COLUMNS < file`, JSON comes out.

One cell at the far end of a sheet makes the reader ask for 400 GB, and that ends the whole process, not a request.
Hence limits of memory and time. It imports nothing of ours and is given no secrets.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import resource
import sys
from collections.abc import Iterator

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1 << 30
CPU_SECONDS = 10
LONGEST_CELL = 500
"""Letters; no answer that we keep is half as long."""
MOST_LETTERS = 2_000_000
"""In all cells; a workbook can repeat a text for two letters."""
MOST_SHEETS = 12
TOO_BIG = 3

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def limit_ourselves() -> None:
    """Memory, time, and no core file: it would hold the list."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        # Not every system knows each of them.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def as_text(value: Value) -> str:
    """Whole numbers without a point, dates as 2004-05-01."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def read(content: bytes, most_rows: int, most_columns: int) -> list[dict[str, object]]:
    """The visible sheets that have rows, with the spreadsheet's numbers; of a sheet with too many columns only their
    number, of one with too many rows the first and their number. Exits with TOO_BIG beyond any list.
    """
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    n_letters, found = 0, []
    for sheet in _visible_sheets(workbook)[:MOST_SHEETS]:
        rows: list[tuple[int, list[str]]] = []
        n_rows = n_columns = 0
        for number, cells in enumerate(_rows(sheet), start=1):
            n_rows += bool(cells)
            n_columns = max(n_columns, len(cells))
            if cells and n_rows <= most_rows:
                rows.append((number, cells))
                n_letters += sum(map(len, cells))
            if n_letters > MOST_LETTERS:
                sys.exit(TOO_BIG)
        kept = rows if n_columns <= most_columns else []
        if n_rows:
            found.append({"name": sheet.name, "rows": kept, "n_rows": n_rows, "n_columns": n_columns})
    return found


def _visible_sheets(workbook: CalamineWorkbook) -> list[CalamineSheet]:
    sheets = [
        workbook.get_sheet_by_name(one.name)
        for one in workbook.sheets_metadata
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]
    return [one for one in sheets if one.end is not None]


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    assert sheet.start is not None, "a sheet with an end has a beginning"
    before = [""] * sheet.start[1]
    for row in sheet.iter_rows():
        yield _without_tail([*before, *(as_text(value).strip()[:LONGEST_CELL] for value in row)])


def _without_tail(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def main() -> None:
    limit_ourselves()
    most_rows, most_columns = map(int, sys.argv[1:3])
    try:
        found = read(sys.stdin.buffer.read(), most_rows, most_columns)
    except CalamineError:
        sys.exit(1)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
