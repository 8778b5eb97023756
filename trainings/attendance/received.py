"""How much of what a phone numbered has come in. It numbers all that it keeps: marks, slips, heads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.attendance.marks import key_of
from trainings.attendance.models import Device
from trainings.db import sql

MARKS = """
SELECT phone_id AS device_id, count(DISTINCT seq) AS n, min(seq) AS first FROM scan_event
WHERE phone_id IN ?list AND seq IS NOT NULL GROUP BY phone_id
"""
SLIPS = "SELECT device_id, count(*) AS n FROM walk_in_slip WHERE device_id IN ?list GROUP BY device_id"
HEADS = """
SELECT d.device_id, count(*) AS n FROM device_activity AS d
JOIN head_count AS h ON h.activity_id = d.activity_id AND h.counted_by_id = d.device_id
WHERE d.device_id IN ?list GROUP BY d.device_id
"""


@dataclass(frozen=True, slots=True)
class Received:
    """Of one phone: how many numbered things came, and the first number of a mark; none where no mark came."""

    n: int
    first: int | None

    def n_missing(self, device: Device) -> int:
        """How many came neither here nor, as the phone last said, wait on it: what only the paper still tells.

        A phone that was prepared anew goes on counting, so what lies before its first mark here is not looked for.
        """
        if self.first is None:
            return 0
        return max(0, device.last_seq - self.first + 1 - self.n - device.n_unsent)


NOTHING = Received(0, None)


async def received_from(devices: Iterable[Device]) -> dict[UUID, Received]:
    """The same for these phones, each of them, in three statements."""
    keys = [device.id for device in devices]
    others = await _numbers(SLIPS, keys), await _numbers(HEADS, keys)
    found = dict.fromkeys(keys, NOTHING)
    for row in await sql.reads(MARKS, keys):
        key = key_of(row["device_id"])
        found[key] = Received(row["n"] + sum(numbers.get(key, 0) for numbers in others), row["first"])
    return found


async def _numbers(text: str, keys: Sequence[UUID]) -> dict[UUID, int]:
    return {key_of(row["device_id"]): row["n"] for row in await sql.reads(text, keys)}
