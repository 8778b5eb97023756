"""A sign-up that was stored as another one's duplicate is one that was joined to it; a number waits for one group.

Duplicates took no place: cancelled, they go on taking none, and their cards count as before.
"""

# ruff: noqa: S608 - the texts are made of constants
from __future__ import annotations

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

LEFT = "SELECT COUNT(*) FROM registration r WHERE r.group_id = registration_group.id AND r.state <> 'cancelled'"
STATEMENTS = (
    """
    UPDATE registration SET state = 'cancelled', cancelled_at = created_at, cancelled_by = 'program'
    WHERE joined_to_id IS NOT NULL AND state <> 'cancelled'
    """,
    f"UPDATE registration_group SET n_people = ({LEFT}) WHERE state <> 'cancelled' AND ({LEFT}) > 0",
    f"UPDATE registration_group SET state = 'cancelled', offered_until = NULL WHERE state <> 'cancelled' AND ({LEFT}) = 0",
    """
    UPDATE registration_group SET wait_number = (
        SELECT n.number FROM (
            SELECT id, ROW_NUMBER() OVER (PARTITION BY training_id ORDER BY wait_number, id) AS number
            FROM registration_group WHERE wait_number IS NOT NULL
        ) n WHERE n.id = registration_group.id
    ) WHERE wait_number IS NOT NULL
    """,
    """
    UPDATE training SET next_wait_number = 1 + (
        SELECT COALESCE(MAX(g.wait_number), 0) FROM registration_group g WHERE g.training_id = training.id
    )
    """,
)


async def join(_apps: Any, schema_editor: Any) -> None:
    for text in STATEMENTS:
        await schema_editor.client.execute_query(text)


async def stay(_apps: Any, _schema_editor: Any) -> None:
    """Who was joined stays so."""


class Renamed(ops.RenameField):
    """Of a relation the column and its name from the other side are renamed too, which the operation leaves."""

    def state_forward(self, app_label: str, state: State) -> None:
        super().state_forward(app_label, state)
        field: Any = state.models[app_label, self.model_name].fields[self.new_name]
        field.source_field, field.related_name = f"{self.new_name}_id", RELATED[self.new_name]
        state.reload_models({(app_label, self.model_name)})


RELATED = {"duplicate_of": "duplicates", "joined_to": "joined"}
EXPECTED = "CREATE INDEX ix_registration_expected ON registration (training_id) WHERE {which}"
IS_EXPECTED = "state IN ('confirmed', 'offered')"


class Migration(migrations.Migration):
    dependencies = [("trainings", "0039_what_was_stopped")]

    operations = [
        ops.RunSQL(
            "DROP INDEX ix_registration_expected",
            reverse_sql=EXPECTED.format(which=f"duplicate_of_id IS NULL AND {IS_EXPECTED}"),
        ),
        Renamed(model_name="Registration", old_name="duplicate_of", new_name="joined_to"),
        ops.RunSQL(EXPECTED.format(which=IS_EXPECTED), reverse_sql="DROP INDEX ix_registration_expected"),
        ops.RunPython(join, reverse_code=stay),
        ops.RunSQL(
            "CREATE UNIQUE INDEX uq_wait_number ON registration_group (training_id, wait_number)",
            reverse_sql="DROP INDEX uq_wait_number",
        ),
    ]
