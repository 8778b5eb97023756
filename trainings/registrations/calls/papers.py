"""Whom a list about certificates concerns: a valid one, or one annulled since the list before."""

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
"""(registration, kind of certificate)."""
KEPT = timedelta(days=30)
"""An older letter is deleted; its reader counts as told."""
AT_LONGEST = timedelta(days=1)
"""A list tells of nothing annulled earlier than this before it opened: earlier lists get deleted."""


async def told_of_papers(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, datetime]]:
    """By list: registrations, each with since when; earlier tellings were about another paper.

    A person with a valid paper of the kind, or a certificado instead of a diploma, is told of that alone. Nobody is
    told of what was never valid nor handed over, of what they hold already, or of what had their name removed.
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
    """They were valid or handed over."""
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
    """Whose paper was annulled after the list before, and when. `but` these have a valid one."""
    until, since = _annulled_till(call_list.due_at), before or call_list.created_at - AT_LONGEST
    own = [(at, paper) for at, paper in sorted(acts) if since < at <= until]
    return {paper[0]: at for at, paper in own if paper not in but}


async def _lists_before(lists: Sequence[CallList]) -> dict[UUID, datetime]:
    """Until when the list before tells of annulled papers."""
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
    """A list opens with its act and is due once that cannot be stopped any more."""
    return due_at - STAFF_DELAY
