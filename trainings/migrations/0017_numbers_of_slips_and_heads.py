"""The numbers that phones give slips, and heads at activities, as they give them marks: what never came is known by them."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0016_links_that_were_left")]

    initial = False

    operations = [
        ops.AddField(model_name="WalkInSlip", name="seq", field=fields.IntField(null=True)),
        ops.AddField(model_name="HeadCount", name="seq", field=fields.IntField(null=True)),
    ]
