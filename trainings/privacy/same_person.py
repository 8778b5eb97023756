"""Who is one person with whom, inside a statement: participants that staff merged, whatever was merged into what."""

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
"""Begins a statement. `same` has each two participants that are held to be one person, both ways round; nobody else."""
