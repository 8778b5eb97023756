from __future__ import annotations

from tortoise.connection import get_connection

from trainings import clock
from trainings.db import is_in_transaction, sql

BUMP = """
    INSERT INTO counter (key, number, changed_at) VALUES (?, 1, ?)
    ON CONFLICT (key) DO UPDATE SET number = counter.number + 1, changed_at = {later}
"""
LATER = {
    "postgres": "GREATEST(excluded.changed_at, counter.changed_at + INTERVAL '1 second')",
    "sqlite": "max(excluded.changed_at, strftime('%Y-%m-%d %H:%M:%S+00:00', counter.changed_at, '+1 second'))",
}
STATEMENTS = {dialect: BUMP.format(later=later) for dialect, later in LATER.items()}

_moved_at: dict[str, float] = {}


async def bump(*keys: str) -> None:
    """In the caller's transaction: readers see change and number together. Moments are whole seconds that strictly
    grow: a client that compares dates must not take two states for one. Call it once, at the end of an action: rows
    stay locked, and two actions that call it twice could deadlock. Within one call the order is fixed.
    """
    assert is_in_transaction(), "the number moves together with what it counts"
    moment = clock.now().replace(microsecond=0)
    dialect = get_connection("default").capabilities.dialect
    await sql.execute_many(STATEMENTS[dialect], [(key, moment) for key in sorted(set(keys))])
    _moved_at.update(dict.fromkeys(keys, clock.ticks()))


def moved_at(key: str) -> float:
    """In this process (`clock.ticks`); the transaction may be open or have failed."""
    return _moved_at.get(key, float("-inf"))
