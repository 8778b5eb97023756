"""Reads SQLite beside the writers: in its own thread, and few rows by keys in the event loop's
(`docs/decisions/0012-one-row-is-read-in-the-loop.md`). The module's name must contain "sqlite"
(`sqlite_immediate.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.sqlite.client import translate_exceptions

from trainings.db.sqlite_immediate import STATEMENTS_KEPT, KeepingClient


def _read_tables(
    connection: sqlite3.Connection, asked: Sequence[tuple[str, Sequence[Any]]]
) -> list[list[tuple[Any, ...]]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    return [cursor.execute(text, values).fetchall() for text, values in asked]


class ReadingClient(KeepingClient):
    """The `read` alias; closing it closes both connections.

    The second belongs to the event loop's thread: it never waits (a busy database is an error at once), and no snapshot
    outlives its statement, so each finds what was last committed.
    """

    _here: sqlite3.Connection | None = None

    def rows_here(self, text: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        """Of a SELECT that finds few rows by keys. Raises sqlite3.OperationalError, also if the database is busy."""
        self.log.debug("%s: %s", text, values)
        if self._here is None:
            self._here = self._opened()
        # To the end: a statement that is not over holds its snapshot, and the log could not be emptied.
        return self._here.execute(text, values).fetchall()

    @translate_exceptions
    async def read_tables(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[list[tuple[Any, ...]]]:
        for text, values in asked:
            self.log.debug("%s: %s", text, values)
        async with self.acquire_connection() as connection:
            found: list[list[tuple[Any, ...]]] = await connection._execute(_read_tables, connection._conn, asked)
            return found

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.filename, timeout=0, isolation_level=None, cached_statements=STATEMENTS_KEPT)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only = 1")
        return connection

    async def close(self) -> None:
        if self._here is not None:
            self._here.close()
            self._here = None
        await super().close()


client_class = ReadingClient
