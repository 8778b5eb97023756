"""People by surname: the order of a training's list, for who is there already too."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.people.actions import sort_key

AT_ONCE = 5_000
NEXT = "SELECT id, given_names, surnames FROM participant WHERE id > {} ORDER BY id LIMIT {}"
WRITE = "UPDATE participant SET sort_key = {} WHERE id = {}"
FIRST = "00000000-0000-0000-0000-000000000000"


async def _fill(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    first, second = ("$1", "$2") if client.capabilities.dialect == "postgres" else ("?", "?")
    last: object = FIRST
    while found := await client.execute_query_dict(NEXT.format(first, AT_ONCE), [last]):
        await client.execute_many(
            WRITE.format(first, second), [[sort_key(row["given_names"], row["surnames"]), row["id"]] for row in found]
        )
        last = found[-1]["id"]


class Migration(migrations.Migration):
    dependencies = [("trainings", "0003_erasure_request")]

    operations = [
        ops.AddField(
            model_name="Participant",
            name="sort_key",
            field=fields.CharField(max_length=260, default="", db_default=""),
        ),
        ops.RunPython(_fill),
    ]
