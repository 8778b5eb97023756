"""What the pages of every day ask for is found by it: nothing there reads a table from end to end."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    "ix_attendance_present": "attendance (session_id) WHERE is_present",
    "ix_registration_expected": (
        "registration (training_id) WHERE duplicate_of_id IS NULL AND state IN ('confirmed', 'offered')"
    ),
    "ix_registration_completed": "registration (completed_at) WHERE completed_at IS NOT NULL",
    "ix_replaced_ticket_code": "replaced_ticket (short_code)",
    "ix_scan_event_to_decide": "scan_event (session_id) WHERE flag <> '' AND decision = ''",
    "ix_head_count_waiting": "head_count (activity_id) WHERE state = 'waiting'",
    "ix_walk_in_slip_state": "walk_in_slip (state, session_id)",
    "ix_session_facilitator_user": "session_facilitator (user_id)",
}


class Migration(migrations.Migration):
    dependencies = [("trainings", "0028_when_sweeps_stood_still")]

    operations = [
        ops.RunSQL(f"CREATE INDEX {name} ON {where}", reverse_sql=f"DROP INDEX {name}")
        for name, where in INDEXES.items()
    ]
