"""Who is one person with whom: participants that staff merged, whatever was merged into what."""

from __future__ import annotations

from uuid import UUID

from trainings.db import reads
from trainings.people.models import Merge, Participant


async def same_person_ids(participant_id: UUID) -> list[UUID]:
    """All participants that are held to be this person, it among them, the one that stays first.

    Found through the merges rather than `merged_into`: those are few, while people are many and not indexed by it.
    """
    return await all_merged_into(await last_kept(participant_id))


async def last_kept(participant_id: UUID) -> UUID:
    """The participant that stays where this one, and those it was merged into, were merged; else it itself."""
    while True:
        found = await reads(Participant).get_or_none(id=participant_id).values_list("merged_into_id")
        if found is None or found[0] is None:
            return participant_id
        participant_id = found[0]


async def all_merged_into(kept_id: UUID) -> list[UUID]:
    """This participant and all that were merged into it, directly or by way of others, in the order of merging."""
    whole, latest = [kept_id], [kept_id]
    while latest:
        standing = reads(Merge).filter(kept_id__in=latest, undone_at=None).order_by("created_at", "id")
        latest = [merged_id for (merged_id,) in await standing.values_list("merged_id")]
        whole += latest
    return whole
