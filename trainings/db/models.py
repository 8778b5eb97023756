from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from tortoise import Model, Tortoise, fields

from trainings import clock
from trainings.db import sql
from trainings.db.fields import UTCDatetimeField, open_sealed, sealed_columns
from trainings.lib.crypt import SealBroken
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


TRIED = 50


async def broken_seals() -> list[str]:
    """Sealed columns (`table.column`) that this process's keys do not open, tried on one row each of the first and of
    the last ones: a column that nobody fills in is not looked through from end to end.
    """
    broken = set()
    for model in Tortoise.apps["trainings"].values():
        table = model._meta.db_table
        for _attribute, column in sealed_columns(model):
            for end in ("", "DESC"):
                some = f'SELECT id, "{column}" AS sealed FROM "{table}" ORDER BY id {end} LIMIT {TRIED}'  # noqa: S608
                found = await sql.reads(f"SELECT * FROM ({some}) AS tried WHERE sealed IS NOT NULL LIMIT 1")  # noqa: S608
                if any(not _opens(model, column, row) for row in found):
                    broken.add(f"{table}.{column}")
    return sorted(broken)


def _opens(model: Any, column: str, row: dict[str, Any]) -> bool:
    try:
        open_sealed(model, column, UUID(str(row["id"])), row["sealed"])
    except SealBroken:
        return False
    return True
