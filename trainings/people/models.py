"""Beside these tables stands `name_word` (hub, word, participant), which `finding` writes and no model knows: people of
a hub by each word of their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.places.models import Municipality


class ActorType(StrEnum):
    COCODE = "cocode"
    COMUDE = "comude"
    ALCALDIA = "alcaldia"
    DOCENTE = "docente"
    SALUD = "salud"
    RELIGIOSO = "religioso"
    RADIO = "radio"
    JUVENTUD = "juventud"
    MUJERES = "mujeres"
    CONSEJERA = "consejera"
    MUNICIPAL = "municipal"
    INSTITUCION = "institucion"
    ORGANIZACION = "organizacion"
    FAMILIA = "familia"
    OTRO = "otro"


class Sex(StrEnum):
    MUJER = "mujer"
    HOMBRE = "hombre"
    UNDISCLOSED = "nd"


class AgeGroup(StrEnum):
    """There is no birth date."""

    A12_13 = "12-13"
    A14_17 = "14-17"
    A18_24 = "18-24"
    A25_34 = "25-34"
    A35_59 = "35-59"
    A60 = "60+"

    @property
    def is_minor(self) -> bool:
        return self in (AgeGroup.A12_13, AgeGroup.A14_17)


class Pueblo(StrEnum):
    MAYA = "maya"
    GARIFUNA = "garifuna"
    XINKA = "xinka"
    AFRO = "afro"
    LADINA = "ladina"
    EXTRANJERA = "extranjera"
    UNDISCLOSED = "nd"


NOBODY = "—"
"""Given name once permission or name is gone."""


class ConsentPurpose(StrEnum):
    DATA = "data"
    CONTACT = "contact"
    PHOTO = "photo"


class ConsentHow(StrEnum):
    FORM = "form"
    READ_ALOUD = "read_aloud"
    CALL = "call"
    MESSAGE = "message"
    PAPER = "paper"


class Relation(StrEnum):
    MADRE = "madre"
    PADRE = "padre"
    ABUELO = "abuelo"
    TIO = "tio"
    HERMANO = "hermano"
    TUTOR = "tutor"
    OTRO = "otro"


class MergeReason(StrEnum):
    SAID_SO = "said_so"
    SAME_CONTACT = "same_contact"
    SAME_DOCUMENT = "same_document"
    KNOWN_IN_PERSON = "known_in_person"
    TYPING_ERROR = "typing_error"


class Participant(Record):
    """A person as of one sign-up. No natural keys: staff merge duplicates (`merged_into`), both histories stay.

    `name_key` is the folded name, `phone_key`/`email_key` keyed hashes of the contacts: look-alikes are found without
    opening seals; `phone_tail` and `other_phone_tail` are of the last four digits. `sort_key`: as `name_key`, surnames
    first, the order of lists. A minor has no contact, only keys of the guardian's. An empty municipality means
    elsewhere or not said. `other_phone`: called where the first is not answered, never compared. `email_refused_at`: a
    mail server refused the address for good.
    """

    given_names = fields.CharField(max_length=120)
    surnames = fields.CharField(max_length=120)
    name_key = fields.CharField(max_length=260)
    sort_key = fields.CharField(max_length=260, default="", db_default="")
    search_text = fields.CharField(max_length=500)
    municipality: fields.ForeignKeyNullableRelation[Municipality] = reference("Municipality", "participants", null=True)
    municipality_id: str | None
    community = fields.CharField(max_length=120, default="")
    actor_type: ActorType | None = fields.CharEnumField(ActorType, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    organization = fields.CharField(max_length=160, default="")
    sex: Sex | None = fields.CharEnumField(Sex, max_length=8, null=True)  # type: ignore[assignment]  # the field type cannot say null
    age_group: AgeGroup | None = fields.CharEnumField(AgeGroup, max_length=8, null=True)  # type: ignore[assignment]  # the field type cannot say null
    public_official = fields.BooleanField(null=True)
    phone: str | None = EncryptedTextField(null=True)
    other_phone: str | None = EncryptedTextField(null=True)
    email: str | None = EncryptedTextField(null=True)
    phone_key = fields.CharField(max_length=64, null=True, db_index=True)
    phone_tail = fields.CharField(max_length=8, null=True)
    other_phone_tail = fields.CharField(max_length=8, null=True)
    email_key = fields.CharField(max_length=64, null=True, db_index=True)
    email_refused_at: datetime | None = UTCDatetimeField(null=True)
    language: str | None = EncryptedTextField(null=True)
    pueblo: str | None = EncryptedTextField(null=True)
    merged_into: fields.ForeignKeyNullableRelation[Participant] = reference("Participant", "merged", null=True)
    merged_into_id: UUID | None

    class Meta:
        table = "participant"

    @property
    def is_minor(self) -> bool:
        return self.age_group is not None and self.age_group.is_minor

    @property
    def full_name(self) -> str:
        return f"{self.given_names} {self.surnames}".strip()


TELLING_ANSWERS: Mapping[str, str | None] = {"community": "", "organization": "", "language": None, "pueblo": None}
"""Identifying answers, with their value once name or permission is gone."""


class Consent(Record):
    """One purpose that a person agreed to: which text, when, how, and (read aloud or by call) by whom."""

    participant: fields.ForeignKeyRelation[Participant] = reference("Participant", "consents")
    participant_id: UUID
    purpose = fields.CharEnumField(ConsentPurpose, max_length=16)
    text_version = fields.CharField(max_length=24)
    how = fields.CharEnumField(ConsentHow, max_length=16)
    recorded_by_id: UUID | None = fields.UUIDField(null=True)
    withdrawn_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "consent"
        indexes = (("participant_id",),)


class Guardian(Record):
    """The parent or guardian who permitted a minor's participation: who, how and when.

    The only contact kept for a minor (Decreto 27-2003: best interest of the child). `created_at`: time of permission;
    `text_version`: sentence agreed to.
    """

    participant: fields.ForeignKeyRelation[Participant] = reference("Participant", "guardians")
    participant_id: UUID
    name: str | None = EncryptedTextField(null=True)
    relation = fields.CharEnumField(Relation, max_length=16)
    phone: str | None = EncryptedTextField(null=True)
    email: str | None = EncryptedTextField(null=True)
    email_refused_at: datetime | None = UTCDatetimeField(null=True)
    text_version = fields.CharField(max_length=24)
    how = fields.CharEnumField(ConsentHow, max_length=16)
    recorded_by_id: UUID | None = fields.UUIDField(null=True)
    withdrawn_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "guardian"
        indexes = (("participant_id",),)


class Assent(Record):
    """A minor's own yes, beside the guardian's consent: how, when (`created_at`), and recorded by whom."""

    participant: fields.ForeignKeyRelation[Participant] = reference("Participant", "assents")
    participant_id: UUID
    text_version = fields.CharField(max_length=24)
    how = fields.CharEnumField(ConsentHow, max_length=16)
    recorded_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "assent"
        indexes = (("participant_id",),)


class Community(Record):
    """A village, hamlet or quarter whose name staff confirmed for suggestions. `key` is the folded name.

    `hidden_at`: staff decided not to suggest it (an address, a joke, another municipality's).
    """

    municipality: fields.ForeignKeyRelation[Municipality] = reference("Municipality", "communities")
    municipality_id: str
    name = fields.CharField(max_length=120)
    key = fields.CharField(max_length=160)
    confirmed_by_id: UUID | None = fields.UUIDField(null=True)
    hidden_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "community"
        unique_together = (("municipality", "key"),)


class Merge(Record):
    """Two participants held to be one person. Both histories stay, `undone_at` takes it back."""

    kept: fields.ForeignKeyRelation[Participant] = reference("Participant", "merges_kept")
    kept_id: UUID
    merged: fields.ForeignKeyRelation[Participant] = reference("Participant", "merges")
    merged_id: UUID
    reason = fields.CharEnumField(MergeReason, max_length=24)
    merged_by_id: UUID = fields.UUIDField()
    undone_at: datetime | None = UTCDatetimeField(null=True)
    undone_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "participant_merge"
