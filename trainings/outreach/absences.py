"""Activities at whose time the one who answers for them cannot come, as `schedule.absences` tells it of sessions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.schedule.absences import Unheld, away_then, by_absence
from trainings.schedule.models import Unavailability


async def activities_then(user_id: UUID, absences: Sequence[Unavailability]) -> dict[UUID, list[tuple[datetime, str]]]:
    """Start and title of the activities that the person answers for, by absence, in order."""
    if not absences:
        return {}
    theirs = reads(OutreachActivity).filter(
        responsible_id=user_id,
        starts_at__lt=max(absence.ends_at for absence in absences),
        ends_at__gt=min(absence.starts_at for absence in absences),
    )
    standing = theirs.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    return by_absence(absences, await standing.values_list("starts_at", "ends_at", "title"))


async def unanswered_at(hub_ids: Collection[UUID]) -> list[Unheld]:
    """At these hubs, by start. Whoever was put in charge all the same stays so until they take their absence back."""
    now = clock.now()
    found = reads(OutreachActivity).filter(
        hub_id__in=sorted(hub_ids), ends_at__gt=now, responsible__unavailable__ends_at__gt=now
    )
    times = ("ends_at", "responsible__unavailable__starts_at", "responsible__unavailable__ends_at")
    standing = found.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    return away_then(await standing.values_list("id", "id", "title", "starts_at", "responsible__name", *times))
