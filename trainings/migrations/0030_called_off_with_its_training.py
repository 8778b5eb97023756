"""Sessions that were called off with their training, and what that takes from who was marked there."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

import trainings.db.fields

CALLED_OFF = """
    UPDATE training_session SET called_off_at = (
        SELECT t.cancelled_at FROM training t WHERE t.id = training_session.training_id
    )
    WHERE closed_at IS NULL AND EXISTS (
        SELECT 1 FROM training t
        WHERE t.id = training_session.training_id AND t.state = 'cancelled' AND training_session.ends_at > t.cancelled_at
    )
"""
"""What had ended before, and was not closed, was held as calendars say: people's hours stay."""
NO_MINUTES = """
    UPDATE attendance SET minutes = 0
    WHERE minutes > 0 AND session_id IN (SELECT id FROM training_session WHERE called_off_at IS NOT NULL)
"""
NOT_COMPLETED = """
    UPDATE registration SET completed_at = NULL, minutes_attended = (
        SELECT COALESCE(SUM(a.minutes), 0) FROM attendance a WHERE a.registration_id = registration.id
    )
    WHERE training_id IN (SELECT id FROM training WHERE state = 'cancelled')
        AND (minutes_attended > 0 OR completed_at IS NOT NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0029_found_by_what_is_asked")]

    initial = False

    operations = [
        ops.AddField(
            model_name="TrainingSession", name="called_off_at", field=trainings.db.fields.UTCDatetimeField(null=True)
        ),
        ops.RunSQL(CALLED_OFF, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(NO_MINUTES, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(NOT_COMPLETED, reverse_sql=ops.RunSQL.noop),
    ]
