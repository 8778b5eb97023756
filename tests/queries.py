"""Questions to the database: counting them, so that a list of many asks no more than one of one; waiting for locks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tests.counting import refuse_useless
from trainings.db import sql

SOMEBODY_WAITS = """
    SELECT 1 AS one FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


class _Counter(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.getMessage())


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements sent while it is open."""
    logger, counter = logging.getLogger("tortoise.db_client"), _Counter()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(counter)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield counter.statements
        refuse_useless(counter.statements)
    finally:
        logger.removeHandler(counter)
        logger.setLevel(level)
        logger.propagate = propagate


async def until_somebody_waits() -> None:
    """Until another transaction waits for a row, on PostgreSQL; an error where none does."""
    async with asyncio.timeout(30):
        while not await sql.rows(SOMEBODY_WAITS):  # noqa: ASYNC110 - the database tells by being asked
            await asyncio.sleep(0.01)
