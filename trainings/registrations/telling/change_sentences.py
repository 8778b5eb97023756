from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from trainings.registrations.telling.message_facts import Facts
from trainings.schedule.changes import Difference
from trainings.schedule.models import ChangeKind
from trainings.schedule.public.change_words import sentence_of


def news(facts: Facts) -> list[Difference]:
    """Differences from what the reader was last told; what was moved back is none."""
    reader, off = facts.registration, facts.is_cancelled
    found = facts.snapshots.news(reader, facts.sessions, facts.training, is_called_off=off)
    return [one for one in found if _concerns(one, facts)]


def in_words(facts: Facts) -> dict[str, Any]:
    """For the message about changes, in the active language."""
    found = news(facts)
    kinds = {one.kind for one in found}
    return {
        "changes": [sentence_of(one, knows_place=facts.knows_place) for one in found],
        "is_only_cancelled": kinds == {ChangeKind.CANCELLED},
        "is_only_reopened": kinds == {ChangeKind.REOPENED},
    }


def moved_unheard(facts: Facts) -> list[str]:
    """Sessions called off that the reader still knows on another day."""
    return [sentence_of(one, knows_place=facts.knows_place) for one in news(facts) if one.is_moved]


def revivals(facts: Facts, session_id: UUID) -> int:
    """How often the reader's calendar had to forget this session, which takes place after all."""
    n_revivals = 0
    off_since: datetime | None = None
    for snapshot in facts.snapshots.numbered:
        known = snapshot.facts.get(session_id)
        if known is None or snapshot.at < facts.registration.created_at:
            continue
        if known.is_on and off_since is not None:
            n_revivals += _was_told(facts, off_since, snapshot.at)
            off_since = None
        elif not known.is_on:
            off_since = off_since or snapshot.at
    return n_revivals


def _was_told(facts: Facts, since: datetime, until: datetime) -> bool:
    """A message about changes, not about the whole training, left in between."""
    told = (job for job in facts.told_of_changes if job.kind == "training_changed")
    return any(since <= job.run_at <= until for job in told)


def _concerns(difference: Difference, facts: Facts) -> bool:
    """Another house in the same town is no news for readers without the exact place, nor another link for readers
    without one.
    """
    if difference.is_other_link and difference.kind is ChangeKind.PLACE:
        return facts.takes_place
    if difference.kind is not ChangeKind.PLACE or facts.knows_place:
        return True
    old, new = difference.old_venue, difference.session.venue
    return (old and old.municipality_id) != (new and new.municipality_id)
