"""The databases that tests work on: migrated once, emptied before each test."""

from __future__ import annotations

import pickle
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pydantic_settings import SettingsConfigDict
from tortoise import Model
from tortoise.connection import get_connection

from tests import postgres_server, threadless
from tests.migrated import sqlite_file
from trainings import clock
from trainings.attendance import queries as attendance
from trainings.certificates.trust import status_lists
from trainings.db import close_in_turn, connect, migrate
from trainings.db.fields import set_keyring
from trainings.feeds import memory as feeds
from trainings.lib.crypt import Keyring
from trainings.panel.office import waiting
from trainings.registrations import queries as registrations
from trainings.schedule.public import remembered as pages
from trainings.settings import Environment, Settings
from trainings.versions import actions as versions

W = TypeVar("W")

KEY = "only-for-tests-" * 4

SQLITE_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'tortoise_migrations'"

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


def forget() -> None:
    """Let this process know nothing of any database, as one that has just begun."""
    for part in (pages, feeds, status_lists):
        part.forget()
    registrations._ids.clear()
    attendance._surplus.clear()
    waiting._kept.clear()
    versions._moved_at.clear()


MOST_REMEMBERED = 300

_current: list[Database] = []

Tables = dict[str, list[tuple[Any, ...]]]
"""Of each table that has any, its rows."""


@dataclass(frozen=True)
class Remembered:
    """What was made, pickled, and all rows of the database then; those of a table that stayed as it was are shared."""

    number: int
    told: bytes
    tables: Tables


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
        self._has: Tables = {}
        self._as_put: tuple[Any, ...] = ()
        self._is_copy = True
        self._remembered: dict[Any, Remembered] = {}
        _current.append(self)

    async def fresh(self, engine: str) -> Settings:
        """An empty database of `engine`, connected; the process knows nothing of the one before."""
        forget()
        settings = self._sqlite if engine == "sqlite" else await self._postgres_settings()
        if engine != self._engine:
            await self.close()
            self._copy_sqlite()
            await self._open.enter_async_context(connect(settings))
            self._engine = engine
        elif engine == "sqlite" and (self._is_copy or not self._empty()):
            await close_in_turn()
            self._copy_sqlite()
        if engine == "sqlite":
            self._is_copy = False
            self._put(0, {})
        if engine == "postgres":
            await get_connection("default").execute_script(await self._emptying_script())
        # Tests without a database leave keys of their own.
        set_keyring(Keyring(list(settings.keys)))
        return settings

    async def copied(self, world: Path) -> Settings:
        """The SQLite database of this folder and its keys, connected: a world that was made once for many tests."""
        folder = (await self.fresh("sqlite")).data_dir
        await self._close_file()
        settings = settings_for(folder).model_copy(update={"secret_keys": (world / "secret_keys").read_text()})
        shutil.copyfile(world / settings.sqlite_path.name, settings.sqlite_path)
        set_keyring(Keyring(list(settings.keys)))
        return settings

    async def world(self, name: str, make: Callable[[], Awaitable[W]]) -> W:
        """What `make` makes in an empty SQLite database and tells of: made once, and from then on copied."""
        path, kept = (await self.fresh("sqlite")).sqlite_path, self._folder / f"{name}.world"
        if name not in self._worlds:
            self._worlds[name] = await make()
            await self._close_file()
            shutil.copyfile(path, kept)
        else:
            await self._close_file()
            shutil.copyfile(kept, path)
        world: W = self._worlds[name]
        return world

    async def remembered(self, what: Any, make: Callable[[], Awaitable[W]]) -> W:
        """What `make` makes of `what`, the same in the same database; or what it made today, or at the same moment
        where the clock is stopped.

        As long as an SQLite database is as it was handed out or remembered, the rows of what it became then do as well,
        with a copy of what was told of it.
        """
        if self._engine != "sqlite" or self._as_put != self._as_it_is():
            return await make()
        key = self._is_number, _told_apart(what), clock.now() if clock._frozen else clock.today()
        if key not in self._remembered:
            made = await make()
            if self._as_put != self._as_it_is() and (file := _file()):
                self._put(next(self._numbers), _tables(file, self._has))
            if self._as_put == self._as_it_is():
                self._remembered[key] = Remembered(self._is_number, pickle.dumps(made), self._has)
                if len(self._remembered) > MOST_REMEMBERED:
                    self._remembered.pop(next(iter(self._remembered)))
            return made
        # The last one asked for is the last one to be forgotten.
        known = self._remembered[key] = self._remembered.pop(key)
        self._turn_into(known.tables)
        self._put(known.number, known.tables)
        world: W = pickle.loads(known.told)
        return world

    def _empty(self) -> bool:
        """Take all rows away; False where the database is closed, in a transaction, or has another schema."""
        file = _file()
        if file is not None:
            _exchange(file, [name for (name,) in file.execute(_question())], {})
        return file is not None

    def _turn_into(self, tables: Tables) -> None:
        """Make these the only rows of a database that is as it was put: what both have stays."""
        file = _file()
        assert file is not None, "it is as it was put"
        gone, filled = [], {}
        for name in {*tables, *self._has}:
            before, after = self._has.get(name, []), tables.get(name, [])
            stays = after is before or after[: len(before)] == before
            gone += [] if stays else [name]
            filled[name] = after[len(before) :] if stays else after
        _exchange(file, gone, filled)

    def _put(self, number: int, tables: Tables) -> None:
        """Note that the database is the one of this number, until somebody writes to it; 0 is the empty one."""
        self._is_number, self._has, self._as_put = number, tables, self._as_it_is()

    def _as_it_is(self) -> tuple[Any, ...]:
        """A value that changes with every write. Where the database is closed, each call returns another one."""
        file = _file()
        if file is None:
            return ("closed", next(self._numbers))
        return (id(file), file.total_changes, file.execute("PRAGMA data_version").fetchone()[0])

    async def _close_file(self) -> None:
        """Close SQLite's file: another one may stand in its place at the next question."""
        await close_in_turn()
        self._is_copy, self._as_put = True, ()

    async def open_anew(self) -> None:
        """Let the next question to SQLite open it."""
        if self._engine == "sqlite":
            await self._close_file()

    async def close(self) -> None:
        self._engine = ""
        await self._open.aclose()
        self._open = AsyncExitStack()

    def _copy_sqlite(self) -> None:
        path = self._sqlite.sqlite_path
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        put_template(path.parent)

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


