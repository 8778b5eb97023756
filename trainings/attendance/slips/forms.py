from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from trainings.people.actions import GuardianContact
from trainings.people.consents import SPOKEN, TEXT_VERSION
from trainings.people.forms import NAME_LENGTH, PersonForm, Phone, printable
from trainings.people.models import AgeGroup, ConsentHow, ConsentPurpose, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Source
from trainings.registrations.signup.family_forms import ADULT, NO_AGE
from trainings.web.forms import Typed

VERSION = 1
ASKED = (
    "given_names",
    "surnames",
    "municipality",
    "community",
    "actor_type",
    "sex",
    "age_group",
    "phone",
    "guardian_name",
    "guardian_relation",
    "guardian_phone",
)
TICKED = {"consent": "consent_data", "guardian_consent": "guardian_consent", "assent": "assent"}
"""The phone's names of boxes, with the panel's."""
LAST = datetime(2100, 1, 1, tzinfo=UTC)


class SlipForm(PersonForm):
    """Boxes are `yes` or empty. The age must be answered: a child is easily overlooked. `18+` is no band."""

    MISSING: ClassVar[Mapping[str, str]] = {**PersonForm.MISSING, "age_group": NO_AGE}

    age_group: Annotated[AgeGroup | None, BeforeValidator(lambda age: None if age == ADULT else age)]
    guardian_name: Annotated[str, printable(2 * NAME_LENGTH + 1)] = ""
    guardian_relation: Relation | None = None
    guardian_phone: Phone = None
    guardian_consent: str = ""
    assent: str = ""
    consent_data: str = ""

    @property
    def has_agreed(self) -> bool:
        return self.consent_data == "yes"

    def wish(self, *, body_hash: str, idempotency_key: str | None = None) -> SignUp:
        """With consent as read aloud. A minor without a guardian's yes has no guardian."""
        is_minor = self.age_group is not None and self.age_group.is_minor
        person = self.model_copy(update={"phone": None, "email": None}) if is_minor else self
        return SignUp(
            (Member(person, has_assented=self.assent == "yes"),),
            frozenset({ConsentPurpose.DATA}),
            guardian=self._guardian if is_minor else None,
            source=Source.WALK_IN,
            consent_how=ConsentHow.READ_ALOUD,
            idempotency_key=idempotency_key,
            body_hash=body_hash,
        )

    @property
    def _guardian(self) -> GuardianContact | None:
        if self.guardian_consent != "yes" or not self.guardian_name or self.guardian_relation is None:
            return None
        return GuardianContact(self.guardian_name, self.guardian_relation, self.guardian_phone, None)


class UnreadableSlip(Exception):
    """Sealed for us, but no slip."""


@dataclass(frozen=True, slots=True)
class Slip:
    """`read_at`: when the notice was read, by the phone's clock."""

    typed: Typed
    read_at: datetime | None = None
    text_version: str = TEXT_VERSION


def read_slip(text: bytes) -> Slip:
    """Raises UnreadableSlip. The form checks the values."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise UnreadableSlip from broken
    if not isinstance(body, Mapping) or body.get("v") != VERSION:
        raise UnreadableSlip
    fields = {name: body[name] for name in ASKED if isinstance(body.get(name), str)}
    fields |= {ours: "yes" for theirs, ours in TICKED.items() if body.get(theirs) is True}
    version = body.get("text_version")
    return Slip(
        Typed.of(fields),
        _moment(body.get("consent_read_at")),
        version if isinstance(version, str) and version in SPOKEN else TEXT_VERSION,
    )


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value / 1000, UTC) if 0 <= value < LAST.timestamp() * 1000 else None
