"""Who cancelled a registration, and who last corrected its name: what happened before says nobody."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField
from trainings.registrations.models import Author


class Migration(migrations.Migration):
    dependencies = [("trainings", "0025_names_before")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Registration",
            name="cancelled_by",
            field=fields.CharEnumField(enum_type=Author, max_length=8, null=True),
        ),
        ops.AddField(model_name="Registration", name="renamed_at", field=UTCDatetimeField(null=True)),
        ops.AddField(
            model_name="Registration",
            name="renamed_by",
            field=fields.CharEnumField(enum_type=Author, max_length=8, null=True),
        ),
    ]
