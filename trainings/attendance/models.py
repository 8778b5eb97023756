"""Scan events as they were made (immutable), and attendance as their projection."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.registrations.models import Registration
    from trainings.schedule.models import TrainingSession


class ScanKind(StrEnum):
    IN = "in"
    OUT = "out"
    UNDO = "undo"
    WALK_IN = "walkin"


class ScanHow(StrEnum):
    CAMERA = "camera"
    TYPED = "typed"
    LIST = "list"
    WALK_IN = "walk_in"


class ScanFlag(StrEnum):
    """Why a stored scan is to be reviewed, the empty text means nothing is odd."""

    NONE = ""
    UNKNOWN_CODE = "unknown_code"
    OTHER_TRAINING = "other_training"
    WAITLISTED = "waitlisted"
    HELD = "held"
    CANCELLED = "cancelled"
    CLOCK = "clock"
    CHANGED_BODY = "changed_body"
    AFTER_CLOSE = "after_close"


class ScanEvent(Record):
    """One scan, typed code, tap or undo, under the id that the client made (`id`). Never changed, never refused.

    `at` is the client's clock corrected by its offset. `unknown_code` keeps a well-formed but unknown token, sealed,
    for later matching. `body_hash` tells a repeat from a changed body under the same id; `conflict_of_id` then names
    the first.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = fields.ForeignKeyField(
        "trainings.TrainingSession", related_name="scans", on_delete=fields.RESTRICT
    )
    session_id: UUID
    registration: fields.ForeignKeyNullableRelation[Registration] = fields.ForeignKeyField(
        "trainings.Registration", related_name="scans", null=True, on_delete=fields.RESTRICT
    )
    registration_id: UUID | None
    kind = fields.CharEnumField(ScanKind, max_length=8)
    target_id: UUID | None = fields.UUIDField(null=True)
    conflict_of_id: UUID | None = fields.UUIDField(null=True)
    how = fields.CharEnumField(ScanHow, max_length=8)
    at: datetime = UTCDatetimeField()
    device_at: datetime = UTCDatetimeField()
    device = fields.CharField(max_length=64, default="")
    seq: int | None = fields.IntField(null=True)
    user_id: UUID | None = fields.UUIDField(null=True)
    unknown_code: str | None = EncryptedTextField(null=True)
    body_hash = fields.CharField(max_length=64)
    flag = fields.CharEnumField(ScanFlag, max_length=16, default=ScanFlag.NONE)
    reviewed_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "scan_event"
        indexes = (("session_id", "registration_id"), ("target_id",))


class Attendance(Record):
    """Whether and how long one person was at one session: recomputed from the scans, never typed over them.

    Times are UTC, `minutes` whole minutes, counted once the session is closed or over. One per session and person.
    """

    session: fields.ForeignKeyRelation[TrainingSession] = fields.ForeignKeyField(
        "trainings.TrainingSession", related_name="attendances", on_delete=fields.RESTRICT
    )
    session_id: UUID
    registration: fields.ForeignKeyRelation[Registration] = fields.ForeignKeyField(
        "trainings.Registration", related_name="attendances", on_delete=fields.RESTRICT
    )
    registration_id: UUID
    is_present = fields.BooleanField()
    arrived_at: datetime | None = UTCDatetimeField(null=True)
    left_at: datetime | None = UTCDatetimeField(null=True)
    minutes = fields.IntField(default=0)
    to_review = fields.BooleanField(default=False)

    class Meta:
        table = "attendance"
        unique_together = (("session", "registration"),)
