from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.database import Database, put_template, settings_for
from trainings.db import close_in_turn, connect, sql, transaction
from trainings.versions.models import Counter

OFTEN = pytest.param(200, marks=pytest.mark.proof)
"""Two connections that were closed in one instant left something behind three times in so many."""


@pytest.mark.usefixtures("with_its_thread")
@pytest.mark.parametrize("n_times", [40, OFTEN])
async def test_closing_when_something_was_just_written_then_all_is_in_the_one_file(
    database: Database, tmp_path: Path, n_times: int
) -> None:
    await database.close()
    settings = settings_for(tmp_path)
    put_template(tmp_path)

    async with connect(settings):
        for number in range(n_times):
            async with transaction():
                await Counter.create(key=str(number), number=number, changed_at="2026-03-06T15:00:00Z")
            found = await sql.row_by_key("SELECT number FROM counter WHERE key = ?", str(number))
            await close_in_turn()

            assert found == {"number": number}
            assert not settings.sqlite_path.with_name(f"{settings.sqlite_path.name}-wal").exists()
        await sql.row_by_key("SELECT number FROM counter WHERE key = ?", "0")
    assert not settings.sqlite_path.with_name(f"{settings.sqlite_path.name}-wal").exists()
    alone = sqlite3.connect(f"file:{settings.sqlite_path}?immutable=1", uri=True)
    assert alone.execute("SELECT count(*) FROM counter").fetchone() == (n_times,)
    alone.close()
