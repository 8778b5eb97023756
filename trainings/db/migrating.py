from __future__ import annotations

import asyncio
import fcntl
import pkgutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from importlib import import_module
from typing import Any

import asyncpg
from tortoise.context import TortoiseContext

from trainings.db.config import MIGRATIONS, postgres_address, tortoise_config
from trainings.db.connection import prepare_folder
from trainings.db.stepping import apply_pending
from trainings.settings import Settings

ADVISORY_LOCK = 7_261_943_088
"""Any number, the same in all processes."""

RECORDED = "SELECT name FROM tortoise_migrations WHERE app = 'trainings'"


class BrokenReferences(RuntimeError):
    """A migration left dangling rows in these tables. Restore the backup made before."""


async def migrate(settings: Settings) -> list[str]:
    """Apply pending migrations; returns their names. Of two at once, the second waits and finds nothing.

    Raises BrokenReferences if an SQLite file has dangling references afterwards.
    """
    prepare_folder(settings)
    async with _sqlite_lock(settings) if settings.is_sqlite else _postgres_lock(settings):
        pending = await pending_migrations(settings)
        if pending:
            # A context of its own: the caller may have the same database open.
            async with TortoiseContext():
                await apply_pending(_config(settings))
            if settings.is_sqlite:
                _check_references(settings)
        return pending


async def pending_migrations(settings: Settings) -> list[str]:
    on_disk = [m.name for m in pkgutil.iter_modules(import_module(MIGRATIONS).__path__) if m.name[0].isdigit()]
    applied = _applied_sqlite(settings) if settings.is_sqlite else await _applied_postgres(settings)
    return sorted(set(on_disk) - applied)


def _config(settings: Settings) -> dict[str, Any]:
    config = tortoise_config(settings)
    if settings.is_sqlite:
        # A column is changed by rebuilding its table; with foreign keys on, dropping the old one would delete the
        # rows that refer to it.
        config["connections"]["default"]["credentials"]["foreign_keys"] = "OFF"
    return config


def _applied_sqlite(settings: Settings) -> set[str]:
    if not settings.sqlite_path.exists():
        return set()
    with closing(sqlite3.connect(settings.sqlite_path, timeout=10)) as file:
        if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'tortoise_migrations'").fetchone():
            return set()
        return {name for (name,) in file.execute(RECORDED)}


async def _applied_postgres(settings: Settings) -> set[str]:
    connection = await asyncpg.connect(**postgres_address(settings.database_url))
    try:
        if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
            return set()
        return {row["name"] for row in await connection.fetch(RECORDED)}
    finally:
        await connection.close()


def _check_references(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.sqlite_path, timeout=10)) as file:
        broken = {table for table, *_ in file.execute("PRAGMA foreign_key_check")}
    if broken:
        raise BrokenReferences(", ".join(sorted(broken)))


@asynccontextmanager
async def _postgres_lock(settings: Settings) -> AsyncIterator[None]:
    # The lock belongs to the session, so it is also free when the process is killed.
    connection = await asyncpg.connect(**postgres_address(settings.database_url))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield
    finally:
        await connection.close()


@asynccontextmanager
async def _sqlite_lock(settings: Settings) -> AsyncIterator[None]:
    held = _locked_file(settings)
    await asyncio.to_thread(held.__enter__)
    try:
        yield
    finally:
        held.__exit__(None, None, None)


@contextmanager
def _locked_file(settings: Settings) -> Iterator[None]:
    with settings.sqlite_path.with_suffix(".migrating").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
