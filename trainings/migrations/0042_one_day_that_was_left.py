"""A change keeps what was public before it, and who holds sessions the number that they were told last.

The facts of a training say who holds each session from now on: those kept till now begin anew, with what holds.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from trainings.clock import now
from trainings.db.fields import UTCDatetimeField
from trainings.lib.tokens import uuid7


class Dropped(ops.RemoveField):
    """Of this only the models know: on SQLite it would make the table anew, without its indexes."""

    async def database_forward(self, *_state: Any, **_more: Any) -> None:
        pass


def _sql(text: str) -> ops.RunSQL:
    return ops.RunSQL(text, reverse_sql=ops.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("trainings", "0041_what_was_told")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FacilitatorTold",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("created_at", UTCDatetimeField(default=now)),
                (
                    "training",
                    fields.ForeignKeyField(
                        "trainings.Training",
                        source_field="training_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="facilitators_told",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "user",
                    fields.ForeignKeyField(
                        "trainings.User",
                        source_field="user_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="told",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("told_number", fields.IntField()),
            ],
            options={
                "table": "facilitator_told",
                "app": "trainings",
                "unique_together": (("training", "user"),),
                "pk_attr": "id",
                "table_description": "The number of a training's facts that somebody who holds its sessions, or held them, was last told.",
            },
            bases=["Record"],
        ),
        _sql("DELETE FROM facts_snapshot"),
        _sql("UPDATE registration SET told_number = NULL, heard_number = NULL"),
        _sql("UPDATE reserved_block SET told_number = NULL, heard_number = NULL"),
        _sql("UPDATE call SET knew_number = NULL WHERE knew_number IS NOT NULL"),
        _sql("UPDATE holder_call SET knew_number = NULL WHERE knew_number IS NOT NULL"),
        Dropped(model_name="SessionChange", name="old_starts_at"),
        Dropped(model_name="SessionChange", name="old_ends_at"),
        Dropped(model_name="SessionChange", name="old_online_url"),
        Dropped(model_name="SessionChange", name="old_venue"),
        _sql("ALTER TABLE session_change DROP COLUMN old_starts_at"),
        _sql("ALTER TABLE session_change DROP COLUMN old_ends_at"),
        _sql("ALTER TABLE session_change DROP COLUMN old_online_url"),
        _sql("ALTER TABLE session_change DROP COLUMN old_venue_id"),
    ]
