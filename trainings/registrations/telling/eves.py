"""Notes of the evening before: until which day they are due, and each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import reads, transaction
from trainings.outbox.actions import enqueue
from trainings.outbox.models import OutboxJob

HOUR = time(16)
EARLIEST = 6
"""What was missed the evening before is made up for from this hour on."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is enqueued to one person about one thing of one day."""

    payload: dict[str, Any]
    hub_id: UUID


def due_until() -> datetime | None:
    """Up to when things begin whose note is due: those of tomorrow, before four in the afternoon only those of today
    that were missed; none at night.
    """
    now, today = clock.now(), clock.today()
    if clock.local(now).hour < EARLIEST:
        return None
    last = today + timedelta(days=1) if now >= clock.at(today, HOUR) else today
    return clock.midnight(last + timedelta(days=1))


async def write_missing(kind: str, wanted: Mapping[str, Note]) -> int:
    """Enqueue these notes, by what makes each one message, unless that was done; how many were written."""
    written = {dedup for (dedup,) in await reads(OutboxJob).filter(dedup__in=list(wanted)).values_list("dedup")}
    missing = [dedup for dedup in wanted if dedup not in written]
    if not missing:
        return 0
    async with transaction():
        for dedup in missing:
            await enqueue(kind, wanted[dedup].payload, dedup=dedup, hub_id=wanted[dedup].hub_id)
    return len(missing)
