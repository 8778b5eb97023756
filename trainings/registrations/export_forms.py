"""The forms that ask for registrations as a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator

from trainings.registrations.exports import Asked, ExportFormat, ExportReason, NoReason
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_


def _day_of_ours(day: date) -> date:
    if not 2000 <= day.year <= 2100:
        raise wrong(N_("Revise el año."))
    return day


Day = Annotated[date, AfterValidator(_day_of_ours)]


class ExportForm(Form):
    """With names or without, and what for."""

    MISSING: ClassVar[Mapping[str, str]] = {
        "names": N_("Diga si el archivo lleva nombres."),
        "format": N_("Escoja el tipo de archivo."),
    }

    names: Literal["no", "yes"]
    reason: ExportReason | None = None
    format: ExportFormat

    @property
    def asked(self) -> Asked:
        """Refuses names without a reason."""
        if self.names == "yes" and self.reason is None:
            raise NoReason(field="reason")
        return Asked(self.format, self.reason if self.names == "yes" else None)


class HubExportForm(ExportForm):
    """Of all trainings of a hub that have a session in a period."""

    MISSING: ClassVar[Mapping[str, str]] = {
        **ExportForm.MISSING,
        "hub": N_("Escoja la ventanilla."),
        "first": N_("Escriba la primera fecha."),
        "last": N_("Escriba la última fecha."),
    }

    hub: UUID
    first: Day
    last: Day
