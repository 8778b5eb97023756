from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Shelf",
            fields=[("id", fields.UUIDField(primary_key=True))],
            options={"table": "shelf", "app": "trainings", "pk_attr": "id"},
        )
    ]
