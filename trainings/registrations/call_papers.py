"""Whom a call list about certificates concerns: who has one that is valid, or had one that was annulled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.models import Registration


async def told_of_papers(lists: Sequence[CallList]) -> dict[UUID, dict[UUID, datetime]]:
    """By list the registrations concerned, each with since when: what was told before, was told of another paper.

    Who has a valid one by now is not told of the annulled one, but of that. What never was valid, nobody was told of.
    Nobody is called to fetch what they hold already, nor about what they asked to have their name taken out of.
    """
    asked = [one for one in lists if one.reason in (CallReason.CERTIFICATE, CallReason.ANNULLED)]
    if not asked:
        return {}
    trainings = sorted({one.training_id for one in asked})
    told = reads(Registration).filter(training_id__in=trainings, certificates__validated_at__not_isnull=True)
    rows = await told.values(
        "id",
        "training_id",
        state="certificates__state",
        validated_at="certificates__validated_at",
        revoked_at="certificates__revoked_at",
        handed_over_at="certificates__handed_over_at",
        erased_at="certificates__erased_at",
    )
    waiting = {
        row["id"]
        for row in rows
        if row["state"] == "valid" and row["handed_over_at"] is None and row["erased_at"] is None
    }
    valid: dict[UUID, dict[UUID, datetime]] = {key: {} for key in trainings}
    annulled: dict[UUID, dict[UUID, datetime]] = {key: {} for key in trainings}
    for row in rows:
        found, moment = (valid, row["validated_at"]) if row["state"] == "valid" else (annulled, row["revoked_at"])
        if moment is not None and (found is valid or row["erased_at"] is None):
            of_training = found[row["training_id"]]
            of_training[row["id"]] = max(moment, of_training.get(row["id"], moment))
    return {
        one.id: {key: at for key, at in valid[one.training_id].items() if key in waiting}
        if one.reason is CallReason.CERTIFICATE
        else {key: at for key, at in annulled[one.training_id].items() if key not in valid[one.training_id]}
        for one in asked
    }
