"""Changes of sessions and of activities are kept in one table."""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import EncryptedTextField, UTCDatetimeField
from trainings.db.keyring import keyring
from trainings.lib.tokens import uuid7
from trainings.schedule.models import ChangeKind

CHANGES = """
    INSERT INTO dated_change (
        id, created_at, session_id, kind, left_starts_at, left_ends_at, left_venue_id, left_online_url,
        is_place_rewritten, batch_id
    )
    SELECT id, created_at, session_id, kind, left_starts_at, left_ends_at, left_venue_id, left_online_url, FALSE, batch_id
    FROM session_change
"""
OF_ACTIVITIES = """
    INSERT INTO dated_change (
        id, created_at, activity_id, kind, left_starts_at, left_ends_at, left_venue_id, left_municipality_id,
        is_place_rewritten, batch_id
    )
    SELECT c.id, c.created_at, c.activity_id, c.kind, c.old_starts_at, c.old_ends_at, c.old_venue_id,
        c.old_municipality_id, c.is_place_rewritten, COALESCE((
            SELECT off.id FROM activity_change off
            WHERE c.kind = 'reopened' AND off.kind = 'cancelled' AND off.activity_id = c.activity_id
                AND off.created_at <= c.created_at AND {is_untold}
            ORDER BY off.created_at DESC LIMIT 1
        ), c.id)
    FROM activity_change c
"""
IS_UNTOLD = {
    "sqlite": "(julianday(c.created_at) - julianday(off.created_at)) * 1440 < 10",
    "postgres": "c.created_at - off.created_at < INTERVAL '10 minutes'",
}
"""What was held again so soon was told together with its being called off."""


async def carry_over(_apps: Any, schema_editor: Any) -> None:
    client = schema_editor.client
    await client.execute_query(CHANGES)
    await client.execute_query(OF_ACTIVITIES.format(is_untold=IS_UNTOLD[client.capabilities.dialect]))
    for row in await client.execute_query_dict("SELECT id, left_online_url FROM session_change"):
        if row["left_online_url"] is not None:
            await client.execute_query(_sealed_anew(row["id"], row["left_online_url"]))


def _sealed_anew(change_id: object, stored: str) -> str:
    """A seal is tied to its table. Key and seal have no quotes in them."""
    place = f"dated_change:left_online_url:{change_id}"
    link = keyring().seal(keyring().open(stored, f"session_change:left_online_url:{change_id}"), place)
    return f"UPDATE dated_change SET left_online_url = '{link}' WHERE id = '{change_id}'"  # noqa: S608


async def nothing(_apps: Any, _schema_editor: Any) -> None:
    """Forward only."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0044_what_may_have_been_heard")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DatedChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "trainings.TrainingSession",
                        source_field="session_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="changes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "activity",
                    fields.ForeignKeyField(
                        "trainings.OutreachActivity",
                        source_field="activity_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="changes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="MOVED: moved\nPLACE: place\nCANCELLED: cancelled\nREOPENED: reopened\nADDED: added",
                        enum_type=ChangeKind,
                        max_length=16,
                    ),
                ),
                ("left_starts_at", UTCDatetimeField(null=True)),
                ("left_ends_at", UTCDatetimeField(null=True)),
                (
                    "left_venue",
                    fields.ForeignKeyField(
                        "trainings.Venue",
                        source_field="left_venue_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="left_last_by",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "left_municipality",
                    fields.ForeignKeyField(
                        "trainings.Municipality",
                        source_field="left_municipality_id",
                        null=True,
                        db_constraint=True,
                        to_field="ine_code",
                        related_name="left_last_by",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("left_online_url", EncryptedTextField(null=True, unique=False)),
                ("is_place_rewritten", fields.BooleanField(default=False, db_default=False)),
                ("batch_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "dated_change",
                "app": "trainings",
                "indexes": [
                    Index(fields=["session_id"]),
                    Index(fields=["activity_id"]),
                    Index(fields=["created_at"]),
                    Index(fields=["batch_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A change of a session or an activity (one of them is set) that people had to hear of. `batch_id`: what was told",
            },
            bases=["Record"],
        ),
        ops.RunPython(carry_over, reverse_code=nothing),
        ops.AlterModelOptions(
            name="FactsSnapshot",
            options={
                "table": "facts_snapshot",
                "app": "trainings",
                "unique_together": (("training", "number"),),
                "pk_attr": "id",
                "table_description": "When and where each session of a training is, who holds it, and whether it takes place, till the next number",
            },
        ),
        ops.AlterModelOptions(
            name="ReplacedTicket",
            options={
                "table": "replaced_ticket",
                "app": "trainings",
                "indexes": [Index(fields=["registration_id"])],
                "pk_attr": "id",
                "table_description": "QR and code of a ticket that was printed anew: whoever still comes with it came, and staff look at it.",
            },
        ),
        ops.AlterModelOptions(
            name="TrainingSession",
            options={
                "table": "training_session",
                "app": "trainings",
                "pk_attr": "id",
                "table_description": "One dated meeting. `closed_at`: the facilitator ended it, so its minutes count. `ended_at`: when it really ended,",
            },
        ),
        ops.DeleteModel(name="ActivityChange"),
        ops.DeleteModel(name="SessionChange"),
    ]
