"""How long before the first session reserved places are released, as was agreed: moving a training there and back keeps it."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0017_numbers_of_slips_and_heads")]

    initial = False

    operations = [
        ops.AddField(model_name="ReservedBlock", name="agreed_seconds", field=fields.IntField(null=True)),
    ]
