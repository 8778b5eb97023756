"""The stored texts of a feed's sessions within its window."""

from __future__ import annotations

from datetime import date, timedelta

from trainings import clock
from trainings.db import reads
from trainings.schedule.models import SessionState, SessionText, TrainingState

BACK = timedelta(days=90)
AHEAD = timedelta(days=548)
CANCELLED_KEPT = timedelta(days=60)


async def event_texts(scope_key: str, day: date) -> list[str]:
    """VEVENTs of the sessions ever published in this scope, by start: 90 days back, 18 months ahead.

    What was cancelled stays for 60 days after its start, so that every subscriber hears of it.
    """
    today = clock.midnight(day)
    rows = (
        await reads(SessionText)
        .filter(
            session__feeds__scope=scope_key, session__starts_at__gte=today - BACK, session__starts_at__lt=today + AHEAD
        )
        .order_by("session__starts_at", "session_id")
        .values_list("body", "session__starts_at", "session__state", "session__training__state")
    )
    gone = today - CANCELLED_KEPT
    return [body for body, starts_at, *states in rows if starts_at >= gone or not _is_cancelled(*states)]


def _is_cancelled(session_state: SessionState, training_state: TrainingState) -> bool:
    return session_state == SessionState.CANCELLED or training_state != TrainingState.PUBLISHED
