from __future__ import annotations

import asyncio
import fcntl
import pkgutil
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from importlib import import_module
from typing import Any

import asyncpg
from tortoise import Model, Tortoise
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

from trainings.db.config import MIGRATIONS, postgres_address, tortoise_config
from trainings.db.connection import prepare_folder
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring
from trainings.settings import Settings

ADVISORY_LOCK = 7_261_943_088

RECORDED = "SELECT name FROM tortoise_migrations WHERE app = 'trainings'"


class BrokenReferences(RuntimeError):
    """A migration left dangling rows in these tables. Restore the backup made before."""


async def migrate(settings: Settings) -> list[str]:
    """Names of applied migrations. Of two at once, the second waits and finds nothing. Raises BrokenReferences if an
    SQLite file has dangling references afterwards.
    """
    prepare_folder(settings)
    async with _sqlite_lock(settings) if settings.is_sqlite else _postgres_lock(settings):
        pending = await pending_migrations(settings)
        if pending:
            set_keyring(Keyring(list(settings.keys)))
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


# -- the mapper's executor, in a twentieth of its time

Models = dict[tuple[str, str], ModelState]


async def apply_pending(config: dict[str, Any]) -> None:
    await Tortoise.init(config=config, init_connections=False)
    await _Executor(get_connection("default"), config["apps"]).migrate()


async def told_by(steps: Iterable[Migration], connections: Mapping[str, str]) -> State:
    told = _Told({}, connections)
    for step in steps:
        await step.apply(told, dry_run=True)
    return told


class _Executor(MigrationExecutor):
    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        assert upto is None, "the way is forward only"
        nodes: Any = self.loader.graph.nodes
        connections = {label: config["default_connection"] for label, config in self.loader.apps_config.items()}
        return await told_by((nodes[key] for key in self._full_plan() if key in applied), connections)


class _Told(State):
    """Without classes: at each step the mapper would make all related classes anew."""

    def __init__(self, models: Models, connections: Mapping[str, str]) -> None:
        super().__init__(models=models, apps=_Classes(models, connections))
        self._connections = connections

    def clone(self) -> State:
        return _Told({key: model.clone() for key, model in self.models.items()}, self._connections)

    def reload_model(self, app_label: str, model_name: str) -> None:
        pass

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        pass


class _Classes(StateApps):
    """Makes a class when a step asks for it, as described then, with its foreign keys' classes; no many-to-many
    relation.

    Two calls return different classes, so their rows are not to be compared.
    """

    def __init__(self, models: Models, connections: Mapping[str, str]) -> None:
        super().__init__(dict(connections))
        self._models = models

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        key = (app_label, model_name) if model_name else self.split_reference(app_label)
        made = StateApps(self._default_connections, self._connections)
        for each in {key, *self._referred_to(self._models[key])}:
            if each in self._models:
                made.register_model(each[0], self._models[each].render(made))
        made._init_relations()
        made._build_initial_querysets()
        return made.get_model(*key)

    def _referred_to(self, model: ModelState) -> Iterator[tuple[str, str]]:
        for field in model.fields.values():
            if isinstance(field, ForeignKeyFieldInstance):
                yield self.split_reference(field.model_name)
