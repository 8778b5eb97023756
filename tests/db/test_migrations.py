from __future__ import annotations

import ast
import asyncio
import json
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions
from tortoise.migrations.schema_generator.state import State

from tests import postgres_server
from tests.database import put_template, settings_for
from tests.db.schema import described, opened
from tests.migrated import MIGRATIONS
from tests.processes import running
from tests.source import PACKAGE, shown, tree
from trainings.db import config, migrate, migrating, pending_migrations
from trainings.db.config import tortoise_config
from trainings.db.migrating import told_by
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

BY_HAND = "name_word."
"""Its key has three columns, which the mapper cannot say."""
N_PROCESSES, AT_ONCE = 2, 3
"""The lock is between processes, and between attempts of one."""


async def bare(engine_of: Settings, folder: Path, name: str) -> Settings:
    """Settings of a database without tables, on the same engine."""
    url = "" if engine_of.is_sqlite else await postgres_server.bare_database(name)
    return settings_for(folder / name, url)


async def test_migrating_nothing_several_times_at_once_applies_everything_once(
    db: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (config, migrating):
        monkeypatch.setattr(module, "MIGRATIONS", "tests.db.two_steps")
    settings = await bare(db, tmp_path, "at_once")

    with ExitStack() as ready:
        asked = settings.data_dir, settings.database_url, AT_ONCE
        processes = [ready.enter_context(running("tests.db.migrate_at_once", *asked)) for _ in range(N_PROCESSES)]
        said = await asyncio.gather(*(asyncio.to_thread(process.goes_on) for process in processes))

    applied = [names for one in said for names in json.loads(one)]
    assert sorted(applied) == [[]] * (N_PROCESSES * AT_ONCE - 1) + [["0001_shelf", "0002_width"]]
    assert await pending_migrations(settings) == []
    assert await migrate(settings) == []
    if settings.is_sqlite:
        assert settings.sqlite_path.stat().st_mode & 0o077 == 0, "readable by its owner only"


async def test_everything_is_pending_for_a_database_without_tables(db: Settings, tmp_path: Path) -> None:
    pending = await pending_migrations(await bare(db, tmp_path, "bare"))

    assert pending == sorted(path.stem for path in MIGRATIONS.glob("0*.py"))
    assert await pending_migrations(db) == []


async def test_migrated_schema_is_the_schema_of_the_models(db: Settings, tmp_path: Path) -> None:
    generated = await bare(db, tmp_path, "generated")

    from_migrations = await described()
    async with opened(generated) as context:
        await context.generate_schemas()
        from_models = await described()

    columns = {line for line in from_migrations if line.startswith("column") and BY_HAND not in line}
    assert columns == {line for line in from_models if line.startswith("column")}
    assert from_models - from_migrations == set()


class Detector(MigrationAutodetector):
    async def _project_state(self) -> State:
        nodes: Any = self.loader.graph.nodes
        return await told_by((nodes[key] for key in self._full_plan()), {})


def test_no_description_of_a_table_ends_a_statement() -> None:
    """The first line of a model's docstring is a comment inside CREATE TABLE, which the mapper splits at semicolons."""
    said = [
        f"{shown(path)} {one.name}"
        for path in sorted(PACKAGE.rglob("models.py"))
        for one in tree(path).body
        if isinstance(one, ast.ClassDef)
        and "StrEnum" not in {ast.unparse(base) for base in one.bases}
        and ";" in (ast.get_docstring(one) or "").partition("\n")[0]
    ]

    assert said == []


async def test_models_have_no_change_without_a_migration(sqlite_db: Settings, tmp_path: Path) -> None:
    async with opened(settings_for(tmp_path / "models")) as context:
        assert context.apps is not None
        changes = await Detector(context.apps, tortoise_config(sqlite_db)["apps"]).changes()

    # The first sentence of a docstring is the table's comment: changing it alone needs no migration.
    operations = [operation for writer in changes for operation in writer.operations]
    assert [operation for operation in operations if not isinstance(operation, AlterModelOptions)] == []


async def test_migrating_sqlite_does_not_follow_references(sqlite_db: Settings) -> None:
    config = migrating._config(sqlite_db)

    assert config["connections"]["default"]["credentials"]["foreign_keys"] == "OFF"


async def test_migration_that_leaves_dangling_rows_is_refused(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    put_template(tmp_path)
    with closing(sqlite3.connect(settings.sqlite_path)) as file:
        file.execute(
            "INSERT INTO sign_in_link (id, created_at, token_hash, user_id, expires_at) VALUES ('a', '', '', 'b', '')"
        )
        file.commit()

    with pytest.raises(migrating.BrokenReferences, match="sign_in_link"):
        migrating._check_references(settings)
