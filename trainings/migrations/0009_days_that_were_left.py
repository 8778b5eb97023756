"""What a session was right before each change, for who came in between; changes are asked for by moment and by batch."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField

AS_ALL_KNEW_IT = """
    UPDATE session_change
    SET left_starts_at = old_starts_at, left_ends_at = old_ends_at, left_venue_id = old_venue_id
"""
"""Of earlier changes no more is known."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0008_holder_calls")]

    initial = False

    operations = [
        ops.AddField(
            model_name="SessionChange",
            name="left_ends_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="SessionChange",
            name="left_starts_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="SessionChange",
            name="left_venue",
            field=fields.ForeignKeyField(
                "trainings.Venue",
                source_field="left_venue_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="left_last_by",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddIndex(
            model_name="SessionChange",
            index=Index(fields=["created_at"]),
        ),
        ops.AddIndex(
            model_name="SessionChange",
            index=Index(fields=["batch_id"]),
        ),
        ops.RunSQL(AS_ALL_KNEW_IT, reverse_sql=ops.RunSQL.noop),
    ]
