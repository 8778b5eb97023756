"""The databases that tests work on: migrated once, emptied before each test."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pydantic_settings import SettingsConfigDict
from tortoise.connection import get_connection

from tests import postgres_server
from tests.migrated import sqlite_file
from trainings import clock
from trainings.db import close_in_turn, connect, migrate
from trainings.db.keyring import set_keyring
from trainings.lib.crypt import Keyring
from trainings.settings import Environment, Settings

W = TypeVar("W")

KEY = "only-for-tests-" * 4

TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations' ORDER BY 1
"""


class TestSettings(Settings):
    """Settings that do not look at `.env`."""

    __test__ = False
    model_config = SettingsConfigDict(env_file=None)


def settings_for(folder: Path, database_url: str = "") -> Settings:
    """Settings of a test, whatever the environment says about these."""
    return TestSettings(
        env=Environment.TEST,
        data_dir=folder,
        database_url=database_url,
        database_pool=5,
        base_url="http://localhost:8000",
        secret_keys=KEY,
        smtp_url=None,
    )


def put_template(folder: Path) -> None:
    """Make a migrated SQLite database without rows that of the application whose data lie in this folder."""
    folder.mkdir(exist_ok=True)
    path = settings_for(folder).sqlite_path
    shutil.copyfile(sqlite_file(path.name), path)


MOST_REMEMBERED = 48
"""What was not asked for the longest is forgotten. Each is a megabyte and a half."""

_current: list[Database] = []


@dataclass(frozen=True)
class Remembered:
    """What was made, pickled, and the whole file that it made of the database."""

    number: int
    told: bytes
    file: bytes


async def remembered(what: Any, make: Callable[[], Awaitable[W]]) -> W:
    """See `Database.remembered`; a process that has none makes it."""
    return await (_current[-1].remembered(what, make) if _current else make())


class Database:
    """The one database that this process has open, on either engine; opening the other closes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = ""
        self._open = AsyncExitStack()
        self._sqlite = settings_for(folder / "sqlite")
        self._postgres: Settings | None = None
        self._emptying = ""
        self._worlds: dict[str, Any] = {}
        self._numbers = count(1)
        self._is_number = 0
        self._as_put: os.stat_result | None = None
        self._seen: set[Any] = set()
        self._remembered: dict[Any, Remembered] = {}
        _current.append(self)

    async def fresh(self, engine: str) -> Settings:
        """An empty database of `engine`, connected."""
        settings = self._sqlite if engine == "sqlite" else await self._postgres_settings()
        if engine != self._engine:
            await self.close()
            self._copy_sqlite()
            await self._open.enter_async_context(connect(settings))
            self._engine = engine
        elif engine == "sqlite":
            await close_in_turn()
            self._copy_sqlite()
        if engine == "postgres":
            await get_connection("default").execute_script(await self._emptying_script())
        # Tests without a database leave keys of their own.
        set_keyring(Keyring(list(settings.keys)))
        return settings

    async def copied(self, world: Path) -> Settings:
        """The SQLite database of this folder and its keys, connected: a world that was made once for many tests."""
        folder = (await self.fresh("sqlite")).data_dir
        await close_in_turn()
        settings = settings_for(folder).model_copy(update={"secret_keys": (world / "secret_keys").read_text()})
        shutil.copyfile(world / settings.sqlite_path.name, settings.sqlite_path)
        set_keyring(Keyring(list(settings.keys)))
        return settings

    async def world(self, name: str, make: Callable[[], Awaitable[W]]) -> W:
        """What `make` makes in an empty SQLite database and tells of: made once, and from then on copied."""
        path, kept = (await self.fresh("sqlite")).sqlite_path, self._folder / f"{name}.world"
        if name not in self._worlds:
            self._worlds[name] = await make()
            await close_in_turn()
            shutil.copyfile(path, kept)
        else:
            await close_in_turn()
            shutil.copyfile(kept, path)
        world: W = self._worlds[name]
        return world

    async def remembered(self, what: Any, make: Callable[[], Awaitable[W]]) -> W:
        """What `make` makes of `what`, the same in the same database; or what it made today.

        As long as an SQLite database is as it was handed out or remembered, a copy of what it became then does as well,
        with a copy of what was told of it. Where the clock was stopped, it is what was made at that very moment.
        """
        if self._engine != "sqlite" or not self._is_as_put():
            return await make()
        moment = clock.now() if clock._frozen else clock.today()
        path, key = self._sqlite.sqlite_path, (self._is_number, pickle.dumps(what), moment)
        if key not in self._remembered:
            made = await make()
            # Most of what tests begin with is asked for once; the second time it is worth a copy.
            if key not in self._seen:
                self._seen.add(key)
                return made
            await close_in_turn()
            if self._is_open_elsewhere():
                return made
            self._remembered[key] = Remembered(next(self._numbers), pickle.dumps(made), path.read_bytes())
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
        else:
            await close_in_turn()
            self._remembered[key] = self._remembered.pop(key)
            path.write_bytes(self._remembered[key].file)
        self._put(self._remembered[key].number)
        for alias in ("default", "read"):
            await get_connection(alias).execute_query("SELECT 1")
        world: W = pickle.loads(self._remembered[key].told)
        return world

    def _put(self, number: int) -> None:
        """Note that the file is the one of this number, until somebody writes to it; 0 is the empty one."""
        self._is_number, self._as_put = number, self._sqlite.sqlite_path.stat()

    def _is_as_put(self) -> bool:
        """What is written stands in the file beside it, and after a closing in the file itself."""
        put, now = self._as_put, self._sqlite.sqlite_path.stat()
        is_same = put is not None and (now.st_mtime_ns, now.st_size) == (put.st_mtime_ns, put.st_size)
        return is_same and not self._is_open_elsewhere()

    def _is_open_elsewhere(self) -> bool:
        """Whether something stands beside the file: who closes it last writes it in."""
        beside = self._sqlite.sqlite_path.with_name(f"{self._sqlite.sqlite_path.name}-wal")
        return beside.exists() and beside.stat().st_size > 0

    async def close(self) -> None:
        self._engine = ""
        await self._open.aclose()
        self._open = AsyncExitStack()

    def _copy_sqlite(self) -> None:
        path = self._sqlite.sqlite_path
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        put_template(path.parent)
        self._put(0)

    async def _postgres_settings(self) -> Settings:
        if self._postgres is None:
            url = await postgres_server.filled_database("tests", self._migrate)
            self._postgres = settings_for(self._folder / "postgres", url)
        return self._postgres

    async def _migrate(self, url: str) -> None:
        await migrate(settings_for(self._folder / "postgres", url))

    async def _emptying_script(self) -> str:
        if not self._emptying:
            rows = await get_connection("default").execute_query_dict(TABLES)
            # Neither the order of the tables nor their triggers matter for this one transaction.
            deletes = " ".join(f'DELETE FROM "{row["tablename"]}";' for row in rows)
            self._emptying = f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT;"
        return self._emptying
