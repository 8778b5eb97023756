from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from trainings.people.models import ActorType, ConsentHow
from trainings.places.data import by_code
from trainings.places.models import ANOTHER_PLACE
from trainings.registrations.imports.actions import AGREED, ForAll
from trainings.registrations.imports.columns import Field
from trainings.web.forms import Form, Typed, wrong
from trainings.web.i18n import N_

COLUMN = "column-"


def _way_of_a_list(how: ConsentHow) -> ConsentHow:
    if how not in AGREED:
        raise wrong(N_("Escoja una de las opciones."))
    return how


def _place(code: str) -> str:
    if code and code != ANOTHER_PLACE and code not in by_code():
        raise wrong(N_("Escoja su municipio de la lista."))
    return code


class ConfirmForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"how": N_("Diga cómo dieron su permiso las personas de la lista.")}

    how: Annotated[ConsentHow, AfterValidator(_way_of_a_list)]


class ColumnsForm(Form):
    """`m_means`: a sex, or `nd`: nobody knows. `sheet`: its place in the file."""

    municipality: Annotated[str, AfterValidator(_place)] = ""
    actor_type: ActorType | None = None
    m_means: Literal["mujer", "hombre", "nd"] | None = None
    sheet: int = 0

    @property
    def for_all(self) -> ForAll:
        means = "" if self.m_means == "nd" else self.m_means
        return ForAll(self.municipality, self.actor_type or "", means)


def chosen_columns(typed: Typed) -> dict[int, Field]:
    """By number of the column; unknown fields count as not used."""
    known = {field.value for field in Field}
    return {
        int(name.removeprefix(COLUMN)): Field(values[-1])
        for name, values in typed.fields.items()
        if values[-1] in known
        and (number := name.removeprefix(COLUMN)) != name
        and number.isdecimal()
        and len(number) < 3
    }
