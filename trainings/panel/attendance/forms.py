from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from trainings.attendance.events import EventKind, FormEvent
from trainings.attendance.models import ScanHow
from trainings.attendance.phones.shell import is_sample
from trainings.lib import tokens
from trainings.people.forms import PersonForm
from trainings.registrations.signup.forms import Agreed
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_


class MarkForm(Form):
    """A typed code or a tapped row, without script. `id` comes with the page: two clicks are one mark."""

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

    @field_validator("code")
    @classmethod
    def _is_of_a_ticket(cls, typed: str) -> str:
        code = (tokens.read_qr(typed) or tokens.read_short_code(typed)) if typed else ""
        # A card to practise with is no ticket: kept, it would wait for a decision.
        if code is None or is_sample(code):
            raise wrong(N_("Revise el código: tiene 9 letras y números, como K7Q2-9XMD-C."))
        return typed

    def event(self, session_id: UUID) -> FormEvent:
        return FormEvent(
            id=self.id,
            kind=EventKind(self.kind),
            how=ScanHow(self.how),
            session=session_id,
            code=self.code or None,
            registration=self.registration,
        )


class UndoForm(Form):
    id: UUID
    event: UUID


class CloseForm(Form):
    ended: time | None = None


class WalkInForm(PersonForm):
    """`consent_data` was read aloud and answered; `card`: a nameless card, brought or given here."""

    id: UUID
    card: UUID | None = None
    consent_data: Annotated[str, Agreed] = Field(default="", validate_default=True)
