"""When the sweeps last looked, so that work with a wrong clock does not hide that it jumped."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7


class Migration(migrations.Migration):
    dependencies = [("trainings", "0033_whom_a_training_asks_for")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SweepLook",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("looked_at", UTCDatetimeField()),
            ],
            options={
                "table": "sweep_look",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "When the sweeps last looked with a clock that went on as clocks do: one row, moved on by each look.",
            },
            bases=["Record"],
        ),
    ]
