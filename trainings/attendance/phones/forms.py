from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from trainings.attendance.events import Noted
from trainings.attendance.phones.devices import NAME_LENGTH
from trainings.people.forms import printable, required
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

PhoneName = Annotated[str, printable(NAME_LENGTH), AfterValidator(required)]


class ThisPhoneForm(Form):
    name: Annotated[str, printable(NAME_LENGTH)] = ""
    sesion: UUID | None = None
    key: UUID | None = None


class RenameForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"name": N_("Escriba cómo se llama el teléfono.")}
    name: PhoneName


class AnotherPhoneForm(RenameForm):
    para: list[UUID] = []
    sesion: UUID | None = None
    key: UUID | None = None

    @field_validator("para")
    @classmethod
    def something(cls, chosen: list[UUID]) -> list[UUID]:
        if not chosen:
            raise wrong(N_("Marque al menos una sesión o actividad."))
        return chosen


class ClaimBody(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    code: Annotated[str, Field(max_length=100)]
    key: UUID | None = None
    """The phone's own, the same on each try."""


class ReadyBody(BaseModel):
    model_config = ConfigDict(extra="ignore")
    version: Noted
    sessions: Annotated[dict[UUID, Annotated[str, Field(max_length=64)]], Field(max_length=500)]
