"""Engine that reads SQLite beside the writers: in a thread of its own, and single rows in the thread of who asks.

The module's name must contain "sqlite" (`sqlite_immediate.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.sqlite.client import SqliteClient


class ReadingClient(SqliteClient):
    """The `read` alias. Who closes it closes both of its connections.

    The second one belongs to the event loop's thread: it never waits (a busy database is an error at once), and no
    snapshot outlives its row, so each row is as it was committed last.
    """

    _here: sqlite3.Connection | None = None

    def row_here(self, text: str, values: Sequence[Any]) -> dict[str, Any] | None:
        """The one row of a SELECT by unique keys, read before the loop goes on; None where there is none.

        Raises sqlite3.OperationalError, also where the database is busy at this moment.
        """
        self.log.debug("%s: %s", text, values)
        if self._here is None:
            self._here = self._opened()
        # To the end: a statement left at its first row would hold its snapshot, and the log could not be emptied.
        found = self._here.execute(text, values).fetchall()
        assert len(found) <= 1, "many rows would keep all other requests waiting"
        return dict(found[0]) if found else None

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.filename, timeout=0, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only = 1")
        return connection

    async def close(self) -> None:
        if self._here is not None:
            self._here.close()
            self._here = None
        await super().close()


client_class = ReadingClient
