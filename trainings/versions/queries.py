from __future__ import annotations

from datetime import UTC, datetime

from trainings.db import reads
from trainings.versions.models import Counter

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def filters_key(key: str) -> str:
    """The counter of filtered feeds: it moves where no text does."""
    return f"{key}/filtros"


async def current(*keys: str) -> tuple[int, datetime]:
    """The sum of the counters and the last change; (0, 1970) where nothing changed."""
    counters = await reads(Counter).filter(key__in=keys)
    return sum(one.number for one in counters), max((one.changed_at for one in counters), default=NEVER)
