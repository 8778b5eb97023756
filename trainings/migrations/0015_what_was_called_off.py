"""What a training was before it was called off: hidden ones and drafts do not come into public view by taking place."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.schedule.models import TrainingState

NEVER_SHOWN = "UPDATE training SET state_before = 'draft' WHERE state = 'cancelled' AND published_at IS NULL"
SHOWN = """
    UPDATE training SET state_before = CASE (
        SELECT line.act FROM audit_line line
        WHERE line.object_id = training.id
            AND line.act IN ('schedule.publish', 'schedule.unlist', 'schedule.reopen')
        ORDER BY line.created_at DESC, line.id DESC
        LIMIT 1
    ) WHEN 'schedule.unlist' THEN 'unlisted' ELSE 'published' END
    WHERE state = 'cancelled' AND published_at IS NOT NULL
"""
"""The last act on record tells; what took place after all was published by that."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0014_first_number_of_a_phone")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Training",
            name="state_before",
            field=fields.CharEnumField(
                null=True,
                description="DRAFT: draft\nPUBLISHED: published\nUNLISTED: unlisted\nCANCELLED: cancelled",
                enum_type=TrainingState,
                max_length=16,
            ),
        ),
        ops.RunSQL(NEVER_SHOWN, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(SHOWN, reverse_sql=ops.RunSQL.noop),
    ]
