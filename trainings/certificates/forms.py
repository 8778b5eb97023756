"""The forms about certificates: a code to check, a name to compare, a kind to issue, a reason, a signature."""

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
"""Names, a space, surnames: as long as any paper has them."""
LONGEST_FOLIO, LONGEST_SHOWN = 60, 32
LONGEST_REASON = 240
NOT_IN_A_CODE = re.compile("[^0-9A-Za-z-]")


def _code(typed: str) -> str:
    """The code, also out of a pasted address, or beside its folio. What cannot be one is looked up like all others, and
    is not found: as it was typed, but for what can stand in no code.
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
    """`codigo`: the code printed on the back. `folio`: what stands beside it, to be compared; optional."""

    codigo: Annotated[str, AfterValidator(_code)]
    folio: Annotated[str, printable(LONGEST_FOLIO), AfterValidator(tidied)] = ""


class NameForm(Form):
    """A name to compare with the printed one."""

    name: Annotated[str, printable(LONGEST_NAME), AfterValidator(_said)]


class IssueForm(Form):
    kind: CertificateKind


class RevokeForm(Form):
    """Why a certificate is annulled; staff see it, the public does not. `another`: issue one in its place."""

    reason: Annotated[str, printable(LONGEST_REASON)] = ""
    another: bool = False


class RevokeManyForm(Form):
    """Several at once, for one reason."""

    diploma: list[UUID] = []
    reason: Annotated[str, printable(LONGEST_REASON)] = ""


class DecisionForm(Form):
    """A second person's answer."""

    approve: bool
