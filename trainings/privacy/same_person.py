"""Merged participants inside a statement, however they were merged."""

from __future__ import annotations

SAME_PERSON = """
    WITH RECURSIVE pair (one, other) AS (
        SELECT kept_id, merged_id FROM participant_merge WHERE undone_at IS NULL
        UNION SELECT merged_id, kept_id FROM participant_merge WHERE undone_at IS NULL
    ), same (one, other) AS (
        SELECT one, other FROM pair
        UNION SELECT same.one, pair.other FROM same JOIN pair ON pair.one = same.other
    )
"""
"""Begins a statement. `same`: each two participants merged into one person, both ways round; nobody else."""
