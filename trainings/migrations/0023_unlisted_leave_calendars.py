"""What is by its address only stands in no calendar any more, where it was called cancelled though it takes place."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

LEFT = """
    DELETE FROM session_text WHERE session_id IN (
        SELECT s.id FROM training_session s JOIN training t ON t.id = s.training_id
        WHERE t.state = 'unlisted' OR t.state_before = 'unlisted'
    )
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0022_courses_have_owners")]

    initial = False

    operations = [ops.RunSQL(LEFT, reverse_sql=ops.RunSQL.noop)]
