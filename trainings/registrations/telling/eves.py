"""Notes of the evening before: when they are due, and each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import HUB_STAFF
from trainings.db import reads, transaction
from trainings.outbox.actions import enqueue
from trainings.outbox.models import OutboxJob
from trainings.schedule.dated import Span

HOUR = time(16)
EARLIEST = 6
"""Hour from which notes missed the evening before are sent."""


@dataclass(frozen=True, slots=True)
class Note:
    """To one person about one thing of one day."""

    payload: dict[str, Any]
    hub_id: UUID


class Coming(Span, Protocol):
    @property
    def id(self) -> UUID: ...


def due_until() -> datetime | None:
    """Notes are due about what begins before this: tomorrow's, before 16:00 only today's. None: by night."""
    now, today = clock.now(), clock.today()
    if clock.local(now).hour < EARLIEST:
        return None
    last = today + timedelta(days=1) if now >= clock.at(today, HOUR) else today
    return clock.midnight(last + timedelta(days=1))


def note_about(kind: str, key: str, thing: Coming, user_id: UUID, hub_id: UUID) -> tuple[str, Note]:
    """`key`: name of the thing in the payload. Returned with a key that makes one message of each thing, person and
    day.
    """
    on = clock.local(thing.starts_at).date().isoformat()
    payload = {"user_id": str(user_id), key: str(thing.id), "on": on}
    return f"{kind}:{thing.id}:{user_id}:{on}", Note(payload, hub_id)


async def reader_of(job: OutboxJob) -> User | None:
    """None: no role at a hub any more, or wants no such notes."""
    working = reads(User).filter(id=UUID(job.payload["user_id"]), is_active=True, grants__role__in=list(HUB_STAFF))
    return await working.filter(wants_digest=True).first()


def still_comes(job: OutboxJob, thing: Span) -> bool:
    """It is still on the day of the note, and has not begun."""
    is_same_day = clock.local(thing.starts_at).date() == date.fromisoformat(job.payload["on"])
    return is_same_day and thing.starts_at > clock.now()


async def write_missing(kind: str, wanted: Mapping[str, Note]) -> int:
    """Enqueue the notes that their keys do not show as written; returns how many."""
    written = {dedup for (dedup,) in await reads(OutboxJob).filter(dedup__in=list(wanted)).values_list("dedup")}
    missing = [dedup for dedup in wanted if dedup not in written]
    if not missing:
        return 0
    async with transaction():
        for dedup in missing:
            await enqueue(kind, wanted[dedup].payload, dedup=dedup, hub_id=wanted[dedup].hub_id)
    return len(missing)
