from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.db.sql import as_moment, as_uuid
from trainings.lib.text import SLUG
from trainings.outreach.actions import UnknownActivity
from trainings.outreach.calendar_texts import PATH, place_in_words
from trainings.outreach.changes import recent
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.schedule import towns
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.public.posted import Left
from trainings.schedule.public.sentences import left_note
from trainings.schedule.queries import SEES_ALL
from trainings.schedule.towns import Town
from trainings.web.forms import ListPage
from trainings.web.i18n import N_

PAGE_SIZE = 25
NOTHING: Mapping[UUID, Left] = {}


class UnknownPublicActivity(UnknownActivity):
    code = "unknown_activity"
    sentence = N_("No encontramos esta actividad. Busque las que vienen en su municipio.")


@dataclass(frozen=True, slots=True)
class ListedActivity:
    """Times UTC; `place` without the municipality, which is `town`."""

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
    left: Left | None = None

    @property
    def municipality_id(self) -> str:
        return self.town.code

    @property
    def path(self) -> str:
        return PATH + self.slug

    @property
    def staff_path(self) -> str:
        return f"/panel/actividades/{self.id}"

    @property
    def day(self) -> date:
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

    @property
    def note(self) -> str:
        """What changed within a week, or empty."""
        return left_note(self, self.town, self.left, is_called_off=self.is_cancelled)


async def listed_activities(
    first: date,
    last: date,
    *,
    municipality: str | None = None,
    hub_ids: Collection[UUID] | None = None,
    with_drafts: bool = False,
) -> list[ListedActivity]:
    """Beginning on the local days `first` to `last`, both included, by start. `municipality` (INE code): there, or of
    hubs seated there, as its feed. Without `with_drafts`, which is for staff, only published activities, and
    activities cancelled within a week.
    """
    text = LISTED
    values: list[object] = [clock.midnight(first), clock.midnight(last + timedelta(days=1))]
    if municipality is not None:
        text, values = text + THERE, [*values, municipality, municipality]
    if hub_ids is not None:
        text, values = text + OF_HUBS, [*values, list(hub_ids)]
    if not with_drafts:
        text, values = text + PUBLIC, [*values, clock.now() - SHOWN_FOR]
    found = [_listed(row) for row in await sql.reads(text + IN_ORDER, *values)]
    left = NOTHING if with_drafts else await recent(found)
    return [replace(one, left=left[one.id]) if one.id in left else one for one in found]


# By hand: every public list asks for it, and the mapper takes three times as long.
LISTED = """
    SELECT a.id, a.hub_id, h.name AS hub, a.slug, a.kind, a.title, a.state, a.starts_at, a.ends_at, a.municipality_id,
        a.place, v.name AS venue, v.address, a.responsible_id, a.venue_id
    FROM outreach_activity a
    JOIN hub h ON h.id = a.hub_id
    LEFT JOIN venue v ON v.id = a.venue_id
    WHERE a.starts_at >= ? AND a.starts_at < ?
"""
THERE = " AND (a.municipality_id = ? OR h.seat_id = ?)"
OF_HUBS = " AND a.hub_id IN ?list"
PUBLIC = """
    AND (a.state = 'published' OR a.state = 'cancelled' AND a.published_at IS NOT NULL AND a.cancelled_at > ?)
"""
IN_ORDER = " ORDER BY a.starts_at, a.id"


def _listed(row: dict[str, Any]) -> ListedActivity:
    return ListedActivity(
        id=as_uuid(row["id"]),
        hub_id=as_uuid(row["hub_id"]),
        hub=row["hub"],
        slug=row["slug"],
        kind=ActivityKind(row["kind"]),
        title=row["title"],
        state=ActivityState(row["state"]),
        starts_at=as_moment(row["starts_at"]),
        ends_at=as_moment(row["ends_at"]),
        town=towns.by_code()[row["municipality_id"]],
        place=", ".join(part for part in (row["venue"], row["address"], row["place"]) if part),
        responsible_id=as_uuid(row["responsible_id"]),
        venue_id=as_uuid(row["venue_id"]) if row["venue_id"] else None,
    )


def listed(activities: Iterable[OutreachActivity], left: Mapping[UUID, Left] = NOTHING) -> list[ListedActivity]:
    """Hub and venue are loaded."""
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
            left=left.get(one.id),
        )
        for one in activities
    ]


# -- one activity


async def public_activity(slug: str) -> OutreachActivity:
    """With hub and place; also cancelled. Raises UnknownPublicActivity, for drafts too."""
    found = reads(OutreachActivity).exclude(state=ActivityState.DRAFT).filter(published_at__isnull=False)
    activity = await found.get_or_none(slug=slug).select_related(*_SHOWN) if SLUG.fullmatch(slug) else None
    if activity is None:
        raise UnknownPublicActivity
    return activity


_SHOWN = ("hub__seat", "municipality", "venue__municipality", "responsible")


def visible_to(actor: Actor) -> QuerySet[OutreachActivity]:
    """Of the actor's hubs; drafts only for the desk and the responsible person. Staff without a hub see all: activities
    hold no names of visitors.
    """
    if actor.roles_everywhere.intersection(SEES_ALL):
        return reads(OutreachActivity)
    at_hub = Q(hub_id__in=list(actor.hubs_with(HUB_STAFF)))
    is_theirs = Q(hub_id__in=list(actor.hubs_with(DESK))) | Q(responsible_id=actor.id)
    return reads(OutreachActivity).filter(at_hub & (is_theirs | ~Q(state=ActivityState.DRAFT)))


async def for_staff(activity_id: UUID, actor: Actor) -> OutreachActivity:
    """In scope, with hub, place and responsible person. Else UnknownActivity."""
    activity = await visible_to(actor).get_or_none(id=activity_id).select_related(*_SHOWN)
    if activity is None:
        raise UnknownActivity
    return activity


async def coming_activities(actor: Actor, limit: int) -> list[ListedActivity]:
    """In scope and not over, by start."""
    coming = visible_to(actor).filter(ends_at__gt=clock.now()).order_by("starts_at", "id")
    return listed(await coming.select_related("hub", "venue").limit(limit))


# -- the list of the panel


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    is_past: bool = False
    kind: ActivityKind | None = None
    hub_id: UUID | None = None


async def activities_page(actor: Actor, wanted: ActivityFilter, page: int) -> ListPage[ListedActivity]:
    """In scope; pages count from 1."""
    now = clock.now()
    found = visible_to(actor).filter(**{"ends_at__lte" if wanted.is_past else "ends_at__gt": now})
    if wanted.kind is not None:
        found = found.filter(kind=wanted.kind)
    if wanted.hub_id is not None:
        found = found.filter(hub_id=wanted.hub_id)
    order = ("-starts_at", "-id") if wanted.is_past else ("starts_at", "id")
    start = (page - 1) * PAGE_SIZE
    rows = await found.select_related("hub", "venue").order_by(*order).offset(start).limit(PAGE_SIZE)
    return ListPage(listed(rows), start, await found.count())
