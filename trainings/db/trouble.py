"""Tell passing database errors (away, locked, full) from our mistakes."""

from __future__ import annotations

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

CONNECTION_LOST = (DBConnectionError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, ConnectionError)
DATABASE_ERRORS = (OperationalError, *CONNECTION_LOST)
PASSING = (
    "database is locked",
    "database is busy",
    "disk is full",
    "disk i/o error",
    "no space left",
    "readonly database",
)


def is_passing(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, CONNECTION_LOST) or any(word in text for word in PASSING)
