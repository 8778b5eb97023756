"""Telling readers that something has changed."""

from __future__ import annotations

from trainings import clock
from trainings.db import is_in_transaction, sql

BUMP = """
    INSERT INTO counter (key, number, changed_at) VALUES (?, 1, ?)
    ON CONFLICT (key) DO UPDATE SET number = counter.number + 1, changed_at = excluded.changed_at
"""


async def bump(*keys: str) -> None:
    """Move the numbers of `keys`, in the caller's transaction: readers see change and number together.

    Call it once, at the end of the action: the rows stay locked until the transaction ends, and two that take theirs
    in different calls could wait for each other in a ring. Within one call the order is fixed.
    """
    assert is_in_transaction(), "the number moves together with what it counts"
    moment = clock.now()
    await sql.execute_many(BUMP, [(key, moment) for key in sorted(set(keys))])
