"""Activities at whose time the one who answers for them cannot come, as `schedule.absences` tells it of sessions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outreach.models import ActivityState, OutreachActivity
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
    rows = await theirs.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    return {
        absence.id: [
            (one.starts_at, one.title)
            for one in rows
            if one.starts_at < absence.ends_at and absence.starts_at < one.ends_at
        ]
        for absence in absences
    }


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An activity to come, and who answers for it and said that they cannot then."""

    activity_id: UUID
    title: str
    starts_at: datetime
    who: str


async def unanswered_at(hub_ids: Collection[UUID]) -> list[Unanswered]:
    """At these hubs, by start. Whoever was put in charge all the same stays so until they take their absence back."""
    now = clock.now()
    found = reads(OutreachActivity).filter(
        hub_id__in=sorted(hub_ids), ends_at__gt=now, responsible__unavailable__ends_at__gt=now
    )
    times = ("ends_at", "responsible__unavailable__starts_at", "responsible__unavailable__ends_at")
    standing = found.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    rows = await standing.values_list("id", "title", "starts_at", "responsible__name", *times)
    return list(
        dict.fromkeys(
            Unanswered(activity_id, title, starts_at, who)
            for activity_id, title, starts_at, who, ends_at, away_from, away_until in rows
            if starts_at < away_until and away_from < ends_at
        )
    )
