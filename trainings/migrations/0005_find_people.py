"""What finds people: the words of their names at each hub, and the last digits of their telephones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import keyring
from trainings.db.sql import execute, execute_many, rows
from trainings.lib.crypt import SealBroken
from trainings.people.finding import add_words, phone_tail

AT_ONCE = 5_000
TABLE = {
    # In the order of its key, without a second copy: half of the room.
    "sqlite": "CREATE TABLE name_word (hub INT NOT NULL, word VARCHAR(260) NOT NULL, participant_id CHAR(36) NOT NULL, "
    "PRIMARY KEY (hub, word, participant_id)) WITHOUT ROWID",
    # Beginnings of words are found in the order of their bytes alone.
    "postgres": 'CREATE TABLE name_word (hub INT NOT NULL, word VARCHAR(260) COLLATE "C" NOT NULL, '
    "participant_id UUID NOT NULL, PRIMARY KEY (hub, word, participant_id))",
}
INDEX = "INDEX ix_participant_phone_tail ON participant (phone_tail) WHERE phone_tail IS NOT NULL"
FIRST = "00000000-0000-0000-0000-000000000000"
PEOPLE = f"SELECT id, phone, phone_key FROM participant WHERE id > ? ORDER BY id LIMIT {AT_ONCE}"  # noqa: S608
GUARDIANS = "SELECT id, participant_id, phone FROM guardian WHERE phone IS NOT NULL AND participant_id IN ?list"


async def make_table(_apps: Any, schema_editor: Any) -> None:
    await execute(TABLE[schema_editor.client.capabilities.dialect])


async def drop_table(_apps: Any, _schema_editor: Any) -> None:
    await execute("DROP TABLE name_word")


async def fill(_apps: Any, _schema_editor: Any) -> None:
    async for people in _batches():
        await add_words([one["id"] for one in people])
        tails = [(phone_tail(phone), key) for key, phone in await _phones(people)]
        await execute_many("UPDATE participant SET phone_tail = ? WHERE id = ?", tails)


async def _batches() -> AsyncIterator[list[dict[str, Any]]]:
    last: Any = FIRST
    while people := await rows(PEOPLE, last):
        yield people
        last = people[-1]["id"]


async def _phones(people: list[dict[str, Any]]) -> list[tuple[Any, str]]:
    """Of each person with a key of a telephone: their own, or of a minor the guardian's which the key is of."""
    wanted = {one["id"]: one["phone_key"] for one in people if one["phone_key"] is not None}
    found = [(one["id"], _opened("participant", one)) for one in people if one["phone"] is not None]
    for one in await rows(GUARDIANS, list(wanted)):
        phone = _opened("guardian", one)
        if phone and wanted[one["participant_id"]] in keyring().blind_indexes(phone, "phone"):
            found.append((one["participant_id"], phone))
    return [(key, phone) for key, phone in found if phone]


def _opened(table: str, row: dict[str, Any]) -> str | None:
    """None: of a key that is lost. The rest is found all the same."""
    with suppress(SealBroken):
        return keyring().open(row["phone"], f"{table}:phone:{row['id']}")
    return None


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    pass


class Migration(migrations.Migration):
    dependencies = [("trainings", "0004_sort_key")]

    operations = [
        ops.AddField(model_name="Participant", name="phone_tail", field=fields.CharField(null=True, max_length=8)),
        ops.RunSQL(f"CREATE {INDEX}", "DROP INDEX ix_participant_phone_tail"),
        ops.AddField(model_name="User", name="wants_slash", field=fields.BooleanField(default=False, db_default=False)),
        ops.RunPython(make_table, reverse_code=drop_table),
        ops.RunPython(fill, reverse_code=nothing),
    ]
