"""A sign-up that is joined keeps how it stood before, and the childcare that counts with the kept one."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.registrations.models import RegistrationState

STOOD = """
    UPDATE registration SET joined_state = CASE
        WHEN confirmed_at IS NOT NULL THEN 'confirmed'
        WHEN (SELECT g.wait_number FROM registration_group g WHERE g.id = registration.group_id) IS NOT NULL
            THEN 'waitlisted'
        ELSE 'held'
    END
    WHERE joined_to_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0042_one_day_that_was_left")]

    operations = [
        ops.AddField(
            model_name="Registration",
            name="joined_state",
            field=fields.CharEnumField(null=True, enum_type=RegistrationState, max_length=16),
        ),
        ops.AddField(
            model_name="Registration",
            name="joined_childcare",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.RunSQL(STOOD, reverse_sql=ops.RunSQL.noop),
    ]
