"""What came of telling those who hold cards without a name."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallResult, CallVia


class Migration(migrations.Migration):
    dependencies = [("trainings", "0007_certificates_to_trust")]

    initial = False

    operations = [
        ops.CreateModel(
            name="HolderCall",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "call_list",
                    fields.ForeignKeyField(
                        "trainings.CallList",
                        source_field="call_list_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="holder_calls",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "block",
                    fields.ForeignKeyField(
                        "trainings.ReservedBlock",
                        source_field="block_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="calls",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "result",
                    fields.CharEnumField(
                        description="REACHED: reached\nNOT_REACHED: not_reached", enum_type=CallResult, max_length=16
                    ),
                ),
                (
                    "via",
                    fields.CharEnumField(
                        description=(
                            "CALL: call\nWHATSAPP: whatsapp\nSMS: sms\nIN_PERSON: in_person\nFAMILY: family\nLEADER: leader\n"
                            "SCHOOL: school\nRADIO: radio"
                        ),
                        enum_type=CallVia,
                        max_length=16,
                    ),
                ),
                ("called_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "holder_call",
                "app": "trainings",
                "indexes": [Index(fields=["call_list_id"]), Index(fields=["block_id"])],
                "pk_attr": "id",
                "table_description": (
                    "What came of telling somebody who holds cards without a name: they tell those who will come with them."
                ),
            },
            bases=["Record"],
        ),
    ]
