"""Whom a course is for, and the courses before it, are a training's own once it is published, as its other terms are.

Those that are there have them as of today.
"""

from __future__ import annotations

import functools
from json import dumps, loads
from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

AUDIENCE = """
    UPDATE training SET course_audience = (SELECT c.audience FROM course c WHERE c.id = training.course_id)
"""
REQUIRED = """
    UPDATE training SET required_courses = (
        SELECT {array}(p.required_id) FROM course_prerequisite p WHERE p.course_id = training.course_id
    )
    WHERE course_id IN (SELECT course_id FROM course_prerequisite)
"""


async def as_of_today(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    array = "jsonb_agg" if client.capabilities.dialect == "postgres" else "json_group_array"
    await client.execute_query(AUDIENCE)
    await client.execute_query(REQUIRED.format(array=array))


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The columns go."""


def a_list() -> fields.JSONField[list[str]]:
    return fields.JSONField(
        default=list, db_default="[]", encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
    )


class Migration(migrations.Migration):
    dependencies = [("trainings", "0032_numbers_of_counted_heads")]

    initial = False

    operations = [
        ops.AddField(model_name="Training", name="course_audience", field=a_list()),
        ops.AddField(model_name="Training", name="required_courses", field=a_list()),
        ops.RunPython(as_of_today, reverse_code=nothing),
    ]
