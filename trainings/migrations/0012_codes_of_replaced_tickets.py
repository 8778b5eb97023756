"""The code that is typed of a ticket printed anew: whoever comes with the old paper is known by it, too."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0011_found_by_their_person")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ReplacedTicket",
            name="short_code",
            field=fields.CharField(default="", db_default="", max_length=9),
        ),
    ]
