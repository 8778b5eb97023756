"""The number with which a phone began when it was prepared: what never came before its first mark is missed, too."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0013_what_dates_a_mark")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Device",
            name="first_seq",
            field=fields.IntField(null=True),
        ),
    ]
