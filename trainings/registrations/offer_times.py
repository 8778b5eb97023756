"""Until when somebody had time to answer an offer, as they were told first, where it is another time by now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.registrations.models import RegistrationGroup, RegistrationState

MOVED_OFFER = "registrations.move_offer"
"""The audit line of a time to answer that is another than before, with both."""


async def times_before(groups: Iterable[RegistrationGroup]) -> dict[UUID, datetime]:
    """The time that each of these groups was told first; without those whose time is the same, or has no end."""
    running = {
        one.id: one
        for one in groups
        if one.state is RegistrationState.OFFERED and one.reached_at is not None and one.offered_until is not None
    }
    if not running:
        return {}
    told: dict[UUID, datetime] = {}
    for line in await reads(AuditLine).filter(act=MOVED_OFFER, object_id__in=list(running)).order_by("id"):
        assert line.object_id is not None
        reached_at = running[line.object_id].reached_at
        if reached_at is not None and line.created_at >= reached_at:
            told.setdefault(line.object_id, datetime.fromisoformat(line.detail["old"]))
    return {group_id: before for group_id, before in told.items() if before != running[group_id].offered_until}
