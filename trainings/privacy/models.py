from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.registrations.models import Registration


class WhyStopped(StrEnum):
    """Far more rows than usual, or a clock far from the last look."""

    ROWS = "rows"
    CLOCK = "clock"


class SweepStop(Record):
    """Automatic deletion stands still from `created_at` until `agreed_at`. `n_rows`: rows that would have gone."""

    why = fields.CharEnumField(WhyStopped, max_length=16)
    n_rows = fields.IntField(default=0)
    agreed_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "sweep_stop"


class SweepRun(Record):
    """A sweep that deleted anything, and how many rows lost something."""

    n_rows = fields.IntField()

    class Meta:
        table = "sweep_run"


class SweepLook(Record):
    """The sweeps' last look with a plausible clock: one row, moved on by each look."""

    looked_at: datetime = UTCDatetimeField()

    class Meta:
        table = "sweep_look"


class ErasureRequest(Record):
    """A person wants to be erased, says an assistant, and a coordinator confirms it.

    Then it is a job of the outbox. `papers`: what goes of the certificates (`registrations.own.erasures.What`).
    """

    registration: fields.OneToOneRelation[Registration] = fields.OneToOneField(
        "trainings.Registration", related_name="erasure_request", on_delete=fields.RESTRICT
    )
    registration_id: UUID
    papers = fields.CharField(max_length=8)
    asked_by_id: UUID = fields.UUIDField()

    class Meta:
        table = "erasure_request"
