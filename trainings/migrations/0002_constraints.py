"""What the database guarantees by itself: partial unique indexes and checks, which the ORM does not write.

SQLite adds no CHECK to a table that stands, so there each check is a pair of triggers. A later migration that rebuilds
one of these tables on SQLite must make its triggers and indexes again.
"""

from __future__ import annotations

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

NOWHERE = "'00000000-0000-0000-0000-000000000000'"

INDEXES = {
    "uq_certificate_live": "UNIQUE INDEX {name} ON certificate (registration_id, kind) WHERE state <> 'revoked'",
    "uq_role_grant": (
        f"UNIQUE INDEX {{name}} ON role_grant (user_id, role, COALESCE(hub_id, {NOWHERE}), COALESCE(operator_id, {NOWHERE}))"
    ),
    "uq_wait_number": (
        "UNIQUE INDEX {name} ON registration_group (training_id, wait_number) WHERE wait_number IS NOT NULL"
    ),
    "ix_group_waiting": "INDEX {name} ON registration_group (training_id, wait_number) WHERE state = 'waitlisted'",
    "ix_outbox_ready": (
        "INDEX {name} ON outbox_job (run_at, id) WHERE done_at IS NULL AND failed_at IS NULL AND stopped_at IS NULL"
    ),
    "ix_session_training": "INDEX {name} ON training_session (training_id)",
    "ix_scan_to_review": "INDEX {name} ON scan_event (session_id) WHERE flag <> '' AND reviewed_at IS NULL",
}

CHECKS = {
    ("training", "ck_training_places"): "{0}taken >= 0 AND {0}taken <= {0}capacity",
    ("training", "ck_training_childcare"): "{0}childcare_taken >= 0 AND {0}childcare_taken <= {0}childcare_capacity",
    ("training_session", "ck_session_order"): "{0}ends_at > {0}starts_at",
    ("training_session", "ck_session_cancelled"): "{0}state <> 'cancelled' OR {0}sequence >= 1",
    ("registration_group", "ck_group_size"): "{0}n_people BETWEEN 1 AND 8 AND {0}childcare_places BETWEEN 0 AND 8",
    ("registration", "ck_registration_mark"): "{0}mark IS NULL OR {0}mark BETWEEN 0 AND 100",
    ("registration", "ck_registration_minutes"): "{0}minutes_attended >= 0",
    ("attendance", "ck_attendance_minutes"): "{0}minutes >= 0",
    ("course", "ck_course_share"): "{0}completion_share BETWEEN 1 AND 100 AND {0}minutes > 0",
}


async def add_checks(_apps: Any, schema_editor: Any) -> None:
    """CHECK on PostgreSQL; on SQLite triggers that abort the statement with the check's name."""
    client = schema_editor.client
    for (table, name), rule in CHECKS.items():
        if client.capabilities.dialect == "postgres":
            await client.execute_query(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({rule.format('')})")
            continue
        for event in ("INSERT", "UPDATE"):
            await client.execute_query(
                f"CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table} WHEN NOT ({rule.format('NEW.')}) "
                f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {name}'); END"
            )


async def drop_checks(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    for table, name in CHECKS:
        if client.capabilities.dialect == "postgres":
            await client.execute_query(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            continue
        for event in ("insert", "update"):
            await client.execute_query(f"DROP TRIGGER {name}_{event}")


class Migration(migrations.Migration):
    dependencies = [("trainings", "0001_initial")]

    operations = [
        *(
            ops.RunSQL("CREATE " + text.format(name=name), reverse_sql=f"DROP INDEX {name}")
            for name, text in INDEXES.items()
        ),
        ops.RunPython(add_checks, reverse_code=drop_checks),
    ]
