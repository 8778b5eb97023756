"""What activities were before they changed, and when a month's poster was last printed, in rows of their own."""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7
from trainings.schedule.models import ChangeKind

CHANGES = """
    INSERT INTO activity_change (
        id, created_at, activity_id, kind, old_starts_at, old_ends_at, old_municipality_id, old_venue_id,
        is_place_rewritten
    )
    SELECT a.id, a.created_at, a.object_id,
        CASE a.act WHEN 'outreach.cancel' THEN 'cancelled' WHEN 'outreach.reopen' THEN 'reopened' ELSE 'moved' END,
        {starts_at}, {ends_at}, a.detail->'was'->>'municipality', {venue_id},
        COALESCE(a.detail->>'changed', '') LIKE '%"place"%'
    FROM audit_line a JOIN outreach_activity o ON o.id = a.object_id
    WHERE a.act IN ('outreach.edit', 'outreach.move', 'outreach.cancel', 'outreach.reopen')
        AND a.detail->'was' IS NOT NULL
"""
POSTERS = """
    INSERT INTO month_poster (id, created_at, hub_id, month, printed_at, printed_by_id)
    SELECT a.id, a.created_at, a.object_id, {month}, a.created_at, a.actor_id
    FROM audit_line a JOIN hub h ON h.id = a.object_id
    WHERE a.act = 'outreach.print_month' AND NOT EXISTS (
        SELECT 1 FROM audit_line b WHERE b.act = a.act AND b.object_id = a.object_id
            AND b.detail->>'month' = a.detail->>'month' AND b.id > a.id
    )
"""
SQLITE = {
    "starts_at": "REPLACE(a.detail->'was'->>'starts_at', 'T', ' ')",
    "ends_at": "REPLACE(a.detail->'was'->>'ends_at', 'T', ' ')",
    "venue_id": "NULLIF(a.detail->'was'->>'venue_id', '')",
    "month": "a.detail->>'month' || '-01'",
}
POSTGRES = {
    "starts_at": "(a.detail->'was'->>'starts_at')::timestamptz",
    "ends_at": "(a.detail->'was'->>'ends_at')::timestamptz",
    "venue_id": "NULLIF(a.detail->'was'->>'venue_id', '')::uuid",
    "month": "(a.detail->>'month' || '-01')::date",
}


async def from_the_log(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    words = POSTGRES if client.capabilities.dialect == "postgres" else SQLITE
    await client.execute_query(CHANGES.format(**words))
    await client.execute_query(POSTERS.format(**words))


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """The tables go."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0035_opened_again_and_put_right")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ActivityChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "activity",
                    fields.ForeignKeyField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="changes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(enum_type=ChangeKind, max_length=16)),
                ("old_starts_at", UTCDatetimeField()),
                ("old_ends_at", UTCDatetimeField()),
                (
                    "old_municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="old_municipality_id",
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="activities_left",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "old_venue",
                    fields.ForeignKeyField(
                        "trainings.Venue",
                        source_field="old_venue_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="activities_left",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("is_place_rewritten", fields.BooleanField(default=False)),
            ],
            options={
                "table": "activity_change",
                "app": "trainings",
                "indexes": [Index(fields=["activity_id"])],
                "pk_attr": "id",
                "table_description": "What a public activity was before it changed. A place in the open is free text that may name somebody, and is not",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="MonthPoster",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "hub",
                    fields.ForeignKeyField(
                        "trainings.Hub",
                        source_field="hub_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="month_posters",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("month", fields.DateField()),
                ("printed_at", UTCDatetimeField()),
                ("printed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "month_poster",
                "app": "trainings",
                "unique_together": (("hub", "month"),),
                "pk_attr": "id",
                "table_description": "When the poster of a hub's month (its first day) was last printed, and by whom: every public activity of the hub",
            },
            bases=["Record"],
        ),
        ops.RunPython(from_the_log, reverse_code=nothing),
    ]
