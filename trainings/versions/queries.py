"""Asking whether something has changed."""

from __future__ import annotations

from datetime import UTC, datetime

from trainings.db import reads
from trainings.versions.models import Counter

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def filters_key(key: str) -> str:
    """The counter of what filters of this feed let through: it moves where no text does."""
    return f"{key}/filtros"


async def current(key: str) -> tuple[int, datetime]:
    """The number and the moment of the last change; (0, 1970) for what never changed."""
    counter = await reads(Counter).get_or_none(key=key)
    return (counter.number, counter.changed_at) if counter else (0, NEVER)
