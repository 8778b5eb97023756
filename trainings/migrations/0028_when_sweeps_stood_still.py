"""When what is deleted by itself stood still and asked."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.privacy.models import WhyStopped


class Migration(migrations.Migration):
    dependencies = [("trainings", "0027_keys_compromised_since")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SweepStop",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "why",
                    fields.CharEnumField(description="ROWS: rows\nCLOCK: clock", enum_type=WhyStopped, max_length=16),
                ),
                ("n_rows", fields.IntField(default=0)),
                ("agreed_at", UTCDatetimeField(null=True)),
            ],
            options={
                "table": "sweep_stop",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "From `created_at` until `agreed_at` nothing is deleted by itself. `n_rows`: how many would have gone.",
            },
            bases=["Record"],
        ),
    ]
