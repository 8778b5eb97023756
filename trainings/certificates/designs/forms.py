from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from trainings.certificates.designs.brand import LONGEST_LINE, MOST_LINES
from trainings.certificates.designs.signatories import OFFICES, TRAINER, SignatoryPlan, read_office
from trainings.certificates.models import ImageRole
from trainings.lib.text import TextTooLong, UnreadableText, clean_multiline
from trainings.people.forms import printable
from trainings.web.days import Day
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

LONGEST_SIGNATORY = 160
LONGEST_OFFICE = 120
LONGEST_ALT = 120
LONGEST_TYPED = 4000
LONGEST_LETTERHEAD = MOST_LINES * (LONGEST_LINE + 2)
OWN_WORDS = "other"


def _said(text: str) -> str:
    if not text:
        raise wrong(N_("Falta este dato."))
    return text


def _offered(value: str) -> str:
    if value not in (TRAINER, OWN_WORDS) and read_office(value) is None:
        raise wrong(N_("Escoja una de las opciones."))
    return value


class TermForm(Form):
    """First and last day of signing; empty: no limit."""

    valid_from: Day | None = None
    valid_until: Day | None = None


class SureForm(Form):
    seguro: bool = False


class SignatoryForm(TermForm):
    """`office`: a usual one, or the words of `own_office`."""

    operator: UUID
    office: Annotated[str, AfterValidator(_offered)]
    name: Annotated[str, printable(LONGEST_SIGNATORY)] = ""
    own_office: Annotated[str, printable(LONGEST_OFFICE)] = ""

    @property
    def missing(self) -> str:
        """The empty field that this choice needs; empty: none."""
        if self.office != TRAINER and not self.name:
            return "name"
        return "own_office" if self.office == OWN_WORDS and not self.own_office else ""

    def plan(self) -> SignatoryPlan:
        code, is_feminine = read_office(self.office) or ("", None)
        if code:
            office = OFFICES[code].spanish(is_feminine=bool(is_feminine))
        elif self.office == TRAINER:
            code, office = TRAINER, ""
        else:
            office = self.own_office
        return SignatoryPlan(
            name="" if code == TRAINER else self.name,
            office=office,
            office_code=code,
            is_feminine=is_feminine,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


def _readable(text: str) -> str:
    try:
        return clean_multiline(text, LONGEST_TYPED)
    except (UnreadableText, TextTooLong) as exc:
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez.")) from exc


class LetterheadForm(Form):
    letterhead: Annotated[str, AfterValidator(_readable)] = ""


class PictureForm(Form):
    role: ImageRole
    name: Annotated[str, printable(LONGEST_ALT), AfterValidator(_said)]


class PaperForm(Form):
    design: str
    language: str
