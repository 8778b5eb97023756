"""Sessions and activities held again after people heard of a cancellation: that is told instead.

A cancellation undone before anybody was told is not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from trainings.schedule.models import ChangeKind, DatedChange

STILL_SAID = """
    NOT EXISTS (
        SELECT 1 FROM dated_change again
        WHERE again.session_id = {change}.session_id AND again.kind = 'reopened'
            AND again.created_at > {change}.created_at
            AND NOT EXISTS (
                SELECT 1 FROM dated_change off
                WHERE off.session_id = again.session_id AND off.kind = 'cancelled'
                    AND (off.batch_id = again.batch_id OR off.created_at > again.created_at)
            )
    )
"""
"""The same as SQL on changes named `{change}`."""


def still_said(changes: Iterable[DatedChange]) -> list[DatedChange]:
    """Changes that still hold, newest first: a reopening replaces earlier ones."""
    newest_first = list(changes)
    of_thing: dict[UUID, list[DatedChange]] = defaultdict(list)
    for change in newest_first:
        of_thing[change.thing_id].append(change)
    kept = {change.id for found in of_thing.values() for change in _since_held_again(found)}
    return [change for change in newest_first if change.id in kept]


def _since_held_again(changes: Sequence[DatedChange]) -> Sequence[DatedChange]:
    called_off_in = {change.batch_id for change in changes if change.kind is ChangeKind.CANCELLED}
    for n, change in enumerate(changes):
        if change.kind is ChangeKind.CANCELLED:
            break
        if change.kind is ChangeKind.REOPENED and change.batch_id not in called_off_in:
            return changes[: n + 1]
    return changes
