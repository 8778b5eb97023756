"""A course is of the municipality of who made it: found in the record, where that person coordinates at one alone."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

OWN = """
    UPDATE course SET operator_id = (
        SELECT o.id FROM operator o WHERE o.id IN ({operators})
    )
    WHERE (SELECT COUNT(*) FROM operator o WHERE o.id IN ({operators})) = 1
"""
OPERATORS = """
    SELECT COALESCE(g.operator_id, h.operator_id)
    FROM audit_line line
    JOIN role_grant g ON g.user_id = line.actor_id
    LEFT JOIN hub h ON h.id = g.hub_id
    WHERE line.object_id = course.id AND line.act = 'schedule.create_course'
        AND g.role IN ('hub_coordinator', 'municipal_admin')
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0021_designs_belong_to_operators")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Course",
            name="operator",
            field=fields.ForeignKeyField(
                "trainings.Operator",
                source_field="operator_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="courses",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RunSQL(OWN.format(operators=OPERATORS), reverse_sql=ops.RunSQL.noop),
    ]
