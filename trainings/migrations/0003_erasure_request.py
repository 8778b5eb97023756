"""What assistants ask to be erased, and people of one name found without reading them all."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7


class Migration(migrations.Migration):
    dependencies = [("trainings", "0002_calls_of_ones_own")]

    operations = [
        ops.CreateModel(
            name="ErasureRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "registration",
                    fields.OneToOneField(
                        "trainings.Registration",
                        source_field="registration_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="erasure_request",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("papers", fields.CharField(max_length=8)),
                ("asked_by_id", fields.UUIDField()),
            ],
            options={
                "table": "erasure_request",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "A person wants to be erased, says an assistant, and a coordinator confirms it.",
            },
            bases=["Record"],
        ),
        ops.RunSQL(
            "CREATE INDEX ix_participant_name_key ON participant (name_key)",
            "DROP INDEX ix_participant_name_key",
        ),
    ]
