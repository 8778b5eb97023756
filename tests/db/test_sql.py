from __future__ import annotations

import re

import pytest
from tortoise.exceptions import OperationalError

from tests.source import PACKAGE, python_files, shown
from trainings.accounts.models import User
from trainings.db import sql, transaction
from trainings.db.sql import Statement, translated
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

OF_ENGINES = re.compile(r"\b(translated|execute_query|execute_query_dict|execute_insert|execute_script)\b\(")


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


def test_statements_by_hand_are_put_into_words_of_an_engine_in_one_place() -> None:
    inside = {PACKAGE / "db", PACKAGE / "migrations"}

    others = [path for path in python_files("trainings") if inside.isdisjoint(path.parents)]

    assert len(others) > 400
    assert [shown(path) for path in others if OF_ENGINES.search(path.read_text())] == []


async def test_one_text_finds_rows_by_a_list_of_ids_on_both_engines(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(3)]

    rows = await sql.rows(
        "SELECT email FROM app_user WHERE id IN ?list AND is_active = ? ORDER BY email",
        [made[0].id, made[2].id],
        True,
    )

    assert [row["email"] for row in rows] == ["0@demo.example", "2@demo.example"]


async def test_rows_come_without_the_names_of_their_columns_too(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(3)]
    text = "SELECT email, name FROM app_user WHERE id IN ?list AND is_active = ? ORDER BY email"

    found = await sql.tuples(text, [made[0].id, made[2].id], True)

    assert found == (("0@demo.example", "A"), ("2@demo.example", "A"))
    assert hash(found) == hash(await sql.tuples(text, [made[2].id, made[0].id], True))
    assert await sql.tuples(text, [], True) == ()


async def test_several_are_asked_for_in_one_go_and_answered_in_order(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(2)]
    asked = [
        Statement("SELECT email FROM app_user WHERE id IN ?list", ([made[1].id],)),
        Statement("SELECT name, email FROM app_user WHERE name = ? ORDER BY email", ("A",)),
        Statement("SELECT email FROM app_user WHERE name = ?", ("B",)),
    ]
    told = [(("1@demo.example",),), (("A", "0@demo.example"), ("A", "1@demo.example")), ()]

    assert await sql.tables(asked) == told
    async with transaction():
        assert await sql.tables(asked) == told
    with pytest.raises(OperationalError):
        await sql.tables([*asked, Statement("SELECT nothing FROM app_user", ())])


async def test_what_is_read_for_showing_in_a_transaction_is_what_it_wrote(db: Settings) -> None:
    text = "SELECT name FROM app_user WHERE name = ?"

    async with transaction():
        await User.create(email="a@demo.example", name="A")

        assert await sql.reads(text, "A") == [{"name": "A"}]
        assert await sql.tuples(text, "A") == (("A",),)


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
