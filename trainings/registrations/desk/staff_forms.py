from __future__ import annotations

from uuid import UUID

from trainings.people.forms import Email, Phone
from trainings.people.models import AgeGroup, ConsentPurpose
from trainings.registrations.needs import NeedState
from trainings.web.forms import Form


class DetachForm(Form):
    """Contact of the adult; empty means none."""

    phone: Phone = None
    email: Email = None


class EmailForm(Form):
    """Empty means none."""

    address: Email = None


class PhoneForm(Form):
    """Empty means none."""

    number: Phone = None


class AgeForm(Form):
    """Empty: not said."""

    age_group: AgeGroup | None = None


class WithdrawForm(Form):
    purpose: ConsentPurpose


class AnswerForm(Form):
    need: str
    state: NeedState


class RenewForm(Form):
    link: UUID
