"""Sign-ups: groups that are confirmed or wait whole, their members' registrations, and the links that open them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.people.models import Participant
    from trainings.schedule.models import Training


class RegistrationState(StrEnum):
    """`held` waits for staff (approval or review) and takes no place, `taken` counts confirmed and offered."""

    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    HELD = "held"
    CANCELLED = "cancelled"


TAKES_PLACE = frozenset({RegistrationState.CONFIRMED, RegistrationState.OFFERED})

MOVES: dict[RegistrationState, frozenset[RegistrationState]] = {
    RegistrationState.HELD: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.WAITLISTED, RegistrationState.CANCELLED}
    ),
    RegistrationState.WAITLISTED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.OFFERED, RegistrationState.CANCELLED}
    ),
    RegistrationState.OFFERED: frozenset({RegistrationState.CONFIRMED, RegistrationState.CANCELLED}),
    RegistrationState.CONFIRMED: frozenset({RegistrationState.CANCELLED}),
    RegistrationState.CANCELLED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.WAITLISTED, RegistrationState.HELD}
    ),
}
"""Permitted state moves; a cancelled registration may be taken up again by its own link."""


class Source(StrEnum):
    """How a registration came in."""

    WEB = "web"
    DESK = "desk"
    CALL = "call"
    WALK_IN = "walk_in"
    CARD = "card"
    IMPORT = "import"


class RegistrationGroup(Record):
    """People who signed up together for one training: they get all they ask for, or wait whole.

    `wait_number` orders the waiting list: given once, never reused, and kept when the group cancels. `idempotency_key`
    replays the same answer for an equal body (`body_hash`) within 24 hours.
    """

    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "trainings.Training", related_name="groups", on_delete=fields.RESTRICT
    )
    training_id: UUID
    state = fields.CharEnumField(RegistrationState, max_length=16)
    n_people = fields.IntField(default=1)
    childcare_places = fields.IntField(default=0)
    wait_number: int | None = fields.BigIntField(null=True)
    idempotency_key = fields.CharField(max_length=64, null=True, unique=True)
    body_hash = fields.CharField(max_length=64, default="")
    browser_key = fields.CharField(max_length=64, null=True)
    changed_at: datetime = UTCDatetimeField()

    class Meta:
        table = "registration_group"
        indexes = (("training_id", "state", "wait_number"), ("training_id", "browser_key"))


class Registration(Record):
    """One person's sign-up for one training, with the tokens of its ticket.

    `duplicate_of` marks a look-alike: it takes no place, and its card counts as the first one's at the door.
    `minutes_attended` and `completed_at` are written by attendance and read by certificates. `needs` holds the support
    asked for (codes, comma separated) and is deleted 7 days after.
    """

    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "trainings.Training", related_name="registrations", on_delete=fields.RESTRICT
    )
    training_id: UUID
    group: fields.ForeignKeyRelation[RegistrationGroup] = fields.ForeignKeyField(
        "trainings.RegistrationGroup", related_name="registrations", on_delete=fields.RESTRICT
    )
    group_id: UUID
    participant: fields.ForeignKeyRelation[Participant] = fields.ForeignKeyField(
        "trainings.Participant", related_name="registrations", on_delete=fields.RESTRICT
    )
    participant_id: UUID
    duplicate_of: fields.ForeignKeyNullableRelation[Registration] = fields.ForeignKeyField(
        "trainings.Registration", related_name="duplicates", null=True, on_delete=fields.RESTRICT
    )
    duplicate_of_id: UUID | None
    state = fields.CharEnumField(RegistrationState, max_length=16)
    source = fields.CharEnumField(Source, max_length=16)
    short_code = fields.CharField(max_length=9)
    qr_hash = fields.CharField(max_length=64, unique=True)
    qr_token: str | None = EncryptedTextField(null=True)
    needs: str | None = EncryptedTextField(null=True)
    confirmed_at: datetime | None = UTCDatetimeField(null=True)
    cancelled_at: datetime | None = UTCDatetimeField(null=True)
    minutes_attended = fields.IntField(default=0)
    completed_at: datetime | None = UTCDatetimeField(null=True)
    mark: int | None = fields.IntField(null=True)

    @property
    def holds_place(self) -> bool:
        """Whether it is one of the `taken`: walk-ins and look-alikes never are."""
        return self.state in TAKES_PLACE and self.duplicate_of_id is None and self.source is not Source.WALK_IN

    class Meta:
        table = "registration"
        unique_together = (("training", "short_code"),)
        indexes = (("group_id",), ("participant_id",))


class LinkScope(StrEnum):
    """A group link sees names and tickets, a person's also their own data and certificates."""

    GROUP = "group"
    PERSON = "person"


class OwnLink(Record):
    """The address `/i/{token}` that opens one's own registration.

    Sealed so that it can be sent again, rotated at the desk.
    """

    token_hash = fields.CharField(max_length=64, unique=True)
    token: str | None = EncryptedTextField(null=True)
    scope = fields.CharEnumField(LinkScope, max_length=8)
    group: fields.ForeignKeyRelation[RegistrationGroup] = fields.ForeignKeyField(
        "trainings.RegistrationGroup", related_name="links", on_delete=fields.RESTRICT
    )
    group_id: UUID
    registration: fields.ForeignKeyNullableRelation[Registration] = fields.ForeignKeyField(
        "trainings.Registration", related_name="links", null=True, on_delete=fields.RESTRICT
    )
    registration_id: UUID | None
    revoked_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "own_link"
        indexes = (("group_id",),)
