"""Folios as people type them: spaces for dashes, small letters, without the common beginning."""

from __future__ import annotations

import re
import unicodedata

BETWEEN = r"[\s\-\u2010-\u2015_]+"
FOLIO = re.compile(rf"VIMMIG{BETWEEN}[0-9A-Z]{{2,12}}{BETWEEN}\d{{4}}{BETWEEN}\d{{1,9}}(?![0-9A-Z])", re.IGNORECASE)
_LOOK_ALIKE = str.maketrans("OIL", "011")
SAID_BEFORE = frozenset(
    word.translate(_LOOK_ALIKE)
    for word in ("VIMMIG", "FOLIO", "NO", "N", "NRO", "NUM", "NUMERO", "NUMBER", "EL", "DE", "DEL")
)
"""Common beginnings, which tell nothing about the folio."""


def folio_in(typed: str) -> str:
    """A folio typed with a code, or alone; empty: none."""
    found = FOLIO.search(typed)
    return tidied(found.group()) if found else ""


def tidied(typed: str) -> str:
    """As printed, whatever spaces, capitals and dashes."""
    return re.sub(BETWEEN, "-", typed.strip().upper())


def is_same_folio(typed: str, folio: str) -> bool:
    """The whole folio or its end (`1705-2027-15`, `2027-15`, `15`), with or without leading zeros of its number."""
    parts, whole = _parts(typed), _parts(folio)
    is_its_end = bool(parts) and len(parts) <= len(whole) and parts == whole[-len(parts) :]
    return is_its_end or "".join(_pieces(typed)) == "".join(_pieces(folio))


def _parts(text: str) -> list[str]:
    pieces = _pieces(text)
    while pieces and pieces[0] in SAID_BEFORE:
        pieces = pieces[1:]
    return [*pieces[:-1], pieces[-1].lstrip("0")] if pieces else []


def _pieces(text: str) -> list[str]:
    # Without accents: «número» is one word. What is no letter, as in «Nº», stays none.
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", text.upper()))
    return [piece.translate(_LOOK_ALIKE) for piece in re.findall("[0-9A-Z]+", plain)]
