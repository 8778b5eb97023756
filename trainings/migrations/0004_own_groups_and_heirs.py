"""Who was taken out of a family becomes a group of one; look-alikes are found by the first they look like.

A number of the waiting list may now stand twice: whoever is taken out of a waiting family keeps it. Two indexes go that
another one made superfluous.
"""

# ruff: noqa: S608 - the texts are made of constants
from __future__ import annotations

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

APART = """
    SELECT r.id FROM registration r
    WHERE r.detached_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM registration o WHERE o.group_id = r.group_id AND o.id <> r.id)
"""
OLD = f"SELECT group_id FROM registration WHERE id IN ({APART})"
LEFT = """
    SELECT COUNT(*) FROM registration o
    WHERE o.group_id = registration_group.id AND o.state <> 'cancelled' AND o.detached_at IS NULL
"""
COUNTED = (
    "SELECT 1 FROM registration o WHERE o.group_id = g.id AND o.state IN ('confirmed', 'offered') "
    "AND o.duplicate_of_id IS NULL AND o.source <> 'walk_in' AND o.detached_at IS {there}"
)
STATEMENTS = (
    # Childcare that nobody of the family is left for.
    f"""
    UPDATE training SET childcare_taken = childcare_taken - (
        SELECT SUM(g.childcare_places) FROM registration_group g
        WHERE g.training_id = training.id AND g.id IN ({OLD})
            AND EXISTS ({COUNTED.format(there="NOT NULL")}) AND NOT EXISTS ({COUNTED.format(there="NULL")})
    ) WHERE id IN (
        SELECT g.training_id FROM registration_group g
        WHERE g.id IN ({OLD})
            AND EXISTS ({COUNTED.format(there="NOT NULL")}) AND NOT EXISTS ({COUNTED.format(there="NULL")})
    )
    """,
    f"""
    INSERT INTO registration_group (
        id, created_at, training_id, state, n_people, childcare_places, wait_number, hold_reason, body_hash, changed_at
    )
    SELECT r.id, r.created_at, r.training_id, r.state, 1, 0, g.wait_number, g.hold_reason, '', g.changed_at
    FROM registration r JOIN registration_group g ON g.id = r.group_id WHERE r.id IN ({APART})
    """,
    f"UPDATE registration_group SET n_people = ({LEFT}) WHERE id IN ({OLD}) AND ({LEFT}) > 0",
    f"""
    UPDATE registration_group SET state = 'cancelled', offered_until = NULL
    WHERE id IN ({OLD}) AND state <> 'cancelled' AND ({LEFT}) = 0
    """,
    f"UPDATE own_link SET group_id = registration_id WHERE registration_id IN ({APART})",
    f"UPDATE registration SET group_id = id WHERE id IN ({APART})",
)


async def move_out(_apps: Any, schema_editor: Any) -> None:
    """A group has the key of its one person: no two of either are the same."""
    for text in STATEMENTS:
        await schema_editor.client.execute_query(text)


async def stay(_apps: Any, _schema_editor: Any) -> None:
    """Nobody goes back into the sight of who was kept from seeing them."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0003_groups_cards_guardians")]

    operations = [
        ops.RunSQL(
            "DROP INDEX uq_wait_number",
            reverse_sql="CREATE INDEX uq_wait_number ON registration_group (training_id, wait_number)",
        ),
        ops.RunSQL(
            "DROP INDEX ix_group_waiting",
            reverse_sql="CREATE INDEX ix_group_waiting ON registration_group (training_id, wait_number)",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_registration_first ON registration (duplicate_of_id) WHERE duplicate_of_id IS NOT NULL",
            reverse_sql="DROP INDEX ix_registration_first",
        ),
        ops.RunPython(move_out, reverse_code=stay),
    ]
