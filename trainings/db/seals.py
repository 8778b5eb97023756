from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import Tortoise

from trainings.db import sql
from trainings.db.fields import open_sealed, sealed_columns
from trainings.lib.crypt import SealBroken


async def broken_seals() -> list[str]:
    """Sealed columns (`table.column`) that this process's keys do not open, tried on one row each."""
    broken = []
    for model in Tortoise.apps["trainings"].values():
        table = model._meta.db_table
        for _attribute, column in sealed_columns(model):
            found = await sql.reads(
                f'SELECT id, "{column}" AS sealed FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 1'  # noqa: S608
            )
            if any(not _opens(model, column, row) for row in found):
                broken.append(f"{table}.{column}")
    return sorted(broken)


def _opens(model: Any, column: str, row: dict[str, Any]) -> bool:
    try:
        open_sealed(model, column, UUID(str(row["id"])), row["sealed"])
    except SealBroken:
        return False
    return True
