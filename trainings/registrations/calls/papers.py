"""Whom a call list about certificates concerns: who has a valid one, or had one annulled since the list before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import reads
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.models import Registration

Paper = tuple[UUID, str]
"""Somebody's registration, and the kind of their certificate."""
KEPT = timedelta(days=30)
"""Who was written to longer ago is told already: that letter is deleted, so that nothing else says so."""
AT_LONGEST = timedelta(days=1)
"""So long before its list was opened was nothing annulled that it tells of: earlier lists are deleted one day."""


async def told_of_papers(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, datetime]]:
    """By list the registrations concerned, each with since when: what was told before, was told of another paper.

    Who has a valid one of the kind by now, or a certificado in place of a diploma, is told of that alone. Of what never
    was valid nor handed over nobody knows. Nobody is called to fetch what they hold already, nor about what they had
    their name taken out of.
    """
    asked = [one for one in lists if one.reason in (CallReason.CERTIFICATE, CallReason.ANNULLED)]
    if not asked:
        return {}
    rows = await _known_papers({one.training_id for one in asked})
    waiting = {
        row["id"]
        for row in rows
        if row["state"] == "valid" and row["handed_over_at"] is None and row["erased_at"] is None
    }
    valid: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    standing: set[Paper] = set()
    annulled: dict[UUID, list[tuple[datetime, Paper]]] = defaultdict(list)
    for row in rows:
        if row["state"] == "valid":
            own = valid[row["training_id"]]
            own[row["id"]] = max(row["validated_at"], own.get(row["id"], row["validated_at"]))
            standing.add((row["id"], row["kind"]))
            if row["kind"] == "certificado":
                standing.add((row["id"], "diploma"))
        elif row["revoked_at"] is not None and row["erased_at"] is None:
            annulled[row["training_id"]].append((row["revoked_at"], (row["id"], row["kind"])))
    still_kept = clock.now() - KEPT
    before = await _lists_before(asked)
    return {
        one.id: {key: at for key, at in valid[one.training_id].items() if key in waiting and at > still_kept}
        if one.reason is CallReason.CERTIFICATE
        else _since(before.get(one.id), one, annulled[one.training_id], but=standing)
        for one in asked
    }


async def _known_papers(training_ids: Collection[UUID]) -> list[dict[str, Any]]:
    """The certificates of these trainings that their people know of: they were valid, or handed over."""
    known = Q(certificates__validated_at__not_isnull=True) | Q(certificates__handed_over_at__not_isnull=True)
    papers = reads(Registration).filter(known, training_id__in=sorted(training_ids))
    return await papers.values(
        "id",
        "training_id",
        kind="certificates__kind",
        state="certificates__state",
        validated_at="certificates__validated_at",
        revoked_at="certificates__revoked_at",
        handed_over_at="certificates__handed_over_at",
        erased_at="certificates__erased_at",
    )


def _since(
    before: datetime | None, call_list: CallList, acts: Iterable[tuple[datetime, Paper]], *, but: Collection[Paper]
) -> dict[UUID, datetime]:
    """Whose was annulled after what the list before tells, and when; `but` these have a valid one of it by now."""
    until, since = _annulled_till(call_list.due_at), before or call_list.created_at - AT_LONGEST
    own = [(at, paper) for at, paper in sorted(acts) if since < at <= until]
    return {paper[0]: at for at, paper in own if paper not in but}


async def _lists_before(lists: Sequence[CallList]) -> dict[UUID, datetime]:
    """For each list about what was annulled, up to when the one before it tells of that."""
    trainings = sorted({one.training_id for one in lists if one.reason is CallReason.ANNULLED})
    if not trainings:
        return {}
    every = reads(CallList).filter(training_id__in=trainings, reason=CallReason.ANNULLED).order_by("due_at", "id")
    newest: dict[UUID, datetime] = {}
    before = {}
    for list_id, training_id, due_at in await every.values_list("id", "training_id", "due_at"):
        if training_id in newest:
            before[list_id] = _annulled_till(newest[training_id])
        newest[training_id] = due_at
    return before


def _annulled_till(due_at: datetime) -> datetime:
    """A list is opened with what it tells, and due when that could be stopped for so long."""
    return due_at - STAFF_DELAY
