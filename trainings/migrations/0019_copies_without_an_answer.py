"""How many copies of a message were handed over to a mail server that never answered: no more than two are."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0018_agreed_time_of_release")]

    initial = False

    operations = [
        ops.AddField(model_name="OutboxJob", name="n_unanswered", field=fields.IntField(default=0, db_default=0)),
    ]
