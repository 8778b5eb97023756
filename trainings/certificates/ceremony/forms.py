from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from trainings.attendance.sheets.row_lists import LONGEST
from trainings.certificates.forms import LONGEST_NAME
from trainings.people.forms import printable
from trainings.web.forms import Form
from trainings.web.i18n import N_

LONGEST_PROOF = 20_000


class NameReadForm(Form):
    name: Annotated[str, printable(LONGEST_NAME)] = Field(min_length=1)


class ProofForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"lines": N_("Escriba qué filas están bien, o «17: María Elena Caal».")}
    lines: str = Field(max_length=LONGEST_PROOF)
    step: Literal["read", "save"] = "read"


class ScanForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"code": N_("Escanee o escriba el código.")}
    code: str = Field(max_length=400)


class RowsForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {
        "rows": N_("Escriba los números de fila, o «todas menos 4, 9»."),
        "sheet": N_("Escoja la hoja firmada."),
    }
    sheet: UUID
    rows: str = Field(max_length=LONGEST)


class TicksForm(Form):
    diploma: list[UUID] = []
