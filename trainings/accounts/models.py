from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.places.models import Hub, Operator


class Role(StrEnum):
    FACILITATOR = "facilitator"
    ASSISTANT = "assistant"
    HUB_COORDINATOR = "hub_coordinator"
    MUNICIPAL_ADMIN = "municipal_admin"
    MONITORING_OFFICER = "monitoring_officer"
    PLATFORM_ADMIN = "platform_admin"


class User(Record):
    """A person of the staff. `email` is lower-case, `password_hash` is argon2id, or empty until the first sign-in.

    `wants_slash`: the key `/` leads to the search.
    """

    email = fields.CharField(max_length=254, unique=True)
    name = fields.CharField(max_length=160)
    office = fields.CharField(max_length=120, default="")
    password_hash = fields.CharField(max_length=160, default="")
    is_active = fields.BooleanField(default=True)
    is_demo = fields.BooleanField(default=False)
    wants_digest = fields.BooleanField(default=True, db_default=True)
    wants_slash = fields.BooleanField(default=False, db_default=False)

    grants: fields.ReverseRelation[RoleGrant]

    class Meta:
        table = "app_user"


class RoleGrant(Record):
    """One role of one person at a hub, at an operator, or (both empty) everywhere."""

    user: fields.ForeignKeyRelation[User] = reference("User", "grants")
    user_id: UUID
    role = fields.CharEnumField(Role, max_length=32)
    hub: fields.ForeignKeyNullableRelation[Hub] = reference("Hub", "grants", null=True)
    hub_id: UUID | None
    operator: fields.ForeignKeyNullableRelation[Operator] = reference("Operator", "grants", null=True)
    operator_id: UUID | None

    class Meta:
        table = "role_grant"


class StaffSession(Record):
    """A signed-in browser. The SHA-256 of its cookie is kept, `ended_at` ends it at once."""

    token_hash = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[User] = reference("User", "sessions")
    user_id: UUID
    seen_at: datetime = UTCDatetimeField()
    idle_minutes = fields.IntField()
    expires_at: datetime = UTCDatetimeField(db_index=True)
    ended_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "staff_session"


class SignInLink(Record):
    """A one-time link for a password. Its SHA-256 is kept."""

    token_hash = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[User] = reference("User", "sign_in_links")
    user_id: UUID
    expires_at: datetime = UTCDatetimeField()
    used_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "sign_in_link"


class KeptForm(Record):
    """A form posted in an expired session, sealed for an hour."""

    token_hash = fields.CharField(max_length=64, unique=True)
    path = fields.CharField(max_length=300)
    body_sealed = fields.TextField()
    expires_at: datetime = UTCDatetimeField(db_index=True)

    class Meta:
        table = "kept_form"
