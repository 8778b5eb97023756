"""Sets certificates as PDF (landscape letter, PDF/A-3a and PDF/UA-1) with Typst, from the designs in `certificates/`.

A pure typesetter: what it prints was decided and frozen by the caller. Takes a few milliseconds of one core, so call it
in a thread and outside any transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from trainings.lib import qr
from trainings.lib.dates import date_in_words_es, hours_in_words_es
from trainings.lib.tokens import show_certificate_code
from trainings.lib.typst import Design

DESIGNS = Path(__file__).parents[2] / "certificates"
DESIGN = DESIGNS / "diploma" / "design.typ"
LIBRARY = DESIGNS / "lib"
FONT_FOLDER = DESIGNS / "fonts"
TYPESETTER = Design(DESIGN, root=DESIGNS, fonts=FONT_FOLDER)
KINDS = frozenset({"diploma", "constancia", "certificado"})
MOST_SIGNATORIES = 3

# The band never has more figures than this; above, one figure stands for several hours.
_MOST_FIGURES = 40
_HOURS_PER_FIGURE = (1, 2, 4, 5, 10, 20, 40, 100, 1000)
_ROWS_OF_A_FIGURE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSheet:
    """All that a certificate prints, in the words it prints.

    `minutes` are the hours on the face: held for a diploma, attended for a constancia. `authority` is the subject of
    the first sentence («La Municipalidad de …, por medio de su …»), `letterhead` one or two short lines beside the
    shield, `activity` the noun with its article («el taller»), `held_text` when it was held («el 4 de marzo de 2027»),
    `place` where the paper is made out. `contents` are topics with minutes (0: not known), `signatories` one to three
    pairs of name and office. `check_url` is what the QR holds, in capitals; `host_text` the address a person types.
    `supporters` are named at the right. `shield_svg` must have its letters drawn as outlines; without one there is an
    empty shield.
    """

    kind: str
    authority: str
    letterhead: tuple[str, ...]
    person_name: str
    activity: str
    title: str
    minutes: int
    held_text: str
    place: str
    issued_on: date
    contents: tuple[tuple[str, int], ...]
    signatories: tuple[tuple[str, str], ...]
    folio: str
    code: str
    check_url: str
    host_text: str
    supporters: tuple[str, ...] = ()
    shield_svg: bytes | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of certificate: {self.kind}")
        if self.minutes <= 0:
            raise ValueError("a certificate states at least a minute")
        if not 1 <= len(self.signatories) <= MOST_SIGNATORIES:
            raise ValueError("a certificate has one to three signatories")
        if not self.letterhead:
            raise ValueError("a certificate names its issuer beside the shield")

    def to_json(self) -> dict[str, Any]:
        """What is kept with the certificate; `from_json` makes the same sheet of it."""
        shield = self.shield_svg.decode() if self.shield_svg is not None else None
        return asdict(self) | {"kind": str(self.kind), "issued_on": self.issued_on.isoformat(), "shield_svg": shield}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        values = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        values["issued_on"] = date.fromisoformat(kept["issued_on"])
        for name in ("letterhead", "supporters"):
            values[name] = tuple(kept.get(name, ()))
        for name in ("contents", "signatories"):
            values[name] = tuple((first, second) for first, second in kept[name])
        shield = kept.get("shield_svg")
        values["shield_svg"] = shield.encode() if shield is not None else None
        return cls(**values)


def render(sheet: CertificateSheet, *, timestamp: datetime) -> bytes:
    """The PDF, unsigned. The same sheet and timestamp give the same bytes, as long as `versions()` are the same.

    Refuses (`CannotTypeset`) letters the fonts lack, whatever Typst warns of, and a face that overflows.
    """
    if timestamp.tzinfo is None:
        raise ValueError("a timestamp needs its zone")
    second = timestamp.astimezone(UTC).replace(microsecond=0)
    standards = ["a-3a", "ua-1"]
    [file] = TYPESETTER.make(design_data(sheet), "pdf", name=sheet.folio, pdf_standards=standards, timestamp=second)
    return file


def preview_png(sheet: CertificateSheet, *, page: int = 1, ppi: int = 96) -> bytes:
    """One page as a picture: 1 is the face, 2 the back. 96 pixels an inch make it 1056 wide."""
    return TYPESETTER.make(design_data(sheet), "png", name=sheet.folio, ppi=ppi)[page - 1]


@cache
def versions() -> dict[str, str]:
    """What set the file, to be kept with it: `typst`, `design` and `fonts`; each changes with a single byte."""
    design_files = sorted(file for folder in (DESIGN.parent, LIBRARY) for file in folder.glob("*.typ"))
    return {
        "typst": version("typst"),
        "design": f"{DESIGN.parent.name}-{_digest(design_files)}",
        "fonts": f"noto-serif-{_digest(TYPESETTER.font_files())}",
    }


def missing_glyphs(*texts: str) -> str:
    """The characters of `texts` that the design cannot print, each once, in their order; empty when all is well."""
    return TYPESETTER.missing(*texts)


def design_data(sheet: CertificateSheet) -> dict[str, Any]:
    """What the design reads: the sheet with its numbers in words, its band counted and its QR drawn."""
    modules, path = qr.svg_path(sheet.check_url, "M")
    planned = [minutes for _, minutes in sheet.contents]
    return {
        **sheet.to_json(),
        "hours_text": hours_in_words_es(sheet.minutes),
        "issued_text": date_in_words_es(sheet.issued_on),
        "contents": [[topic, _figures(minutes) if minutes else None] for topic, minutes in sheet.contents],
        "total": _figures(sum(planned)) if planned and all(planned) else None,
        "hours": _figures(sheet.minutes),
        "code": show_certificate_code(sheet.code),
        "band": _band(sheet.minutes),
        "qr": {"modules": modules, "svg": _picture(modules, path)},
        "shield": sheet.shield_svg.decode() if sheet.shield_svg is not None else None,
    }


# -- hours, in figures and woven


def _figures(minutes: int) -> str:
    """`8`, `1 h 30 min`, `45 min`, for a column headed "hours"."""
    hours, rest = divmod(minutes, 60)
    if not rest:
        return str(hours)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _band(minutes: int) -> dict[str, int | str]:
    """How the hours are woven: whole figures, the rows done of a last unfinished one, and the sentence that says so."""
    each = next(hours for hours in _HOURS_PER_FIGURE if minutes <= hours * 60 * _MOST_FIGURES)
    whole, rest = divmod(minutes, each * 60)
    rows = min(max(round(_ROWS_OF_A_FIGURE * rest / (each * 60)), 1), _ROWS_OF_A_FIGURE - 1) if rest else 0
    return {"whole": whole, "rows": rows, "sentence": _band_sentence(each, whole, rest)}


def _band_sentence(each: int, whole: int, rest: int) -> str:
    last = f"a medio tejer, {_counts_as(rest)}"
    if not whole:
        return f"La figura de la faja, {last}."
    if rest:
        return f"Cada figura de la faja {_counts_as(each * 60)}; la última, {last}."
    if each > 1:
        return f"Cada figura de la faja {_counts_as(each * 60)}."
    if whole == 1:
        return "La figura de la faja es la hora."
    count = hours_in_words_es(whole * 60)
    return f"Las {count.removesuffix(' horas')} figuras de la faja son las {count}."


def _counts_as(minutes: int) -> str:
    return f"{'es' if minutes in (1, 60) else 'son'} {hours_in_words_es(minutes)}"


def _picture(size: int, path: str) -> str:
    box = f'viewBox="0 0 {size} {size}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} shape-rendering="crispEdges"><path d="{path}"/></svg>'


def _digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.relative_to(DESIGNS).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]
