"""Design and language of papers belong to who gives them, and no more to the course: trainings keep those of today."""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

AS_OF_TODAY = """
    UPDATE training SET (design, paper_language) = (
        SELECT course.design, course.paper_language FROM course WHERE course.id = training.course_id
    )
    WHERE course_id IN (SELECT id FROM course WHERE design <> 'diploma' OR paper_language <> 'es')
"""
"""The usual ones need not be said."""


class Dropped(ops.RemoveField):
    """Of this only the models know: on SQLite it would make the table anew, without its checks."""

    async def database_forward(self, *_state: Any, **_more: Any) -> None:
        pass


def _text(length: int, usual: str) -> fields.CharField[str]:
    return fields.CharField(max_length=length, default=usual, db_default=usual)


class Migration(migrations.Migration):
    dependencies = [("trainings", "0020_training_keeps_its_terms")]

    initial = False

    operations = [
        ops.AddField(model_name="Operator", name="design", field=_text(64, "diploma")),
        ops.AddField(model_name="Operator", name="paper_language", field=_text(16, "es")),
        ops.AddField(model_name="Training", name="design", field=_text(64, "")),
        ops.AddField(model_name="Training", name="paper_language", field=_text(16, "")),
        ops.RunSQL(AS_OF_TODAY, reverse_sql=ops.RunSQL.noop),
        Dropped(model_name="Course", name="design"),
        Dropped(model_name="Course", name="paper_language"),
        ops.RunSQL("ALTER TABLE course DROP COLUMN design", reverse_sql=ops.RunSQL.noop),
        ops.RunSQL("ALTER TABLE course DROP COLUMN paper_language", reverse_sql=ops.RunSQL.noop),
    ]
