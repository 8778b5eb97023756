"""What became of sessions that people knew of: moved, elsewhere, cancelled, again, new; and what people last knew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import is_in_transaction, reads
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.schedule.models import ChangeKind, SessionChange, TrainingSession

SHOWN_FOR = timedelta(days=7)
"""How long public pages say that a session is another than it was."""


async def note_change(
    session_id: UUID, kind: ChangeKind, *, before: TrainingSession | None, actor: Actor, batch_id: UUID | None
) -> SessionChange:
    """Keep what a session was before, in the caller's transaction; `batch_id`: the messages that tell of it.

    `before` is the row as it was (none for a new session). Where an earlier change has not been told yet, what people
    last knew is what was before that one. Times are kept in UTC.
    """
    assert is_in_transaction(), "a change and what is said of it are written together"
    untold = await first_untold(session_id)
    known = (untold.old_starts_at, untold.old_ends_at, untold.old_venue_id) if untold is not None else None
    if known is None and before is not None:
        known = (before.starts_at, before.ends_at, before.venue_id)
    starts_at, ends_at, venue_id = known or (None, None, None)
    return await SessionChange.create(
        session_id=session_id,
        kind=kind,
        old_starts_at=starts_at,
        old_ends_at=ends_at,
        old_venue_id=venue_id,
        changed_by_id=actor.id,
        batch_id=batch_id,
    )


async def recent_changes(training_ids: Iterable[UUID]) -> dict[UUID, list[SessionChange]]:
    """What changed in these trainings in the last seven days, the newest first, with the place that was left.

    Where a training's place is protected, so is the one that it left: who shows these asks `place_shown` first.
    """
    ids = list(training_ids)
    found: dict[UUID, list[SessionChange]] = {}
    recent = reads(SessionChange).filter(session__training_id__in=ids, created_at__gt=clock.now() - SHOWN_FOR)
    for change in await recent.order_by("-created_at", "-id").select_related("session", "old_venue__municipality"):
        found.setdefault(change.session.training_id, []).append(change)
    return found


async def first_untold(session_id: UUID) -> SessionChange | None:
    """The earliest of the last changes that nobody has been told of: its messages wait, or were stopped in time."""
    earliest = None
    for change in await SessionChange.filter(session_id=session_id).order_by("-created_at", "-id"):
        if await _is_told(change):
            break
        earliest = change
    return earliest


async def _is_told(change: SessionChange) -> bool:
    """Whether a message about it has left; one to nobody counts as told after the ten minutes."""
    jobs = await OutboxJob.filter(batch_id=change.batch_id).values("attempts", "stopped_at") if change.batch_id else []
    if any(job["attempts"] for job in jobs):
        return True
    is_stopped = bool(jobs) and all(job["stopped_at"] for job in jobs)
    return not is_stopped and clock.now() >= change.created_at + STAFF_DELAY
