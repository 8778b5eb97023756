from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal
from uuid import UUID

from trainings.registrations.desk.exports import Asked, ExportFormat, ExportReason, NoReason
from trainings.web.days import Day
from trainings.web.forms import Form
from trainings.web.i18n import N_


class ExportForm(Form):
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
    MISSING: ClassVar[Mapping[str, str]] = {
        **ExportForm.MISSING,
        "hub": N_("Escoja la ventanilla."),
        "first": N_("Escriba la primera fecha."),
        "last": N_("Escriba la última fecha."),
    }

    hub: UUID
    first: Day
    last: Day
