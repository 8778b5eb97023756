"""The facts of a training by number, and which of them each reader was told last."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.lib.tokens import uuid7


class Migration(migrations.Migration):
    dependencies = [("trainings", "0040_joined_sign_ups")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FactsSnapshot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "training",
                    fields.ForeignKeyField(
                        "trainings.Training",
                        source_field="training_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="snapshots",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.IntField()),
                ("facts", EncryptedTextField(null=True, unique=False)),
            ],
            options={
                "table": "facts_snapshot",
                "app": "trainings",
                "unique_together": (("training", "number"),),
                "pk_attr": "id",
                "table_description": "When and where each session of a training is, and whether it takes place, till the next number (`snapshots.py`).",
            },
            bases=["Record"],
        ),
        ops.AddField(
            model_name="Call",
            name="knew_number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="HolderCall",
            name="knew_number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Registration",
            name="heard_number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Registration",
            name="told_number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="ReservedBlock",
            name="heard_number",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="ReservedBlock",
            name="told_number",
            field=fields.IntField(null=True),
        ),
    ]
