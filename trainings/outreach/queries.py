from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
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
    ends = clock.midnight(last + timedelta(days=1))
    found = reads(OutreachActivity).filter(starts_at__gte=clock.midnight(first), starts_at__lt=ends)
    if municipality is not None:
        found = found.filter(Q(municipality_id=municipality) | Q(hub__seat_id=municipality))
    if hub_ids is not None:
        found = found.filter(hub_id__in=list(hub_ids))
    if not with_drafts:
        lately = Q(published_at__isnull=False, cancelled_at__gt=clock.now() - SHOWN_FOR)
        found = found.filter(Q(state=ActivityState.PUBLISHED) | (Q(state=ActivityState.CANCELLED) & lately))
    rows = await found.select_related("hub", "venue").order_by("starts_at", "id")
    return listed(rows, NOTHING if with_drafts else await recent(rows))


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
