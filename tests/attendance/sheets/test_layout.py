"""Where the rows of a list to sign stand on its pages, and how near to the lines between them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest

from tests.certificates.sheets import photographed, words
from trainings.attendance.sheets.pages import sheet_pdf
from trainings.lib.folders import DESIGNS

DPI = 200
LONG = "María Guadalupe Ñáñez Domínguez Tzunún de Mazariegos viuda de Hernández y Sánchez Gómez de la Cruz"


def printed(names: list[str]) -> bytes:
    data = json.loads((DESIGNS / "sheets" / "sample.json").read_text("utf-8"))
    data["rows"] = [{"number": str(n), "name": name, "card": "", "mark": ""} for n, name in enumerate(names, start=1)]
    return sheet_pdf(data, made_at=datetime(2027, 3, 5, 15, tzinfo=UTC))


@pytest.mark.parametrize("n", [0, 1, *range(14, 19), *range(37, 42), 61])
def test_totals_and_signatures_stand_on_no_page_without_a_row(n: int) -> None:
    file = printed([f"Beto {number:02}" for number in range(1, n + 1)])

    pages = [words(page) for page in pypdf.PdfReader(BytesIO(file)).pages]
    rows = [re.findall(r"(\d+) Beto", page) for page in pages]
    assert [number for page in rows for number in page] == [str(number) for number in range(1, n + 1)]
    assert [page.count("Persona responsable") for page in pages] == [0] * (len(pages) - 1) + [1]
    if n:
        assert rows[-1] != []
        assert [page.count("Nombre completo") for page in pages] == [1] * len(pages)


def test_name_of_three_lines_keeps_off_the_lines_of_its_row() -> None:
    page = photographed(printed([LONG, LONG, "Ana"]), 0, DPI).convert("L")

    left, right, gap = (round(mm / 25.4 * DPI) for mm in (25, 70, 0.5))
    spans: list[Any] = [page.crop((left, y, right, y + 1)).getextrema() for y in range(page.height)]
    is_ruled = [brightest < 240 for _darkest, brightest in spans]
    under = [y for y in range(1, page.height) if is_ruled[y - 1] and not is_ruled[y]]
    over = [y for y in range(1, page.height) if is_ruled[y] and not is_ruled[y - 1]]
    # Lines: under the head of the page, under the heads of the columns, under each row, where one signs.
    near = [spans[y + 1 : y + gap] for y in under[1:4]] + [spans[y - gap : y - 1] for y in over[2:5]]
    assert [min(darkest for darkest, _brightest in part) > 240 for part in near] == [True] * 6
