from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from tortoise import Model
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from trainings.db import mapper
from trainings.db.config import tortoise_config
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring
from trainings.settings import Settings

M = TypeVar("M", bound=Model)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[None]:
    """Fails at once if unreachable. Nested it does nothing. One database per process at a time: Tortoise keeps
    statements by alias, not by engine.
    """
    current = get_current_context()
    if current is not None and current.inited:
        yield
        return
    prepare_folder(settings)
    EXECUTOR_CACHE.clear()
    mapper.mend()
    set_keyring(Keyring(list(settings.keys)))
    context = TortoiseContext()
    try:
        # A request runs in another task than the start of the program, hence the global fallback. The context is
        # entered for the initialisation only: what enters it must leave it in the same task.
        with context:
            await context.init(tortoise_config(settings), _enable_global_fallback=True)
        try:
            for alias in ("default", "read"):
                await get_connection(alias).execute_query("SELECT 1")
            yield
        finally:
            await close_in_turn()
    finally:
        # An SQLite connection left open keeps its thread, and the process would hang at its end.
        await context.close_connections()


async def close_in_turn() -> None:
    """The reader, then the writer, so that an embedded database is whole in its file. Closed at once, each takes the
    other for a user who stays, and a copy of the file alone misses the last writes. The next statement opens both
    again.
    """
    for alias in ("read", "default"):
        await get_connection(alias).close()


def prepare_folder(settings: Settings) -> None:
    if settings.is_sqlite:
        path: Path = settings.sqlite_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)


def transaction() -> TransactionContext:
    """Nested it is a savepoint."""
    return in_transaction("default")


def batch() -> TransactionContext:
    """A transaction that begins with the first `sql.rows_of` and may end with a `sql.write_all`: fewer turns of SQLite.

    Nothing else may be asked before it has begun. Inside another transaction it is a savepoint.
    """
    connection: Any = get_connection("default")
    context: TransactionContext = connection.in_batch()
    return context


def is_in_transaction() -> bool:
    return isinstance(get_connection("default"), TransactionalDBClient)


def reads(model: type[M]) -> QuerySet[M]:
    """Read beside the writers; in a transaction by its own connection, to see its rows."""
    return model.all() if is_in_transaction() else model.all(using_db=get_connection("read"))


# -- passing errors (away, locked, full), told from our mistakes

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
