from __future__ import annotations

import pytest

from trainings.accounts.models import User
from trainings.db import sql, transaction
from trainings.db.sql import translated
from trainings.settings import Settings


def test_translated_numbers_the_values_for_postgres() -> None:
    text = "SELECT 1 FROM t WHERE a = ? AND b IN ?list AND c = ?"

    assert translated(text, "postgres") == "SELECT 1 FROM t WHERE a = $1 AND b = ANY($2) AND c = $3"


def test_translated_reads_a_text_in_json_on_any_sqlite() -> None:
    text = "SELECT c.sheet ->> 'place' AS place FROM c"

    assert translated(text, "postgres") == text
    assert translated(text, "sqlite") == "SELECT json_extract(c.sheet, '$.place') AS place FROM c"


def test_translated_reads_lists_as_json_for_sqlite() -> None:
    text = "SELECT 1 FROM t WHERE a = ? AND b IN ?list"

    assert translated(text, "sqlite") == "SELECT 1 FROM t WHERE a = ? AND b IN (SELECT value FROM json_each(?))"


async def test_one_text_finds_rows_by_a_list_of_ids_on_both_engines(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(3)]

    rows = await sql.rows(
        "SELECT email FROM app_user WHERE id IN ?list AND is_active = ? ORDER BY email",
        [made[0].id, made[2].id],
        True,
    )

    assert [row["email"] for row in rows] == ["0@demo.example", "2@demo.example"]


async def test_returning_gives_rows_on_both_engines(db: Settings) -> None:
    user = await User.create(email="a@demo.example", name="A")

    rows = await sql.rows("UPDATE app_user SET name = ? WHERE id = ? RETURNING email, name", "B", user.id)

    assert rows == [{"email": "a@demo.example", "name": "B"}]


async def test_execute_counts_the_rows_it_touched(db: Settings) -> None:
    await User.create(email="a@demo.example", name="A")
    await User.create(email="b@demo.example", name="A")

    assert await sql.execute("UPDATE app_user SET name = ? WHERE name = ?", "B", "A") == 2
    assert await sql.execute("UPDATE app_user SET name = ? WHERE name = ?", "B", "A") == 0


async def test_statements_belong_to_the_transaction_in_progress(db: Settings) -> None:
    user = await User.create(email="a@demo.example", name="A")

    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await sql.execute("UPDATE app_user SET name = ? WHERE id = ?", "B", user.id)
            _ = 1 / 0

    assert (await User.get(id=user.id)).name == "A"
