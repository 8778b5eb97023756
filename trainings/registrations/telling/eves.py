"""Notes of the evening before: until which day they are due, and each written once."""

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
"""What was missed the evening before is made up for from this hour on."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is enqueued to one person about one thing of one day."""

    payload: dict[str, Any]
    hub_id: UUID


class Coming(Span, Protocol):
    """A session or activity."""

    @property
    def id(self) -> UUID: ...


def due_until() -> datetime | None:
    """Up to when things begin whose note is due: those of tomorrow, before four in the afternoon only those of today
    that were missed; none at night.
    """
    now, today = clock.now(), clock.today()
    if clock.local(now).hour < EARLIEST:
        return None
    last = today + timedelta(days=1) if now >= clock.at(today, HOUR) else today
    return clock.midnight(last + timedelta(days=1))


def note_about(kind: str, key: str, thing: Coming, user_id: UUID, hub_id: UUID) -> tuple[str, Note]:
    """The note to somebody about a session or activity (`key`: what it is called in the payload), behind what makes it
    one message: once for each thing, person and day.
    """
    on = clock.local(thing.starts_at).date().isoformat()
    payload = {"user_id": str(user_id), key: str(thing.id), "on": on}
    return f"{kind}:{thing.id}:{user_id}:{on}", Note(payload, hub_id)


async def reader_of(job: OutboxJob) -> User | None:
    """Who still has a role at a hub, and wants these notes."""
    working = reads(User).filter(id=UUID(job.payload["user_id"]), is_active=True, grants__role__in=list(HUB_STAFF))
    return await working.filter(wants_digest=True).first()


def still_comes(job: OutboxJob, thing: Span) -> bool:
    """Whether it is on the day of the note as before, and has not begun."""
    is_same_day = clock.local(thing.starts_at).date() == date.fromisoformat(job.payload["on"])
    return is_same_day and thing.starts_at > clock.now()


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
