from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from tortoise.expressions import F

from trainings.db import reads, sql
from trainings.db.sql import as_uuid
from trainings.people.models import Merge, Participant

WHOLE_PERSON = """
    WITH RECURSIVE kept (id, created_at, merged_into_id) AS (
        SELECT id, created_at, merged_into_id FROM participant WHERE id = ?
        UNION ALL
        SELECT p.id, p.created_at, p.merged_into_id FROM kept JOIN participant p ON p.id = kept.merged_into_id
    ), whole (id, depth, merged_at, merge_id) AS (
        SELECT id, 0, created_at, id FROM kept WHERE merged_into_id IS NULL
        UNION ALL
        SELECT m.merged_id, whole.depth + 1, m.created_at, m.id
        FROM whole JOIN participant_merge m ON m.kept_id = whole.id AND m.undone_at IS NULL
    )
    SELECT id FROM whole ORDER BY depth, merged_at, merge_id
"""


async def same_person_ids(participant_id: UUID) -> list[UUID]:
    """All merged with this participant, itself included: the kept participant first, then in order of merging. Through
    merges, which are few: people are many and not indexed by `merged_into`.
    """
    found = await sql.tuples(WHOLE_PERSON, participant_id)
    return [sql.as_uuid(one) for (one,) in found] or [participant_id]


async def last_kept(participant_id: UUID) -> UUID:
    while True:
        found = await reads(Participant).get_or_none(id=participant_id).values_list("merged_into_id")
        if found is None or found[0] is None:
            return participant_id
        participant_id = found[0]


async def told_apart(people: Collection[UUID]) -> frozenset[frozenset[UUID]]:
    """Pairs held different by staff: merges undone at once."""
    if not people:
        return frozenset()
    said = reads(Merge).filter(kept_id__in=sorted(people), merged_id__in=sorted(people), undone_at=F("created_at"))
    return frozenset([frozenset(pair) for pair in await said.values_list("kept_id", "merged_id")])


MERGED_INTO = "SELECT merged_id, kept_id FROM participant_merge WHERE kept_id IN ?list AND undone_at IS NULL"


async def whole_people(merged_into: Mapping[UUID, UUID | None]) -> dict[UUID, UUID]:
    """All participants merged with any of these, each with the kept participant."""
    last = {into for into in merged_into.values() if into is not None}
    kept = {key for key, into in merged_into.items() if into is None} - last
    while last:
        moved = dict(await reads(Participant).filter(id__in=sorted(last)).values_list("id", "merged_into_id"))
        kept |= {key for key, into in moved.items() if into is None}
        last = {into for into in moved.values() if into is not None}
    person_of = {key: key for key in kept}
    latest = sorted(kept)
    while latest:
        found = await sql.tuples(MERGED_INTO, latest, are_few=True)
        pairs = [(as_uuid(merged_id), as_uuid(kept_id)) for merged_id, kept_id in found]
        rows = [row for row in pairs if row[0] not in person_of]
        person_of |= {merged_id: person_of[kept_id] for merged_id, kept_id in rows}
        latest = [merged_id for merged_id, _kept_id in rows]
    return person_of


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
