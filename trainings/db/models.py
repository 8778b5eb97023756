from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from tortoise import Model, fields

from trainings import clock
from trainings.db.fields import UTCDatetimeField, open_sealed, sealed_columns
from trainings.lib.tokens import uuid7


class Record(Model):
    """Base of the models. The key, in order of time, exists before the row: seals and outbox lines name it."""

    id: UUID = fields.UUIDField(primary_key=True, default=uuid7)
    created_at: datetime = UTCDatetimeField(default=clock.now)

    class Meta:
        abstract = True

    @classmethod
    def _init_from_db(cls, **row: Any) -> Self:
        record = super()._init_from_db(**row)
        for attribute, column in sealed_columns(cls):
            stored = row.get(column)
            if stored is not None:
                assert "id" in row, f"select the id together with {attribute}, which is sealed to it"
                object.__setattr__(record, attribute, open_sealed(cls, column, record.id, stored))
        return record
