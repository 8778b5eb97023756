"""Marks as they come in: form fields without script, JSON with it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trainings.attendance.models import ScanHow, ScanKind
from trainings.attendance.scans import Scan
from trainings.people.forms import PersonForm
from trainings.registrations.forms import Agreed
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

MOST_EVENTS = 50
Milliseconds = Annotated[int, Field(ge=0, le=4_102_444_800_000)]
"""Unix time of a client's clock, up to the year 2100."""


class MarkForm(Form):
    """One mark without script: a typed code, or a tapped row. `id` comes with the page, so two clicks are one mark."""

    id: UUID
    code: str = Field(default="", max_length=300)
    registration: UUID | None = None
    kind: Literal["in", "out"] = "in"
    how: Literal["typed", "list"] = "typed"

    @model_validator(mode="after")
    def _has_one(self) -> MarkForm:
        if not self.code and self.registration is None:
            raise wrong(N_("Escriba el código del boleto."))
        return self

    @property
    def scan(self) -> Scan:
        return Scan(
            id=self.id,
            kind=ScanKind(self.kind),
            how=ScanHow(self.how),
            code=self.code or None,
            registration_id=self.registration,
        )


class UndoForm(Form):
    """Take back one event."""

    event: UUID


class CloseForm(Form):
    """When it really ended, asked where it is closed early."""

    ended: time | None = None


class WalkInForm(PersonForm):
    """Somebody at the door without a ticket; `consent_data` was read aloud and answered.

    `card` is the nameless card that the person brought, or was given here.
    """

    id: UUID
    card: UUID | None = None
    consent_data: Annotated[str, Agreed] = Field(default="", validate_default=True)


class EventBody(BaseModel):
    """One event as the scanner sends it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    kind: Literal["in", "out", "undo"]
    how: Literal["camera", "typed", "list"]
    at: Milliseconds
    code: Annotated[str | None, Field(max_length=300)] = None
    registration: UUID | None = None
    target: UUID | None = None
    seq: Annotated[int | None, Field(ge=0, le=2_000_000_000)] = None

    @property
    def scan(self) -> Scan:
        return Scan(
            id=self.id,
            kind=ScanKind(self.kind),
            how=ScanHow(self.how),
            at=moment(self.at),
            code=self.code,
            registration_id=self.registration,
            target_id=self.target,
            seq=self.seq,
        )


class BatchBody(BaseModel):
    """Up to fifty events, with the client's clock as it is now."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    events: Annotated[list[EventBody], Field(min_length=1, max_length=MOST_EVENTS)]
    client_now: Milliseconds


def moment(milliseconds: int) -> datetime:
    """The UTC moment of a client's clock."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
