"""Secret addresses of calendars."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.accounts.models import User


class CalendarLink(Record):
    """The secret address of a facilitator's calendar, shown once: only its SHA-256 is kept."""

    user: fields.ForeignKeyRelation[User] = reference("User", "calendar_links")
    user_id: UUID
    token_hash = fields.CharField(max_length=64, unique=True)
    revoked_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "calendar_link"
        indexes = (("user_id",),)