def _told_apart(what: Any) -> bytes:
    """The same for equal questions. A row is itself, however much of it was read."""
    written = BytesIO()
    _Pickler(written).dump(what)
    return written.getvalue()


class _Pickler(pickle.Pickler):
    def persistent_id(self, part: Any) -> Any:
        return (type(part).__name__, str(part.pk)) if isinstance(part, Model) else None


def _file() -> sqlite3.Connection | None:
    """The connection that writes to SQLite, where it is open, between two transactions, and the schema as migrated."""
    opened = getattr(get_connection("default"), "_connection", None)
    file: sqlite3.Connection | None = opened._connection if isinstance(opened, threadless.Connection) else None
    return None if file is None or file.in_transaction or _schema_of(file) != _migrated()[0] else file


def _schema_of(file: sqlite3.Connection) -> int:
    """A number that moves with each change of the schema."""
    number: int = file.execute("PRAGMA schema_version").fetchone()[0]
    return number


@cache
def _migrated() -> tuple[int, list[str]]:
    """Of each migrated database: the number of its schema, and its tables, each after those that its rows name."""
    with closing(sqlite3.connect(sqlite_file("trainings.db"))) as file:
        names = [name for (name,) in file.execute(SQLITE_TABLES)]
        named = {
            name: {row[2] for row in file.execute(f'PRAGMA foreign_key_list("{name}")')} - {name} for name in names
        }
        return _schema_of(file), list(TopologicalSorter(named).static_order())


@cache
def _question() -> str:
    """Which tables have rows? Asked of each migrated database in the same words."""
    _schema, names = _migrated()
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)


def _tables(file: sqlite3.Connection, before: Tables) -> Tables:
    cursor = file.cursor()
    cursor.row_factory = None
    now = {
        name: cursor.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in cursor.execute(_question()).fetchall()
    }
    return {name: before[name] if before.get(name) == rows else rows for name, rows in now.items()}


def _exchange(file: sqlite3.Connection, emptied: list[str], filled: Tables) -> None:
    try:
        _exchange_in_order(file, emptied, filled)
    except sqlite3.IntegrityError:
        # A row names one of its own table, or one that stays names one that goes for a moment. Not in the first place:
        # SQLite reads every statement anew after a PRAGMA.
        file.execute("ROLLBACK")
        file.execute("PRAGMA foreign_keys = OFF")
        _exchange_in_order(file, emptied, filled)
        file.execute("PRAGMA foreign_keys = ON")


def _exchange_in_order(file: sqlite3.Connection, emptied: list[str], filled: Tables) -> None:
    order = _migrated()[1].index
    file.execute("BEGIN IMMEDIATE")
    for name in sorted(emptied, key=order, reverse=True):
        file.execute(f'DELETE FROM "{name}"')
    for name in sorted(filled, key=order):
        if rows := filled[name]:
            file.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(rows[0]))})', rows)
    file.execute("COMMIT")
