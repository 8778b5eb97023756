"""The durable outbox: messages and jobs, written in the transaction that causes them, claimed with a lease."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField
from trainings.db.models import Record


class OutboxJob(Record):
    """One thing to do at least once. `payload` holds ids only: never a link, a token, an address or a name.

    `dedup` makes enqueueing twice the same job one row. `batch` groups messages that staff caused and may stop within
    ten minutes. A job ends as done, failed (after the last try), or stopped.
    """

    kind = fields.CharField(max_length=48)
    payload: dict[str, Any] = fields.JSONField()
    dedup = fields.CharField(max_length=120, unique=True)
    hub_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    batch_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    run_at: datetime = UTCDatetimeField()
    attempts = fields.IntField(default=0)
    lease_until: datetime | None = UTCDatetimeField(null=True)
    done_at: datetime | None = UTCDatetimeField(null=True)
    failed_at: datetime | None = UTCDatetimeField(null=True)
    stopped_at: datetime | None = UTCDatetimeField(null=True)
    outcome = fields.CharField(max_length=32, default="")
    last_error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "outbox_job"
