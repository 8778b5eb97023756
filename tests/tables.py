"""Files with tables, made for tests as people make them, and some as nobody should."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NAMES = "urn:oasis:names:tc:opendocument:xmlns"
ODS_PAGE = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="{NAMES}:office:1.0" xmlns:table="{NAMES}:table:1.0"
 xmlns:text="{NAMES}:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Hoja1">%s</table:table></office:spreadsheet></office:body></office:document-content>"""

Rows = Sequence[Sequence[object]]


def xlsx(*sheets: Rows, draw: Callable[[Any, Any], None] | None = None) -> bytes:
    """A workbook with these sheets; `draw` adds to the first one what is no plain value."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    for rows in sheets:
        sheet = workbook.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
    if draw is not None:
        draw(workbook, workbook.worksheets()[0])
    workbook.close()
    return target.getvalue()


def ods(rows: Rows) -> bytes:
    """An OpenDocument sheet, as LibreOffice writes one."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    return archive({"mimetype": ODS_TYPE, "content.xml": ODS_PAGE % cells, "META-INF/manifest.xml": manifest("")})


def manifest(inside: str) -> str:
    return f'<?xml version="1.0"?><m:manifest xmlns:m="{NAMES}:manifest:1.0">{inside}</m:manifest>'


def archive(parts: dict[str, str | bytes]) -> bytes:
    """A zip with these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return target.getvalue()


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """Lines as a program writes them on Windows."""
    return "\r\n".join(lines).encode(encoding)
