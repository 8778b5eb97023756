"""What a course asks for and prints is a training's own once it is published. Those that are there have it as of today."""

from __future__ import annotations

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.schedule.models import CourseKind

AS_OF_TODAY = """
    UPDATE training SET (kind, minutes, contents, completion_share, pass_mark) = (
        SELECT course.kind, course.minutes, course.contents, course.completion_share, course.pass_mark
        FROM course WHERE course.id = training.course_id
    )
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0019_copies_without_an_answer")]

    initial = False

    operations = [
        ops.AddField(model_name="Training", name="completion_share", field=fields.IntField(default=80, db_default=80)),
        ops.AddField(
            model_name="Training",
            name="contents",
            field=fields.JSONField(
                default=list,
                db_default="[]",
                encoder=functools.partial(dumps, separators=(",", ":")),
                decoder=loads,
            ),
        ),
        ops.AddField(
            model_name="Training",
            name="kind",
            field=fields.CharEnumField(
                description="CHARLA: charla\nTALLER: taller\nCURSO: curso\nDIPLOMADO: diplomado",
                db_default="taller",
                enum_type=CourseKind,
                max_length=16,
            ),
        ),
        ops.AddField(model_name="Training", name="minutes", field=fields.IntField(db_default=0)),
        ops.AddField(model_name="Training", name="pass_mark", field=fields.IntField(null=True)),
        ops.RunSQL(AS_OF_TODAY, reverse_sql=ops.RunSQL.noop),
    ]
