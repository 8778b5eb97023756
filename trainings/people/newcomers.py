"""The only writer of new people and their consents, many in one go."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings.db import sealer
from trainings.db.sql import Insert, Statement
from trainings.people.actions import GuardianContact, Sameness, searchable, sort_key
from trainings.people.finding import phone_tail
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Guardian, Participant

Values = tuple[Any, ...]

PARTICIPANT = Insert(
    "participant",
    "id uuid, created_at timestamptz, given_names text, surnames text, name_key text, sort_key text, "
    "search_text text, municipality_id text, community text, actor_type text, organization text, sex text, "
    "age_group text, public_official bool, phone text, other_phone text, email text, phone_key text, phone_tail text, "
    "other_phone_tail text, email_key text, language text, pueblo text",
)
CONSENT = Insert(
    "consent",
    "id uuid, created_at timestamptz, participant_id uuid, purpose text, text_version text, how text, "
    "recorded_by_id uuid",
)
GUARDIAN = Insert(
    "guardian",
    "id uuid, created_at timestamptz, participant_id uuid, name text, relation text, phone text, email text, "
    "text_version text, how text, recorded_by_id uuid",
)
ASSENT = Insert(
    "assent",
    "id uuid, created_at timestamptz, participant_id uuid, text_version text, how text, recorded_by_id uuid",
)
SEALED_PHONE, SEALED_EMAIL = sealer(Participant, "phone"), sealer(Participant, "email")
SEALED_OTHER_PHONE = sealer(Participant, "other_phone")
SEALED_LANGUAGE, SEALED_PUEBLO = sealer(Participant, "language"), sealer(Participant, "pueblo")
SEALED_GUARDIAN = tuple(sealer(Guardian, attribute) for attribute in ("name", "phone", "email"))


class Agreed(NamedTuple):
    at: datetime | str
    by: UUID | None
    how: str
    version: str


@dataclass(slots=True)
class NewPeople:
    """Keys are drawn in the order of people."""

    keys: Iterator[str]
    people: list[Values] = field(default_factory=list)
    consents: list[Values] = field(default_factory=list)
    guardians: list[Values] = field(default_factory=list)
    assents: list[Values] = field(default_factory=list)

    def statements(self) -> list[Statement]:
        """Each table after the tables it refers to."""
        return [
            Statement(PARTICIPANT, self.people),
            Statement(CONSENT, self.consents),
            Statement(GUARDIAN, self.guardians),
            Statement(ASSENT, self.assents),
        ]

    def add(
        self, person: PersonForm, keys: Sameness, contact: tuple[str | None, str | None, str | None], at: datetime | str
    ) -> str:
        """Returns the key. `contact`: telephone, another one and e-mail, none for a minor."""
        key, (phone, other_phone, email) = next(self.keys), contact
        self.people.append(
            (
                key,
                at,
                person.given_names,
                person.surnames,
                keys.name_key,
                sort_key(person.given_names, person.surnames),
                searchable(person.given_names, person.surnames, person.community),
                keys.municipality,
                person.community,
                str(person.actor_type) if person.actor_type else None,
                person.organization,
                str(person.sex) if person.sex else None,
                str(person.age_group) if person.age_group else None,
                person.public_official,
                SEALED_PHONE(key, phone),
                SEALED_OTHER_PHONE(key, other_phone),
                SEALED_EMAIL(key, email),
                keys.phone_key,
                keys.phone_tail,
                phone_tail(other_phone),
                keys.email_key,
                SEALED_LANGUAGE(key, person.language),
                SEALED_PUEBLO(key, str(person.pueblo) if person.pueblo else None),
            )
        )
        return key

    def consent(self, person_id: str, purposes: AbstractSet[ConsentPurpose], agreed: Agreed) -> None:
        at, by, how, version = agreed
        self.consents += [
            (next(self.keys), at, person_id, str(purpose), version, how, by) for purpose in sorted(purposes)
        ]

    def assent(self, person_id: str, guardian: GuardianContact, agreed: Agreed) -> None:
        """With the guardian's consent, asked each time. Never photographs."""
        (at, by, how, version), key, (name, phone, email) = agreed, next(self.keys), SEALED_GUARDIAN
        sealed = (phone(key, guardian.phone), email(key, guardian.email))
        self.guardians.append(
            (key, at, person_id, name(key, guardian.name), str(guardian.relation), *sealed, version, how, by)
        )
        self.assents.append((next(self.keys), at, person_id, version, how, by))
