"""Sessions and outreach activities as dated things. The table of activities, which stand above, is read by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.sql import as_moment, as_uuid
from trainings.places.models import Municipality, Venue
from trainings.schedule.models import Training
from trainings.schedule.plans import LONGEST_SESSION
from trainings.web.i18n import gettext


class Span(Protocol):
    """UTC."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


class DatedThing(Span, Protocol):
    @property
    def venue_id(self) -> UUID | None: ...


def are_at_once(one: Span, other: Span) -> bool:
    """Touching ends do not count."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


@dataclass(frozen=True, slots=True)
class Planned:
    """A session or activity, not cancelled. `owner_id`: its training, or the activity itself. `people`: names of
    facilitators or coordinators by id.
    """

    id: UUID
    owner_id: UUID
    title: str
    hub_id: UUID | None
    hub: str
    starts_at: datetime
    ends_at: datetime
    venue_id: UUID | None
    people: dict[UUID, str]
    is_activity: bool = False


def house_of(venue: Venue) -> str:
    """Name and address with the municipality (loaded)."""
    return ", ".join(part for part in (venue.name, venue.address, venue.municipality.full_name) if part)


def place_told(training: Training, venue: Venue | None, seat: Municipality, *, knows_place: bool) -> str:
    """As exactly as the reader may know. `venue`: the session's; else the training's counts. `seat`: of the hub, if
    there is neither.
    """
    venue = venue or training.venue
    if venue is None:
        return gettext("En línea") if training.online_url and knows_place else seat.full_name
    return house_of(venue) if knows_place else venue.municipality.full_name


PLANNED = """
    SELECT p.*, h.name AS hub, u.name AS person
    FROM (
        SELECT s.id, s.training_id AS owner_id, t.title, t.hub_id, s.starts_at, s.ends_at, s.venue_id, s.closed_at,
            f.user_id, FALSE AS is_activity
        FROM training_session s
        JOIN training t ON t.id = s.training_id
        LEFT JOIN session_facilitator f ON f.session_id = s.id
        WHERE s.state = 'planned' AND t.state NOT IN ('cancelled', 'practice')
        UNION ALL
        SELECT a.id, a.id, a.title, a.hub_id, a.starts_at, a.ends_at, a.venue_id, NULL, a.responsible_id, TRUE
        FROM outreach_activity a
        WHERE a.state <> 'cancelled'
    ) p
    JOIN hub h ON h.id = p.hub_id
    LEFT JOIN app_user u ON u.id = p.user_id
    WHERE {which}
    ORDER BY p.starts_at, p.id, u.name
"""
BETWEEN = PLANNED.format(
    which="p.starts_at < ? AND p.starts_at > ? AND p.ends_at > ? AND (p.user_id IN ?list OR p.venue_id IN ?list)"
)
TO_COME = "p.ends_at > ? AND p.closed_at IS NULL"
TO_COME_AT_HUBS = PLANNED.format(which=f"{TO_COME} AND p.hub_id IN ?list")
TO_COME_OF_TRAINING = PLANNED.format(which=f"{TO_COME} AND p.owner_id = ?")


async def planned_between(
    start: datetime, end: datetime, *, people: Collection[UUID] = (), venues: Collection[UUID] = ()
) -> list[Planned]:
    """At any hub, with these people or places; drafts take time too."""
    values = end, start - LONGEST_SESSION, start, sorted(people), sorted(venues)
    return _by_thing(await sql.reads(BETWEEN, *values))


async def planned_to_come(hub_ids: Collection[UUID]) -> list[Planned]:
    """Without sessions closed early."""
    return _by_thing(await sql.reads(TO_COME_AT_HUBS, clock.now(), sorted(hub_ids)))


async def sessions_to_come(training_id: UUID) -> list[Planned]:
    """As `planned_to_come`."""
    return _by_thing(await sql.reads(TO_COME_OF_TRAINING, clock.now(), training_id, are_few=True))


def _by_thing(rows: list[dict[str, Any]]) -> list[Planned]:
    found: dict[UUID, Planned] = {}
    for row in rows:
        key = as_uuid(row["id"])
        if key not in found:
            found[key] = Planned(
                id=key,
                owner_id=as_uuid(row["owner_id"]),
                title=row["title"],
                hub_id=as_uuid(row["hub_id"]),
                hub=row["hub"],
                starts_at=as_moment(row["starts_at"]),
                ends_at=as_moment(row["ends_at"]),
                venue_id=as_uuid(row["venue_id"]) if row["venue_id"] else None,
                people={},
                is_activity=bool(row["is_activity"]),
            )
        if row["user_id"]:
            found[key].people[as_uuid(row["user_id"])] = row["person"]
    return list(found.values())
