"""What is asked for by a person, a sheet or a session is found by it, however many others there are."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    "ix_attendance_registration": "attendance (registration_id)",
    "ix_certificate_registration": "certificate (registration_id)",
    "ix_scan_event_registration": "scan_event (registration_id) WHERE registration_id IS NOT NULL",
    "ix_scan_event_sheet": "scan_event (sheet_id) WHERE sheet_id IS NOT NULL",
    "ix_scan_event_conflict": "scan_event (conflict_of_id) WHERE conflict_of_id IS NOT NULL",
    "ix_card_registration": "card (registration_id) WHERE registration_id IS NOT NULL",
    "ix_walk_in_slip_registration": "walk_in_slip (registration_id) WHERE registration_id IS NOT NULL",
    "ix_walk_in_slip_device": "walk_in_slip (device_id)",
    "ix_participant_merged": "participant (merged_into_id) WHERE merged_into_id IS NOT NULL",
    "ix_participant_merge_kept": "participant_merge (kept_id)",
    "ix_participant_merge_merged": "participant_merge (merged_id)",
    "ix_printout_session": "printout (session_id)",
    "ix_invitation_letter_block": "invitation_letter (block_id) WHERE block_id IS NOT NULL",
    "ix_device_activity_activity": "device_activity (activity_id)",
}
"""Where most rows have none, the index holds the others only: it costs nothing when somebody signs up."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0010_heads_in_quarantine")]

    operations = [
        ops.RunSQL(f"CREATE INDEX {name} ON {where}", reverse_sql=f"DROP INDEX {name}")
        for name, where in INDEXES.items()
    ]
