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


def read(content: bytes, most_rows: int, most_columns: int) -> dict[str, object]:
    """Rows of the first visible sheet that has any, with the spreadsheet's numbers.

    Beyond a limit it tells the number of rows (with the first of them) or columns. Exits with TOO_BIG beyond any list.
    """
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [one for one in _visible_sheets(workbook) if one.end is not None]
    if not sheets:
        return {"rows": [], "sheet": "", "n_others": 0}
    rows: list[tuple[int, list[str]]] = []
    n_rows = n_letters = 0
    for number, cells in enumerate(_rows(sheets[0]), start=1):
        n_rows += bool(cells)
        if cells and n_rows <= most_rows:
            rows.append((number, cells))
            n_letters += sum(map(len, cells))
        if n_letters > MOST_LETTERS:
            sys.exit(TOO_BIG)
    if n_rows > most_rows:
        return {"n_rows": n_rows, "rows": rows}
    n_columns = max((len(cells) for _number, cells in rows), default=0)
    if n_columns > most_columns:
        return {"n_columns": n_columns}
    return {"rows": rows, "sheet": sheets[0].name, "n_others": len(sheets) - 1}


def _visible_sheets(workbook: CalamineWorkbook) -> list[CalamineSheet]:
    return [
        workbook.get_sheet_by_name(one.name)
        for one in workbook.sheets_metadata
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]


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
