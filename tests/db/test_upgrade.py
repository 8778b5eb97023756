from __future__ import annotations

from pathlib import Path

import pytest
from tortoise.connection import get_connection

from tests.db.releases import RELEASES, unpacked
from tests.db.schema import described, opened
from tests.migrated import MIGRATIONS
from tests.people.found_by import tails_kept, words_by_name, words_kept
from trainings.db import keyring, migrate, pending_migrations, sql
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines


async def rows_of(settings: Settings) -> dict[str, int]:
    """Rows by table."""
    async with opened(settings):
        connection = get_connection("default")
        tables = sorted({line.split()[1].partition(".")[0] for line in await described() if line.startswith("column")})
        counted = [(await connection.execute_query_dict(f'SELECT COUNT(*) AS n FROM "{name}"'))[0] for name in tables]
    return {name: row["n"] for name, row in zip(tables, counted, strict=True)}


async def seal_anew(settings: Settings) -> dict[str, str]:
    """Telephones of an adult and of a minor's guardian, under our key, for a release's own is lost: the hash of their
    last digits by person.
    """
    ring, tails = keyring(), {}
    async with opened(settings):
        for phone, table, person in (
            ("+50255551234", "participant", "id"),
            ("+50255554321", "guardian", "participant_id"),
        ):
            [one] = await sql.rows(f"SELECT id, {person} AS person FROM {table} WHERE phone IS NOT NULL LIMIT 1")
            sealed = ring.seal(phone, f"{table}:phone:{one['id']}")
            await sql.execute(f"UPDATE {table} SET phone = ? WHERE id = ?", sealed, one["id"])
            key = ring.blind_index(phone, "phone")
            await sql.execute("UPDATE participant SET phone_key = ? WHERE id = ?", key, one["person"])
            tails[str(one["person"])] = ring.blind_index(phone[-4:], "phone_tail")[:8]
    return tails


@pytest.mark.parametrize("release", RELEASES)
async def test_database_of_a_release_is_brought_up_to_date_with_all_its_rows(
    db: Settings, tmp_path: Path, release: str
) -> None:
    expected = await described()
    settings = await unpacked(release, db, tmp_path)
    tails = await seal_anew(settings)
    before, pending = await rows_of(settings), await pending_migrations(settings)

    assert await migrate(settings) == pending

    assert await pending_migrations(settings) == []
    async with opened(settings):
        assert await described() == expected
    after = await rows_of(settings)
    assert {name: after[name] for name in before.keys() & after.keys()} == {
        name: before[name] for name in before.keys() & after.keys()
    }
    assert before["registration"] > 100
    async with opened(settings):
        assert await words_by_name() == await words_kept() != set()
        assert await tails_kept() == tails


def test_a_database_of_the_first_release_is_kept() -> None:
    assert "0.1.0" in RELEASES
    assert (MIGRATIONS / "0001_initial.py").exists()
