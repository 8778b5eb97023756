from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from trainings.certificates.folios import FOLIO, tidied
from trainings.certificates.models import CertificateKind
from trainings.lib.tokens import read_certificate_code
from trainings.people.forms import NAME_LENGTH, printable
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

LONGEST_NAME = 2 * NAME_LENGTH + 1
"""Given names, a space, surnames: the longest on any paper."""
LONGEST_FOLIO, LONGEST_SHOWN = 60, 32
LONGEST_REASON = 240
NOT_IN_A_CODE = re.compile("[^0-9A-Za-z-]")


def _code(typed: str) -> str:
    """Also out of a pasted address, or beside its folio. A malformed code is looked up like any other, and not found;
    only characters that no code holds are dropped.
    """
    rest = FOLIO.sub(" ", typed)
    last = rest.partition("?")[0].partition("#")[0].strip().rstrip("/").rpartition("/")[2]
    code = read_certificate_code(last) or NOT_IN_A_CODE.sub("", last)[:LONGEST_SHOWN]
    if code:
        return code
    if rest != typed:
        raise wrong(N_("Eso es el folio. Escriba también el código, que está a su lado: 14 letras y números."))
    raise wrong(N_("Revise el código: tiene 14 letras y números, como 7K3M-Q9XB-FHJ4-T2."))


def _said(text: str) -> str:
    if not text:
        raise wrong(N_("Falta este dato."))
    return text


class CodeForm(Form):
    """`codigo`: the code on the back. `folio`: printed beside it, optional, compared."""

    codigo: Annotated[str, AfterValidator(_code)]
    folio: Annotated[str, printable(LONGEST_FOLIO), AfterValidator(tidied)] = ""


class NameForm(Form):
    name: Annotated[str, printable(LONGEST_NAME), AfterValidator(_said)]


class IssueForm(Form):
    kind: CertificateKind


class RevokeForm(Form):
    """The reason: staff see it, the public does not. `another`: issue one in its place."""

    reason: Annotated[str, printable(LONGEST_REASON)] = ""
    another: bool = False


class RevokeManyForm(Form):
    diploma: list[UUID] = []
    reason: Annotated[str, printable(LONGEST_REASON)] = ""


class DecisionForm(Form):
    approve: bool
