from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from trainings.certificates.models import CertificateKind
from trainings.lib.tokens import read_certificate_code
from trainings.people.forms import NAME_LENGTH, printable, required
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

BETWEEN = r"[\s\-\u2010-\u2015_]+"
PRINTED_FOLIO = re.compile(r"VIMMIG-[0-9A-Z]+-[0-9]{4}-[0-9]{6,}", re.IGNORECASE)
FOLIO = re.compile(rf"VIMMIG{BETWEEN}[0-9A-Z]{{2,12}}{BETWEEN}\d{{4}}{BETWEEN}\d{{1,9}}(?![0-9A-Z])", re.IGNORECASE)
_LOOK_ALIKE = str.maketrans("OIL", "011")
SAID_BEFORE = frozenset(
    word.translate(_LOOK_ALIKE)
    for word in ("VIMMIG", "FOLIO", "NO", "N", "NRO", "NUM", "NUMERO", "NUMBER", "EL", "DE", "DEL")
)
"""Common beginnings, which tell nothing about the folio."""


def folio_in(typed: str) -> str:
    """Typed with a code, or alone; empty: none."""
    found = FOLIO.search(typed)
    return tidied(found.group()) if found else ""


def tidied(typed: str) -> str:
    """As printed, whatever spaces, capitals and dashes."""
    return re.sub(BETWEEN, "-", typed.strip().upper())


def is_same_folio(typed: str, folio: str) -> bool:
    """The whole folio or its end (`1705-2027-15`, `2027-15`, `15`), with or without leading zeros."""
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


LONGEST_NAME = 2 * NAME_LENGTH + 1
LONGEST_FOLIO, LONGEST_SHOWN = 60, 32
LONGEST_REASON = 240
NOT_IN_A_CODE = re.compile("[^0-9A-Za-z-]")


def _code(typed: str) -> str:
    """Reads a pasted address too. A malformed code is looked up like any other, and not found."""
    rest = FOLIO.sub(" ", typed)
    last = rest.partition("?")[0].partition("#")[0].strip().rstrip("/").rpartition("/")[2]
    code = read_certificate_code(last) or NOT_IN_A_CODE.sub("", last)[:LONGEST_SHOWN]
    if code:
        return code
    if rest != typed:
        raise wrong(N_("Eso es el folio. Escriba también el código, que está a su lado: 14 letras y números."))
    raise wrong(N_("Revise el código: tiene 14 letras y números, como 7K3M-Q9XB-FHJ4-T2."))


class CodeForm(Form):
    """`codigo`: on the back. `folio`: printed beside it, optional, compared."""

    codigo: Annotated[str, AfterValidator(_code)]
    folio: Annotated[str, printable(LONGEST_FOLIO), AfterValidator(tidied)] = ""


class NameForm(Form):
    name: Annotated[str, printable(LONGEST_NAME), AfterValidator(required)]


class IssueForm(Form):
    kind: CertificateKind


class RevokeForm(Form):
    """The public does not see the reason. `another`: issue a new paper in its place."""

    reason: Annotated[str, printable(LONGEST_REASON)] = ""
    another: bool = False


class RevokeManyForm(Form):
    diploma: list[UUID] = []
    reason: Annotated[str, printable(LONGEST_REASON)] = ""


class DecisionForm(Form):
    approve: bool
