"""How many rows each sweep took something from, in rows of their own: from them it is known what is usual."""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7

RUNS = """
    INSERT INTO sweep_run (id, created_at, n_rows) SELECT id, created_at, (SELECT SUM({number}) FROM {each}(detail))
    FROM audit_line WHERE act = 'privacy.sweep'
"""


async def from_the_log(_apps: Any, schema_editor: Any) -> None:
    is_postgres = schema_editor.client.capabilities.dialect == "postgres"
    number, each = ("value::int", "jsonb_each_text") if is_postgres else ("value", "json_each")
    await schema_editor.client.execute_query(RUNS.format(number=number, each=each))


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The table goes."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0036_what_activities_were")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SweepRun",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("n_rows", fields.IntField()),
            ],
            options={
                "table": "sweep_run",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A sweep that deleted anything, and how many rows lost something.",
            },
            bases=["Record"],
        ),
        ops.RunPython(from_the_log, reverse_code=nothing),
    ]
