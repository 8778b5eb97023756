"""The stored texts of a feed's sessions within its window."""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

from tortoise.expressions import Q

from trainings import clock
from trainings.db import reads
from trainings.schedule.ics import CANCELLED_LINE
from trainings.schedule.models import SessionText

BACK = timedelta(days=90)
AHEAD = timedelta(days=548)
CANCELLED_KEPT = timedelta(days=60)


async def event_texts(scope_key: str, day: date) -> list[str]:
    """VEVENTs of the sessions ever published in this scope, by start: 90 days back, 18 months ahead.

    What was cancelled stays for 60 days after its start, so that every subscriber hears of it.
    """
    today = clock.midnight(day)
    is_told = Q(session__starts_at__gte=today - CANCELLED_KEPT) | ~Q(body__contains=CANCELLED_LINE)
    found = (
        reads(SessionText)
        .filter(is_told, session__feeds__scope=scope_key)
        .filter(session__starts_at__gte=today - BACK, session__starts_at__lt=today + AHEAD)
        .order_by("session__starts_at", "session_id")
    )
    return cast("list[str]", await found.values_list("body", flat=True))
