"""Which activities calendars and lists show, and to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import reads
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.outreach.shown import PATH, place_in_words
from trainings.schedule import towns
from trainings.schedule.towns import Town

CANCELLED_SHOWN = timedelta(days=7)
"""How long public lists show what was cancelled."""


@dataclass(frozen=True, slots=True)
class ListedActivity:
    """An activity as calendars and lists show it. Times UTC; `place` without the municipality, which is `town`."""

    id: UUID
    hub_id: UUID
    hub: str
    slug: str
    kind: ActivityKind
    title: str
    state: ActivityState
    starts_at: datetime
    ends_at: datetime
    town: Town
    place: str
    responsible_id: UUID
    venue_id: UUID | None

    @property
    def path(self) -> str:
        """Its public address on this site."""
        return PATH + self.slug

    @property
    def staff_path(self) -> str:
        """Its page in the panel."""
        return f"/panel/actividades/{self.id}"

    @property
    def day(self) -> date:
        """The local date."""
        return clock.local(self.starts_at).date()

    @property
    def is_cancelled(self) -> bool:
        return self.state is ActivityState.CANCELLED

    @property
    def is_draft(self) -> bool:
        return self.state is ActivityState.DRAFT

    @property
    def is_over(self) -> bool:
        return self.ends_at <= clock.now()


async def listed_activities(
    first: date,
    last: date,
    *,
    municipality: str | None = None,
    hub_ids: Collection[UUID] | None = None,
    with_drafts: bool = False,
) -> list[ListedActivity]:
    """Activities that begin on the local days `first` to `last`, both included, by start.

    `municipality` (INE code): those there, and those of hubs with their seat there, as its feed holds them. `hub_ids`:
    of these hubs only. Without `with_drafts`, which is for staff, everybody may see what is returned: published ones,
    and for a week those that were cancelled.
    """
    wanted = Q(starts_at__gte=clock.midnight(first), starts_at__lt=clock.midnight(last + timedelta(days=1)))
    if municipality is not None:
        wanted &= Q(municipality_id=municipality) | Q(hub__seat_id=municipality)
    if hub_ids is not None:
        wanted &= Q(hub_id__in=list(hub_ids))
    if not with_drafts:
        wanted &= public()
    found = reads(OutreachActivity).filter(wanted).select_related("hub", "venue").order_by("starts_at", "id")
    return listed(await found)


def public() -> Q:
    """What public lists hold now."""
    cancelled = Q(
        state=ActivityState.CANCELLED,
        published_at__isnull=False,
        cancelled_at__gt=clock.now() - CANCELLED_SHOWN,
    )
    return Q(state=ActivityState.PUBLISHED) | cancelled


def listed(activities: Iterable[OutreachActivity]) -> list[ListedActivity]:
    """Rows with hub and venue loaded, as lists show them."""
    return [
        ListedActivity(
            id=one.id,
            hub_id=one.hub_id,
            hub=one.hub.name,
            slug=one.slug,
            kind=one.kind,
            title=one.title,
            state=one.state,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            town=towns.by_code()[one.municipality_id],
            place=place_in_words(one),
            responsible_id=one.responsible_id,
            venue_id=one.venue_id,
        )
        for one in activities
    ]
