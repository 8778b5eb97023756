"""Work on many trainings, each in its own transaction: a failure must not hold up the others."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

logger = logging.getLogger("trainings.registrations")


async def for_each(training_ids: Iterable[UUID], act: Callable[[UUID], Awaitable[int]], *, trouble: str) -> int:
    """Returns the sum of results. A failure is logged as `trouble` of that training."""
    n_done = 0
    for training_id in training_ids:
        try:
            n_done += await act(training_id)
        except Exception:  # whatever it was, the next round tries again
            logger.exception("%s: training %s", trouble, training_id)
    return n_done
