from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from trainings.attendance.sheets.row_lists import LONGEST
from trainings.attendance.sheets.sheets import COLUMNS, MOST_BLANK
from trainings.people.forms import printable, required
from trainings.web.forms import Form, HourHere
from trainings.web.i18n import N_


def _known(codes: list[str]) -> list[str]:
    return [code for code in COLUMNS if code in codes]


Columns = Annotated[list[str], AfterValidator(_known)]


class PrintForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"n_blank": N_("Escriba cuántas filas vacías lleva la hoja.")}
    key: UUID
    n_blank: int = Field(ge=0, le=MOST_BLANK)
    columns: Columns = []
    who: Literal["all", "new"] = "all"


class ColumnsForm(Form):
    columns: Columns = []


class TypeInForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"rows": N_("Escriba los números de fila, o «todas menos 4, 9».")}
    rows: str = Field(max_length=LONGEST)
    key: UUID


class KeyForm(Form):
    key: UUID


class UndoRowForm(KeyForm):
    event: UUID


class LeftForm(KeyForm):
    """When the person left, local time on the session's day."""

    MISSING: ClassVar[Mapping[str, str]] = {"time": N_("Escriba a qué hora se fue.")}
    time: HourHere


class KeptForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"where": N_("Escriba dónde queda guardada la hoja firmada.")}
    where: Annotated[str, printable(200), AfterValidator(required)]
