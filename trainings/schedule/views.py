"""What month, week and list of the panel share: filters that stand in the address, and ways between the three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.places.models import Venue
from trainings.places.queries import hubs_visible_to
from trainings.schedule import queries
from trainings.schedule.models import SessionFacilitator
from trainings.schedule.months import Month
from trainings.schedule.queries import sunday_before
from trainings.schedule.staff_sessions import ReadSessions, read_sessions
from trainings.web.i18n import N_, gettext

Option = tuple[str, str]


class View(StrEnum):
    """The last part of its address."""

    MONTH = "mes"
    WEEK = "semana"
    LIST = "lista"


VIEWS: dict[View, str] = {View.MONTH: N_("Mes"), View.WEEK: N_("Semana"), View.LIST: N_("Lista")}


@dataclass(frozen=True, slots=True)
class HubChoice:
    """A hub to narrow by."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the actor may narrow by: hubs, people who hold sessions, and venues with their names in words."""

    hubs: tuple[HubChoice, ...]
    people: tuple[tuple[UUID, str], ...]
    venues: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a calendar is narrowed, each empty where it does not matter. The ids are out of the actor's choices."""

    hub: HubChoice | None = None
    person: tuple[UUID, str] | None = None
    venue: tuple[UUID, str] | None = None

    @property
    def values(self) -> dict[str, str]:
        """As they stand in an address."""
        found = {
            "ventanilla": self.hub.slug if self.hub else "",
            "facilita": str(self.person[0]) if self.person else "",
            "lugar": str(self.venue[0]) if self.venue else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def words(self) -> list[str]:
        """In words, for the head of a printed sheet."""
        told = [self.hub.name] if self.hub else []
        if self.person:
            told.append(gettext(N_("Facilita: %(name)s")) % {"name": self.person[1]})
        if self.venue:
            told.append(gettext(N_("Lugar: %(name)s")) % {"name": self.venue[1]})
        return told

    def path(self, view: View, **period: object) -> str:
        """The address of a view with these filters: `mes="2027-03"`, `desde="2027-03-07"`."""
        values = {name: str(value) for name, value in period.items()} | self.values
        return f"/panel/{view}?{urlencode(values)}" if values else f"/panel/{view}"


@dataclass(frozen=True, slots=True)
class Tab:
    """A way to one of the three views, over the same days."""

    words: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """A filter in words, and the same days without it."""

    words: str
    href: str


async def choices_of(actor: Actor) -> Choices:
    """Hubs, facilitators and venues in the actor's scope. Who only facilitates finds the own name alone."""
    hubs = [HubChoice(hub.id, hub.slug, hub.name) for hub in await hubs_visible_to(actor)]
    return Choices(
        hubs=tuple(sorted(hubs, key=lambda hub: hub.name)),
        people=tuple(await _people(actor)),
        venues=tuple(await _venues(hubs)),
    )


async def _people(actor: Actor) -> list[tuple[UUID, str]]:
    found = reads(User)
    if not actor.roles_everywhere.intersection(queries.SEES_ALL):
        desks = list(actor.hubs_with(DESK))
        held = Subquery(reads(SessionFacilitator).filter(session__training__hub_id__in=desks).values("user_id"))
        works_here = Q(grants__hub_id__in=desks) | Q(grants__operator_id__in=list(actor.operator_ids))
        is_one = Q(id__in=held) | Q(works_here, grants__role__in=list(HUB_STAFF), is_active=True) | Q(id=actor.id)
        found = found.filter(is_one if desks else Q(id=actor.id))
    else:
        found = found.filter(grants__role__in=list(HUB_STAFF), is_active=True)
    return [
        (user_id, name) for user_id, name in await found.distinct().order_by("name", "id").values_list("id", "name")
    ]


async def _venues(hubs: list[HubChoice]) -> list[tuple[UUID, str]]:
    found = reads(Venue).filter(hub_id__in=[hub.id for hub in hubs]).order_by("name", "id")
    rows = await found.values_list("id", "name", "municipality__name", "municipality__department")
    return [(venue_id, f"{name}, {town}, {department}") for venue_id, name, town, department in rows]


def read_wanted(query: Mapping[str, str], choices: Choices) -> tuple[Wanted, list[str]]:
    """The filters of an address, and a sentence for each that is unknown or out of scope and therefore left out."""
    notes: list[str] = []
    slug, person, venue = (query.get(name, "") for name in ("ventanilla", "facilita", "lugar"))
    hub = next((hub for hub in choices.hubs if hub.slug == slug), None)
    if slug and hub is None:
        notes.append(gettext(N_("No encontramos esa ventanilla. Mostramos todas las suyas.")))
    who = next((one for one in choices.people if str(one[0]) == person), None)
    if person and who is None:
        notes.append(gettext(N_("No encontramos a esa persona. Mostramos a todas.")))
    where = next((one for one in choices.venues if str(one[0]) == venue), None)
    if venue and where is None:
        notes.append(gettext(N_("No encontramos ese lugar. Mostramos todos.")))
    return Wanted(hub, who, where), notes


def applied(wanted: Wanted, view: View, **period: object) -> list[Applied]:
    """The filters in words, each with the way to drop it."""
    told = []
    if wanted.hub:
        told.append(Applied(wanted.hub.name, replace(wanted, hub=None).path(view, **period)))
    if wanted.person:
        told.append(Applied(wanted.person[1], replace(wanted, person=None).path(view, **period)))
    if wanted.venue:
        told.append(Applied(wanted.venue[1], replace(wanted, venue=None).path(view, **period)))
    return told


def tabs(here: View, wanted: Wanted, first: date, last: date) -> list[Tab]:
    """Ways to the same days in the other views: from this month to this week, from another one to its first."""
    today = clock.today()
    day = today if first <= today <= last else first
    # A week that lies in two months leads to the one in which it ends: that one begins in it.
    month = Month.of(day if here is not View.WEEK or day == today else last)
    periods = {
        View.MONTH: wanted.path(View.MONTH, mes=month),
        View.WEEK: wanted.path(View.WEEK, desde=sunday_before(day)),
        View.LIST: wanted.path(View.LIST, mes=month),
    }
    return [Tab(gettext(VIEWS[view]), periods[view], view is here) for view in View]


async def sessions_of(actor: Actor, wanted: Wanted, start: datetime, end: datetime) -> ReadSessions:
    """Sessions in scope that are on at some time of the span, by start."""
    found = queries.sessions_visible_to(actor).filter(starts_at__lt=end, ends_at__gt=start)
    if wanted.hub is not None:
        found = found.filter(training__hub_id=wanted.hub.id)
    if wanted.person is not None:
        held = reads(SessionFacilitator).filter(user_id=wanted.person[0], session__starts_at__lt=end)
        ids = await held.filter(session__ends_at__gt=start).values_list("session_id")
        found = found.filter(id__in=[session_id for (session_id,) in ids])
    if wanted.venue is not None:
        found = found.filter(venue_id=wanted.venue[0])
    return await read_sessions(found)
