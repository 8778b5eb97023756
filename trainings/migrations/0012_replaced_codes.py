"""The typed code of a ticket that was printed anew is found by an index."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0011_unused_columns")]

    operations = [
        ops.AddIndex(model_name="ReplacedTicket", index=Index(fields=["short_code"])),
    ]
