"""Why somebody was taken off, when a group moved up and until when it was told it had time, who filled in the form: on
their own rows.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField
from trainings.registrations.models import Farewell

TAKEN_OFF = """
    UPDATE registration SET taken_off = (
        SELECT a.detail->>'why' FROM audit_line a
        WHERE a.object_id = registration.id AND a.act = 'registrations.cancel' ORDER BY a.id DESC LIMIT 1
    )
    WHERE state = 'cancelled'
"""
MOVED_UP = """
    UPDATE registration_group SET moved_up_at = (
        SELECT MAX(a.created_at) FROM audit_line a
        WHERE a.object_id = registration_group.id AND a.act = 'registrations.promote'
    )
"""
FILLER = """
    UPDATE registration_group SET filler_id = (
        SELECT r.id FROM registration r JOIN audit_line a ON a.object_id = r.id
        WHERE r.group_id = registration_group.id AND a.act = 'registrations.sign_up' ORDER BY r.id LIMIT 1
    )
"""
TOLD_UNTIL = """
    UPDATE registration_group SET told_until = (
        SELECT {old} FROM audit_line a
        WHERE a.object_id = registration_group.id AND a.act = 'registrations.move_offer'
            AND a.created_at >= registration_group.reached_at
        ORDER BY a.id LIMIT 1
    )
    WHERE state = 'offered'
"""
OLD = {"postgres": "(a.detail->>'old')::timestamptz", "sqlite": "REPLACE(a.detail->>'old', 'T', ' ')"}


async def from_the_log(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    for statement in (TAKEN_OFF, MOVED_UP, FILLER, TOLD_UNTIL.format(old=OLD[client.capabilities.dialect])):
        await client.execute_query(statement)


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The columns go."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0037_how_much_sweeps_took")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Registration",
            name="taken_off",
            field=fields.CharEnumField(enum_type=Farewell, max_length=24, null=True),
        ),
        ops.AddField(model_name="RegistrationGroup", name="told_until", field=UTCDatetimeField(null=True)),
        ops.AddField(model_name="RegistrationGroup", name="moved_up_at", field=UTCDatetimeField(null=True)),
        ops.AddField(model_name="RegistrationGroup", name="filler_id", field=fields.UUIDField(null=True)),
        ops.RunPython(from_the_log, reverse_code=nothing),
        ops.RunSQL(
            "CREATE INDEX ix_group_moved_up ON registration_group (moved_up_at) WHERE moved_up_at IS NOT NULL",
            reverse_sql="DROP INDEX ix_group_moved_up",
        ),
    ]
