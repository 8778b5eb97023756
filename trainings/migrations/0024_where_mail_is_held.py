"""Where servers refuse us: sending is held there. And since when a server refuses a recipient without saying why."""

from __future__ import annotations

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.outbox.models import WhyHeld


class Migration(migrations.Migration):
    dependencies = [("trainings", "0023_unlisted_leave_calendars")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MailHold",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                ("domain_key", fields.CharField(unique=True, max_length=64)),
                ("domain", fields.CharField(default="", max_length=255)),
                (
                    "recipient_keys",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("is_unbroken", fields.BooleanField(default=False)),
                ("held_at", UTCDatetimeField(null=True)),
                (
                    "why",
                    fields.CharEnumField(
                        default=WhyHeld.RECIPIENTS,
                        description="SIGN_IN: sign_in\nSENDER: sender\nDOMAINS: domains\nRECIPIENTS: recipients\nINSECURE: insecure",
                        enum_type=WhyHeld,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "mail_hold",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "What servers said about us since they last took mail: at a domain, or without a `domain_key` of all we send.",
            },
            bases=["Record"],
        ),
        ops.AddField(model_name="OutboxJob", name="doubted_at", field=UTCDatetimeField(null=True)),
    ]
