"""The small forms of the desk: one's own contact, an age, a permission taken back, an answer to a need, a new link."""

from __future__ import annotations

from uuid import UUID

from trainings.people.forms import Email, Phone
from trainings.people.models import AgeGroup, ConsentPurpose
from trainings.registrations.needs import NeedState
from trainings.web.forms import Form


class DetachForm(Form):
    """The contact of an adult who leaves the family's form; empty means none."""

    phone: Phone = None
    email: Email = None


class EmailForm(Form):
    """Where somebody is written to from now on; empty means nowhere."""

    address: Email = None


class PhoneForm(Form):
    """Where somebody is called from now on; empty means nowhere."""

    number: Phone = None


class AgeForm(Form):
    """Which age band somebody is in; empty means that they did not say."""

    age_group: AgeGroup | None = None


class WithdrawForm(Form):
    """Which permission is taken back."""

    purpose: ConsentPurpose


class AnswerForm(Form):
    """What came of one support need."""

    need: str
    state: NeedState


class RenewForm(Form):
    """Which link is replaced."""

    link: UUID
