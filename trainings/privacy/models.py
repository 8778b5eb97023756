from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tortoise import fields

from trainings.db.fields import UTCDatetimeField
from trainings.db.models import Record


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
