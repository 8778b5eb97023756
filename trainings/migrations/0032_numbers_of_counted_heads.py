"""What a phone counted is found by its numbers: at each request it is told which of them are not here."""

from __future__ import annotations

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0031_when_a_session_really_ended")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="HeadCount", index=Index(fields=["counted_by_id", "seq"], name="idx_head_count_numbers")
        ),
    ]
