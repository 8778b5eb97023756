"""SQLite engine: transactions take the write lock at BEGIN and survive cancellation.

Upstream's "deferred" transaction that reads, then writes, fails with "database is locked" at once if another process
wrote in between. Migrations choose their schema editor by this module's name, which must contain "sqlite".
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError

from trainings.db.cancellation import Savepoint, finish

T = TypeVar("T")

# Values of statements written by hand; the mapper's come as text already. As it writes them: with a blank.
sqlite3.register_adapter(UUID, str)
sqlite3.register_adapter(datetime, lambda moment: moment.isoformat(" "))


def _read_all(
    connection: sqlite3.Connection, asked: Sequence[tuple[str, list[Any]]], *, begins: bool
) -> list[list[dict[str, Any]]]:
    if begins:
        connection.execute("BEGIN IMMEDIATE")
    return [_rows_of(connection.cursor(), text, values) for text, values in asked]


def _rows_of(cursor: sqlite3.Cursor, text: str, values: list[Any]) -> list[dict[str, Any]]:
    cursor.row_factory = None
    cursor.execute(text, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _write_all(
    connection: sqlite3.Connection, statements: Sequence[tuple[str, Sequence[Any], bool]], *, ends: bool
) -> None:
    for text, values, is_one_run in statements:
        if is_one_run:
            connection.execute(text, values)
        else:
            connection.executemany(text, values)
    if ends:
        connection.commit()


class _Turn(asyncio.Future[T]):
    """A turn of the connection's thread. It cannot be called back: a waiting task is cancelled once it is done.

    `finish` needs a task, each step of which waits behind all requests being read.
    """

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - its signature
        return False


class ImmediateTransaction(SqliteTransactionWrapper):
    """A batch begins with its first read and ends with its last write: two turns of the thread instead of four."""

    def __init__(self, connection: SqliteClient, *, is_batch: bool = False) -> None:
        super().__init__(connection)
        self._is_batch, self._has_begun = is_batch, not is_batch

    def _in_transaction(self) -> TransactionContext:
        return Savepoint(ImmediateTransaction(self))

    in_batch = _in_transaction

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        assert self._has_begun, "a batch begins with `read_all`"
        return super().acquire_connection()

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def read_all(self, asked: Sequence[tuple[str, list[Any]]]) -> list[list[dict[str, Any]]]:
        for text, values in asked:
            self.log.debug("%s: %s", text, values)
        begins = not self._has_begun
        self._has_begun = True
        return await self._in_one_turn(partial(_read_all, self._connection._conn, asked, begins=begins))

    async def write_all(
        self, statements: Sequence[tuple[str, Sequence[Any], bool]], *, ends_batch: bool = False
    ) -> None:
        for text, values, _is_one_run in statements:
            self.log.debug("%s: %s", text, values)
        ends = ends_batch and self._is_batch
        await self._in_one_turn(partial(_write_all, self._connection._conn, statements, ends=ends), ends=ends)

    async def _in_one_turn(self, work: Callable[[], T], *, ends: bool = False) -> T:
        turn: _Turn[T] = _Turn(loop=asyncio.get_running_loop())
        self._connection._tx.put_nowait((turn, work))
        try:
            return await turn
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        except sqlite3.Error as error:
            raise OperationalError(error) from error
        finally:
            # Also where the waiting task was cancelled.
            if turn.done() and turn.exception() is None and ends:
                self._finalized = True

    async def commit(self) -> None:
        try:
            await super().commit()
        except sqlite3.Error as error:
            await self._connection.rollback()
            if isinstance(error, sqlite3.IntegrityError):
                raise IntegrityError(error) from error
            raise OperationalError(error) from error


class ImmediateContext(SqliteTransactionContext):
    """Whatever interrupts it, the lock is free afterwards."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            # A task for nothing would wait behind all requests that are being read.
            if not self.connection._connection:
                await finish(self.ensure_connection())
            if not self.connection._is_batch:
                await self._begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def _begin(self) -> None:
        try:
            await finish(self.connection.begin())
        except BaseException:
            await finish(self.connection._connection.rollback())
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.connection._finalized:
                await finish(self.connection.rollback() if kind else self.connection.commit())
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


STATEMENTS_KEPT = 256
"""Read once and kept by a connection: to read a statement takes ten times as long as to answer it, and pages ask more
than the 128 that a connection keeps by itself.
"""


class KeepingClient(SqliteClient):
    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002 - its signature
        """As upstream, which leaves the number of kept statements as it is."""
        if self._connection:
            return
        self._connection = await aiosqlite.connect(
            self.filename, isolation_level=None, cached_statements=STATEMENTS_KEPT
        )
        self._connection._conn.row_factory = sqlite3.Row
        for pragma, value in self.pragmas.items():
            cursor = await self._connection.execute(f"PRAGMA {pragma}={value}")
            await cursor.close()
        await self._post_connect()


class ImmediateClient(KeepingClient):
    """Its lock is held from BEGIN to COMMIT."""

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    def in_batch(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self, is_batch=True), self._lock)

    async def execute_many(self, query: str, values: list[list[object]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


client_class = ImmediateClient
