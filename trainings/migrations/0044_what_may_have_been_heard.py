"""A call keeps what its reader may have heard before it."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0043_as_it_was_when_joined")]

    operations = [
        ops.AddField(model_name="Call", name="knew_heard", field=fields.IntField(null=True)),
        ops.AddField(model_name="HolderCall", name="knew_heard", field=fields.IntField(null=True)),
    ]
