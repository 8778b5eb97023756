"""PostgreSQL engine: a cancelled transaction always returns its connection to the pool.

Upstream loses it when the task is cancelled between acquire and BEGIN, or during COMMIT: a few hundred such moments
empty a pool of five. Migrations choose their schema editor by this module's name, which must contain "asyncpg".
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from trainings.db.cancellation import Savepoint, finish


class SafeTransaction(TransactionWrapper):
    def _in_transaction(self) -> TransactionContext:
        return Savepoint(SafeTransaction(self))

    in_batch = _in_transaction

    async def execute_many(self, query: str, values: list[list[object]]) -> None:
        # Interrupted between two rows, asyncpg and the server wait for each other for ever.
        await finish(super().execute_many(query, values))

    async def read_all(self, asked: Sequence[tuple[str, list[Any]]]) -> list[list[dict[str, Any]]]:
        return [await self.execute_query_dict(text, values) for text, values in asked]

    async def write_all(
        self,
        statements: Sequence[tuple[str, Sequence[Any], bool]],
        *,
        ends_batch: bool = False,  # noqa: ARG002 - saves nothing here
    ) -> None:
        for text, values, is_columns in statements:
            if is_columns:
                await self.execute_query(text, list(values))
            else:
                await self.execute_many(text, list(values))


class SafeContext(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await finish(self.ensure_connection())
        self.client._connection = await self._pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await finish(self._give_back())
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.client._finalized:
                await finish(self.client.rollback() if kind else self.client.commit())
        finally:
            get_connections().reset(self.token)
            await finish(self._give_back())

    @property
    def _pool(self) -> Any:
        return self.client._parent._pool

    async def _give_back(self) -> None:
        await self._pool.release(self.client._connection)


class SafeClient(AsyncpgDBClient):
    def _in_transaction(self) -> TransactionContext:
        return SafeContext(SafeTransaction(self), self._pool_init_lock)

    in_batch = _in_transaction

    async def execute_many(self, query: str, values: list[list[object]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


client_class = SafeClient
