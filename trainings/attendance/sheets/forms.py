"""Forms about printed lists: printing one, typing it in, correcting a row, where the signed paper is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from trainings.attendance.sheets.row_lists import LONGEST
from trainings.attendance.sheets.sheets import COLUMNS, MOST_BLANK
from trainings.people.forms import printable
from trainings.schedule.staff.forms import required
from trainings.web.days import HourHere
from trainings.web.forms import Form
from trainings.web.i18n import N_


def _known(codes: list[str]) -> list[str]:
    return [code for code in COLUMNS if code in codes]


Columns = Annotated[list[str], AfterValidator(_known)]


class PrintForm(Form):
    """A new sheet: how many blank rows, what is filled in by hand, and whether only those on no sheet yet."""

    MISSING: ClassVar[Mapping[str, str]] = {"n_blank": N_("Escriba cuántas filas vacías lleva la hoja.")}
    key: UUID
    n_blank: int = Field(ge=0, le=MOST_BLANK)
    columns: Columns = []
    who: Literal["all", "new"] = "all"


class ColumnsForm(Form):
    """What an operator has printed beside name and signature."""

    columns: Columns = []


class TypeInForm(Form):
    """Row numbers as somebody reads them off the signed list."""

    MISSING: ClassVar[Mapping[str, str]] = {"rows": N_("Escriba los números de fila, o «todas menos 4, 9».")}
    rows: str = Field(max_length=LONGEST)
    key: UUID


class KeyForm(Form):
    """A button that does the same however often it comes."""

    key: UUID


class UndoRowForm(KeyForm):
    """The mark that a row's button takes back."""

    event: UUID


class LeftForm(KeyForm):
    """When somebody went home, local time on the day of the session."""

    MISSING: ClassVar[Mapping[str, str]] = {"time": N_("Escriba a qué hora se fue.")}
    time: HourHere


class KeptForm(Form):
    """The place where the signed paper is."""

    MISSING: ClassVar[Mapping[str, str]] = {"where": N_("Escriba dónde queda guardada la hoja firmada.")}
    where: Annotated[str, printable(200), AfterValidator(required)]
