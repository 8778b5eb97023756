"""What staff stopped in its ten minutes, and when sessions last moved a group's time to answer, in rows of their own."""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7

STOPPED = """
    INSERT INTO stopped_batch (id, created_at, batch_id)
    SELECT a.id, a.created_at, a.object_id FROM audit_line a
    WHERE a.act = 'outbox.stop' AND NOT EXISTS (
        SELECT 1 FROM audit_line b WHERE b.act = a.act AND b.object_id = a.object_id AND b.id < a.id
    )
"""
MOVED = """
    UPDATE registration_group SET offer_moved_at = (
        SELECT MAX(a.created_at) FROM audit_line a
        WHERE a.object_id = registration_group.id AND a.act = 'registrations.move_offer'
            AND a.created_at >= registration_group.reached_at
    )
    WHERE state = 'offered'
"""


async def from_the_log(_apps: Any, schema_editor: Any) -> None:
    await schema_editor.client.execute_query(STOPPED)
    await schema_editor.client.execute_query(MOVED)


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The table and the column go."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0038_what_groups_were_told")]

    initial = False

    operations = [
        ops.CreateModel(
            name="StoppedBatch",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("batch_id", fields.UUIDField(unique=True)),
            ],
            options={
                "table": "stopped_batch",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "Messages and calls that staff stopped in their ten minutes (`created_at`).",
            },
            bases=["Record"],
        ),
        ops.AddField(model_name="RegistrationGroup", name="offer_moved_at", field=UTCDatetimeField(null=True)),
        ops.RunPython(from_the_log, reverse_code=nothing),
    ]
