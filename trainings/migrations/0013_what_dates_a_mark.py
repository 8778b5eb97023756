"""What tells when a mark was made: one that comes again may tell it better, and what its session tells moves with it."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.attendance.models import DatedBy

LINES = "UPDATE scan_event SET dated_by = 'session' WHERE how = 'sheet' AND kind IN ('in', 'walkin')"
"""A line of the signed paper never said when."""
LOST = """
    UPDATE scan_event SET dated_by = 'session'
    WHERE phone_id IS NOT NULL AND at <> device_at AND at = (
        SELECT CASE WHEN scan_event.kind IN ('out', 'left', 'close') THEN held.ends_at ELSE held.starts_at END
        FROM training_session held
        WHERE held.id = scan_event.session_id
    )
"""
"""What no clock told was put at the beginning of its session, at the end who left."""
BY_THE_SESSION = (LINES, LOST)


class Migration(migrations.Migration):
    dependencies = [("trainings", "0012_codes_of_replaced_tickets")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ScanEvent",
            name="dated_by",
            field=fields.CharEnumField(
                default=DatedBy.CLOCK,
                description="CLOCK: clock\nPAGE: page\nSESSION: session",
                db_default="clock",
                enum_type=DatedBy,
                max_length=8,
            ),
        ),
        *(ops.RunSQL(statement, reverse_sql=ops.RunSQL.noop) for statement in BY_THE_SESSION),
    ]
