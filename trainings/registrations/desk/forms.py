from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import urlencode
from uuid import UUID

from trainings.people.forms import Email, Language, MunicipalityCode, Phone, Text120, Text160
from trainings.people.models import ActorType, AgeGroup, ConsentHow, ConsentPurpose, Sex
from trainings.registrations.desk.exports import Asked, ExportFormat, ExportReason, NoReason
from trainings.registrations.models import NeedState, Source
from trainings.registrations.signup.forms import Needs
from trainings.web.forms import Day, Form
from trainings.web.i18n import N_


class DetachForm(Form):
    """Contact of the adult; empty means none."""

    phone: Phone = None
    email: Email = None


class CorrectionForm(Form):
    """All that the form asked but the name (`RenameForm`) and the pueblo, which is for the person's own eyes.

    Empty means none; no municipality and no `actor_type`: as they were.
    """

    number: Phone = None
    address: Email = None
    age_group: AgeGroup | None = None
    municipality: MunicipalityCode | None = None
    community: Text120 = ""
    actor_type: ActorType | None = None
    organization: Text160 = ""
    sex: Sex | None = None
    language: Language = None
    public_official: bool | None = None
    needs: Needs = []


class WithdrawForm(Form):
    purpose: ConsentPurpose


class AnswerForm(Form):
    need: str
    state: NeedState


class RenewForm(Form):
    link: UUID


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


AGREED_HOW: Mapping[Source, ConsentHow] = {
    Source.DESK: ConsentHow.READ_ALOUD,
    Source.CALL: ConsentHow.CALL,
    Source.WHATSAPP: ConsentHow.MESSAGE,
}


@dataclass(frozen=True, slots=True)
class Carried:
    """Answers for the next person; nothing tells who the last person was."""

    source: Source = Source.DESK
    actor_type: str = ""
    municipality: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Carried:
        """Unknown values are left out."""
        source, actor_type, municipality = (asked.get(name, "") for name in ("source", "actor_type", "municipality"))
        return cls(
            Source(source) if source in set(AGREED_HOW) else Source.DESK,
            actor_type if actor_type in set(ActorType) else "",
            municipality if len(municipality) == 4 and municipality.isascii() and municipality.isdigit() else "",
        )

    @property
    def told(self) -> dict[str, str]:
        told = {"source": self.source.value, "actor_type": self.actor_type, "municipality": self.municipality}
        return {name: value for name, value in told.items() if value and value != Source.DESK.value}

    def form_of(self, training_id: UUID) -> str:
        query = f"?{urlencode(self.told)}" if self.told else ""
        return f"/panel/capacitaciones/{training_id}/inscribir{query}"
