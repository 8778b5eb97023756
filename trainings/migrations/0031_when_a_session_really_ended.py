"""When a session really ended that was closed before its time; of those closed until now what was planned stands."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

import trainings.db.fields


class Migration(migrations.Migration):
    dependencies = [("trainings", "0030_called_off_with_its_training")]

    initial = False

    operations = [
        ops.AddField(
            model_name="TrainingSession", name="ended_at", field=trainings.db.fields.UTCDatetimeField(null=True)
        ),
    ]
