"""The durable outbox: messages and jobs, written in the transaction that causes them, claimed with a lease."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField
from trainings.db.models import Record


class Outcome(StrEnum):
    """How a job ended. `kept`: no mail server is set, the message is shown in the panel. `overtaken`: what it says no
    longer holds. `nobody`: no address is left. `done`: the job was no message. `refused` by the mail server for good;
    `gave_up` after the last try.
    """

    SENT = "sent"
    KEPT = "kept"
    OVERTAKEN = "overtaken"
    NOBODY = "nobody"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"
    GAVE_UP = "gave_up"


class OutboxJob(Record):
    """One thing to do at least once. `payload` holds ids only: never a link, a token, an address or a name.

    `dedup` makes enqueueing twice the same job one row. `subject_id` is the registration that the message is about,
    `lang` the language of whoever caused it. `batch` groups messages that staff caused and may stop within ten minutes.
    `attempts` counts claims, so that a worker whose lease ran out cannot overwrite the next one; `tries` the failures
    after which a job is given up. A job ends as done, failed (after the last try), or stopped.
    """

    kind = fields.CharField(max_length=48)
    payload: dict[str, Any] = fields.JSONField()
    dedup = fields.CharField(max_length=120, unique=True)
    subject_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    hub_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    batch_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    lang = fields.CharField(max_length=8, default="")
    run_at: datetime = UTCDatetimeField()
    attempts = fields.IntField(default=0)
    tries = fields.IntField(default=0)
    lease_until: datetime | None = UTCDatetimeField(null=True)
    done_at: datetime | None = UTCDatetimeField(null=True)
    failed_at: datetime | None = UTCDatetimeField(null=True)
    stopped_at: datetime | None = UTCDatetimeField(null=True)
    outcome = fields.CharField(max_length=32, default="")
    last_error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "outbox_job"
