"""Sheets to print, and ways to read what was printed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest
from PIL import Image

from tests import moment
from trainings.certificates.designs import pdf
from trainings.certificates.designs.designs import DESIGNS, all_designs
from trainings.certificates.designs.texts import CertificateSheet

SAMPLES = DESIGNS / "diploma" / "samples"
WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)
SIGNATORIES = (
    ("Otto Rolando Méndez Pop", "Alcalde municipal"),
    ("Silvia Marina Tut Che", "Coordinadora de la ventanilla"),
    ("Marta Julia Choc Ical", "Facilitadora"),
)


def by_the_day(n: int) -> pytest.MarkDecorator:
    """Of `n` choices each design meets one, tomorrow another; the proof asks them all. The test takes `turn`."""
    turns = [0, *(pytest.param(turn, marks=pytest.mark.proof) for turn in range(1, n))]
    return pytest.mark.parametrize("turn", turns, ids=str)


def of_today(key: str, turn: int, n: int) -> int:
    """Which of `n` is the design's."""
    return (sorted(all_designs()).index(key) + moment.turn() + turn) % n


def sample(name: str = "diploma-8-horas", **changes: Any) -> CertificateSheet:
    kept = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return replace(CertificateSheet.from_json(kept), **changes)


@cache
def made(sheet: CertificateSheet) -> bytes:
    return pdf.render(sheet, timestamp=WHEN)


@cache
def rendered(sheet: CertificateSheet) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(made(sheet)))


def words(page: pypdf.PageObject) -> str:
    return " ".join(page.extract_text().split())


def said(file: bytes) -> list[str]:
    """The words of each page, as a quicker reader finds them."""
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(file)]


def photographed(file: bytes, page: int, dpi: int) -> Image.Image:
    picture: Image.Image = pypdfium2.PdfDocument(file)[page].render(scale=dpi / 72).to_pil()
    return picture


def assert_within_page(file: bytes) -> None:
    """White paper is left at the right and below on every page."""
    for number in range(len(pypdfium2.PdfDocument(file))):
        page = photographed(file, number, 50).convert("L")
        width, height = page.size
        for edge in ((width - 30, 0, width, height), (60, height - 16, width, height)):
            assert page.crop(edge).getextrema() == (255, 255)
