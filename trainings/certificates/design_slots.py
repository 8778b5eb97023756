"""What a design has to show: each part is changed in turn, and the page must change with it; the QR must be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import zxingcpp
from PIL import Image

from trainings.certificates import pdf
from trainings.certificates.design_problems import Said
from trainings.certificates.design_samples import pictures, sample
from trainings.certificates.designs import DesignInfo
from trainings.lib import qr
from trainings.lib.sandbox import DesignApart
from trainings.web.i18n import N_

READ_AT = 150
"""Dots per inch at which a cheap scanner sees the page."""

LEAST_MM = 30.0
_MM_PER_INCH = 25.4
_LIGHT = 250
_COMPARED_AT = 50
_OTHER = "Xocomil"

Change = Callable[[dict[str, Any]], None]


def _put(*path: str, value: Any = _OTHER) -> Change:
    def change(data: dict[str, Any]) -> None:
        for name in path[:-1]:
            data = data[name]
        data[path[-1]] = value

    return change


def _retitle(data: dict[str, Any]) -> None:
    words = data["words"]
    words["reason"] = [(_OTHER if role == "title" else text, role) for text, role in words["reason"]]


def _sign(which: int) -> Change:
    def change(data: dict[str, Any]) -> None:
        data["signatories"] = [
            tuple(_OTHER if n == which else text for n, text in enumerate(pair)) for pair in data["signatories"]
        ]

    return change


def _recode(data: dict[str, Any]) -> None:
    modules, path = qr.svg_path("HTTPS://OTRA.EXAMPLE/V/00000000000000", "M")
    data["qr"] = {"modules": modules, "svg": pdf.code_picture(modules, path)}


_RUNS = [(_OTHER, "title")]
_FACE: dict[str, Change] = {
    N_("la primera frase (words.gives)"): _put("words", "gives", value=_RUNS),
    N_("cómo se llama el documento (words.label)"): _put("words", "label"),
    N_("el nombre de la persona (person_name)"): _put("person_name"),
    N_("el título (en words.reason)"): _retitle,
    N_("por qué se otorga (words.reason)"): _put("words", "reason", value=_RUNS),
    N_("dónde y cuándo se extiende (words.made)"): _put("words", "made", value=_RUNS),
    N_("quién lo extiende (letterhead)"): _put("letterhead", value=[_OTHER]),
    N_("los nombres de quienes firman (signatories)"): _sign(0),
    N_("los cargos de quienes firman (signatories)"): _sign(1),
    N_("el folio (folio)"): _put("folio"),
    N_("el código (code)"): _put("code"),
}
"""The last two so that a framed or copied paper can be checked."""

_ANYWHERE: dict[str, Change] = {
    N_("los contenidos (contents)"): _put("contents", value=[(_OTHER, "1")]),
    N_("la dirección para revisarlo (host_text)"): _put("host_text"),
    N_("el código QR (qr)"): _recode,
}
_OPTIONAL: dict[str, tuple[str, Change]] = {
    "shield": (N_("el escudo (shield)"), _put("shield", value=None)),
    "logos": (N_("los logotipos (logos)"), _put("logos", value=[])),
    "supporters": (N_("quiénes apoyan (supporters)"), _put("supporters", value=[_OTHER])),
    "note": (N_("la nota de la firma electrónica (note)"), _put("note", value=[_OTHER])),
    "band": (N_("la faja que cuenta las horas (band)"), _put("band", "whole", value=3)),
}


def not_printed(design: DesignInfo, typesetter: DesignApart) -> Iterator[Said]:
    """A sentence for each part that the page is the same without."""
    optional = dict(part for slot, part in _OPTIONAL.items() if slot in design.slots)
    changes = _FACE | _ANYWHERE | optional
    usual = pdf.design_data(sample(design), pictures=pictures())
    before, *after = _pages(typesetter, [usual, *(_changed(usual, change) for change in changes.values())])
    for words, pages in zip(changes, after, strict=True):
        if words in _FACE and pages[0] == before[0]:
            yield Said(N_("El frente no muestra %(part)s."), {"part": Said(words)})
        elif pages == before:
            yield Said(N_("No muestra %(part)s."), {"part": Said(words)})
    yield from _second(design, typesetter)


def _second(design: DesignInfo, typesetter: DesignApart) -> Iterator[Said]:
    language = next((language for language in design.all_languages() if "+" in language), None)
    if language is None:
        return
    both = pdf.design_data(sample(design, language=language), pictures=pictures())
    before, after = _pages(typesetter, [both, _changed(both, _put("second", "reason", value=_RUNS))])
    if before == after:
        yield Said(N_("En dos idiomas no muestra el segundo (second)."))


def _changed(data: dict[str, Any], change: Change) -> dict[str, Any]:
    other = deepcopy(data)
    change(other)
    return other


def _pages(typesetter: DesignApart, sheets: list[dict[str, Any]]) -> list[list[bytes]]:
    return typesetter.make_all(sheets, "png", name="parts", ppi=_COMPARED_AT)


def wrong_code(pages: list[Image.Image], address: str) -> Said | None:
    """What is wrong with the largest QR on these pages (grey, `READ_AT` dots an inch), in a sentence, or nothing: a
    smaller one on the face is a help.
    """
    found = [(page, code.position) for page in pages for code in zxingcpp.read_barcodes(page) if code.text == address]
    if not found:
        return Said(N_("El código QR no se lee a %(dpi)s puntos por pulgada."), {"dpi": READ_AT})
    page, corners = max(found, key=lambda one: _width(one[1]))
    width = _width(corners)
    millimetres = width * _MM_PER_INCH / READ_AT
    # A pixel more or less is the scanner's, not the designer's.
    if millimetres < LEAST_MM - 0.3:
        return Said(N_("El código QR mide %(mm)s mm; han de ser 30 o más."), {"mm": f"{millimetres:.0f}"})
    if not _is_quiet(page, corners, 3.5 * width / len(qr.matrix(address, "M"))):
        return Said(N_("Al código QR le falta blanco alrededor: cuatro módulos a cada lado."))
    return None


def _width(corners: Any) -> float:
    return float(corners.top_right.x - corners.top_left.x)


def _is_quiet(page: Image.Image, corners: Any, margin: float) -> bool:
    left, top = corners.top_left.x, corners.top_left.y
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    beside = (
        (left - margin, top - margin, left - 3, bottom + margin),
        (right + 3, top - margin, right + margin, bottom + margin),
        (left - margin, top - margin, right + margin, top - 3),
        (left - margin, bottom + 3, right + margin, bottom + margin),
    )
    return all(page.crop(tuple(map(round, box))).getextrema()[0] >= _LIGHT for box in beside)  # type: ignore[operator]  # grey: a number
