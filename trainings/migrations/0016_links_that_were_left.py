"""By which address one came to a session online before each change: a link is a place that people are told of."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import EncryptedTextField


class Migration(migrations.Migration):
    dependencies = [("trainings", "0015_what_was_called_off")]

    initial = False

    operations = [
        ops.AddField(
            model_name="SessionChange",
            name="left_online_url",
            field=EncryptedTextField(null=True),
        ),
        ops.AddField(
            model_name="SessionChange",
            name="old_online_url",
            field=EncryptedTextField(null=True),
        ),
    ]
