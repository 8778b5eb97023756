from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0001_shelf")]

    operations = [ops.AddField(model_name="Shelf", name="width", field=fields.IntField(default=0))]
