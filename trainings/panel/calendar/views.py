from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.db import sql
from trainings.db.sql import as_uuid
from trainings.schedule import queries
from trainings.schedule.months import Month
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public.filters import Applied
from trainings.schedule.queries import sunday_before
from trainings.schedule.staff_sessions import StaffSession, read_where
from trainings.web.i18n import N_, gettext

Option = tuple[str, str]


class View(StrEnum):
    MONTH = "mes"
    WEEK = "semana"
    LIST = "lista"


VIEWS: dict[View, str] = {View.MONTH: N_("Mes"), View.WEEK: N_("Semana"), View.LIST: N_("Lista")}


@dataclass(frozen=True, slots=True)
class HubChoice:
    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    hubs: tuple[HubChoice, ...]
    people: tuple[tuple[UUID, str], ...]
    venues: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    hub: HubChoice | None = None
    person: tuple[UUID, str] | None = None
    venue: tuple[UUID, str] | None = None

    @property
    def values(self) -> dict[str, str]:
        found = {
            "ventanilla": self.hub.slug if self.hub else "",
            "facilita": str(self.person[0]) if self.person else "",
            "lugar": str(self.venue[0]) if self.venue else "",
        }
        return {name: value for name, value in found.items() if value}

    @property
    def words(self) -> list[str]:
        told = [self.hub.name] if self.hub else []
        if self.person:
            told.append(gettext(N_("Facilita: %(name)s")) % {"name": self.person[1]})
        if self.venue:
            told.append(gettext(N_("Lugar: %(name)s")) % {"name": self.venue[1]})
        return told

    def path(self, view: View, **period: object) -> str:
        """`mes="2027-03"`, `desde="2027-03-07"`."""
        query = self.query(**period)
        return f"/panel/{view}?{query}" if query else f"/panel/{view}"

    def query(self, **period: object) -> str:
        return urlencode({name: str(value) for name, value in period.items()} | self.values)


@dataclass(frozen=True, slots=True)
class Tab:
    words: str
    href: str
    is_here: bool


async def choices_of(actor: Actor) -> Choices:
    hubs, of_hubs = _hubs(actor)
    people, of_people = _people(actor)
    text = f"{HUBS.format(hubs)} UNION ALL {VENUES.format(hubs)} UNION ALL {people} ORDER BY kind, name, id"
    found: dict[str, list[dict[str, Any]]] = {"hub": [], "venue": [], "person": []}
    for row in await sql.reads(text, *of_hubs, *of_hubs, *of_people):
        found[row["kind"]].append(row)
    return Choices(
        hubs=tuple(HubChoice(as_uuid(row["id"]), row["slug"], row["name"]) for row in found["hub"]),
        people=tuple((as_uuid(row["id"]), row["name"]) for row in found["person"]),
        venues=tuple((as_uuid(row["id"]), f"{row['name']}, {row['town']}") for row in found["venue"]),
    )


HUBS = "SELECT 'hub' AS kind, h.id, h.slug, h.name, '' AS town FROM hub h WHERE {}"
VENUES = """
    SELECT 'venue', v.id, '', v.name, m.name || ', ' || m.department
    FROM venue v JOIN municipality m ON m.ine_code = v.municipality_id JOIN hub h ON h.id = v.hub_id WHERE {}
"""
PEOPLE = "SELECT 'person', u.id, '', u.name, '' FROM app_user u WHERE {}"
WORKS = "u.is_active AND EXISTS (SELECT 1 FROM role_grant g WHERE g.user_id = u.id AND g.role IN ?list{})"
HOLDS = """u.id IN (
    SELECT f.user_id FROM session_facilitator f
    JOIN training_session s ON s.id = f.session_id JOIN training t ON t.id = s.training_id
    WHERE t.hub_id IN ?list AND t.state <> 'practice'
)"""


def _hubs(actor: Actor) -> tuple[str, list[object]]:
    return ("1 = 1", []) if actor.roles_everywhere else ("h.id IN ?list", [sorted(actor.roles_at)])


def _people(actor: Actor) -> tuple[str, list[object]]:
    roles: list[object] = [[role.value for role in HUB_STAFF]]
    if actor.roles_everywhere.intersection(queries.SEES_ALL):
        return PEOPLE.format(WORKS.format("")), roles
    desks = list(actor.hubs_with(DESK))
    if not desks:
        return PEOPLE.format("u.id = ?"), [actor.id]
    works_here = WORKS.format(" AND (g.hub_id IN ?list OR g.operator_id IN ?list)")
    text = PEOPLE.format(f"u.id = ? OR {HOLDS} OR ({works_here})")
    return text, [actor.id, desks, *roles, desks, list(actor.operator_ids)]


def read_wanted(query: Mapping[str, str], choices: Choices) -> tuple[Wanted, list[str]]:
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
    told = []
    if wanted.hub:
        told.append(Applied(wanted.hub.name, replace(wanted, hub=None).path(view, **period)))
    if wanted.person:
        told.append(Applied(wanted.person[1], replace(wanted, person=None).path(view, **period)))
    if wanted.venue:
        told.append(Applied(wanted.venue[1], replace(wanted, venue=None).path(view, **period)))
    return told


def tabs(here: View, wanted: Wanted, first: date, last: date) -> list[Tab]:
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


async def sessions_of(actor: Actor, wanted: Wanted, start: datetime, end: datetime) -> tuple[StaffSession, ...]:
    scope, of_scope = queries.scope_of(actor)
    conditions = ["s.starts_at > ? AND s.starts_at < ? AND s.ends_at > ?", scope]
    values = [start - LONGEST_SESSION, end, start, *of_scope]
    if wanted.hub is not None:
        conditions.append("t.hub_id = ?")
        values.append(wanted.hub.id)
    if wanted.person is not None:
        conditions.append("s.id IN (SELECT f.session_id FROM session_facilitator f WHERE f.user_id = ?)")
        values.append(wanted.person[0])
    if wanted.venue is not None:
        conditions.append("s.venue_id = ?")
        values.append(wanted.venue[0])
    return await read_where(" AND ".join(conditions), values)
