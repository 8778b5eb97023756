"""When a session was last opened again, and when what papers tell of it was last put right, on its own row."""

from __future__ import annotations

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField

FROM_LOG = """
    UPDATE training_session SET {column} = (
        SELECT MAX(a.created_at) FROM audit_line a WHERE a.object_id = training_session.id AND a.act IN ({acts})
    )
"""
REOPENED = "'attendance.reopen'"
CORRECTED = "'schedule.correct_session', 'schedule.held', 'schedule.true_end'"


async def from_the_log(_apps: Any, schema_editor: Any) -> None:
    await schema_editor.client.execute_query(FROM_LOG.format(column="reopened_at", acts=REOPENED))
    await schema_editor.client.execute_query(FROM_LOG.format(column="corrected_at", acts=CORRECTED))


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The columns go."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0034_when_sweeps_last_looked")]

    initial = False

    operations = [
        ops.AddField(model_name="TrainingSession", name="reopened_at", field=UTCDatetimeField(null=True)),
        ops.AddField(model_name="TrainingSession", name="corrected_at", field=UTCDatetimeField(null=True)),
        ops.RunPython(from_the_log, reverse_code=nothing),
    ]
