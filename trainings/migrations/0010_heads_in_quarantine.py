"""Heads that phones take back by their name, and those that wait for somebody; a departure before the arrival is odd."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.attendance.models import ScanFlag
from trainings.db.fields import UTCDatetimeField
from trainings.db.steps import Checks, Known
from trainings.outreach.models import HeadState

CHECKS = {("head_count", "ck_head_count_undo"): "{0}target_id IS NULL OR {0}number = 0"}
"""What takes back is no number of its own: twice taken back is once."""
WAITING = "CREATE INDEX ix_head_waiting ON head_count (activity_id) WHERE state = 'waiting'"


class Migration(migrations.Migration):
    dependencies = [("trainings", "0009_days_that_were_left")]

    initial = False

    operations = [
        ops.AddField(
            model_name="HeadCount",
            name="conflict_of_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="HeadCount",
            name="decided_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="HeadCount",
            name="decided_by_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="HeadCount",
            name="state",
            field=fields.CharEnumField(
                default=HeadState.COUNTS,
                description="COUNTS: \nWAITING: waiting\nCOUNTED: counted\nDISMISSED: dismissed",
                db_default="",
                enum_type=HeadState,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="HeadCount",
            name="target_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddIndex(
            model_name="HeadCount",
            index=Index(fields=["target_id"]),
        ),
        Known(
            model_name="ScanEvent",
            name="flag",
            field=fields.CharEnumField(
                default=ScanFlag.NONE,
                description=(
                    "NONE: \nUNKNOWN_CODE: unknown_code\nOTHER_TRAINING: other_training\nWAITLISTED: waitlisted\n"
                    "HELD: held\nCANCELLED: cancelled\nCLOCK: clock\nCHANGED_BODY: changed_body\n"
                    "AFTER_CLOSE: after_close\nREPLACED: replaced\nUNNAMED: unnamed\nUNKNOWN_ROW: unknown_row\n"
                    "REVOKED: revoked\nOTHER_SESSION: other_session\nSESSION_OFF: session_off\n"
                    "BEFORE_ARRIVAL: before_arrival"
                ),
                enum_type=ScanFlag,
                max_length=16,
            ),
        ),
        ops.RunSQL(WAITING, reverse_sql="DROP INDEX ix_head_waiting"),
        Checks(CHECKS),
    ]
