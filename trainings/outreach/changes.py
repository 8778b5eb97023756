"""What changed activities were before, for a week, as public pages say it of sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from tortoise.expressions import Q

from trainings.schedule import towns
from trainings.schedule.changes import still_said_of
from trainings.schedule.dated import DatedThing
from trainings.schedule.models import DatedChange
from trainings.schedule.public.posted import Left, Place, Was


class Placed(DatedThing, Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def municipality_id(self) -> str: ...


async def recent(activities: Iterable[Placed]) -> dict[UUID, Left]:
    """State before all changes of the last seven days, by id."""
    by_id = {activity.id: activity for activity in activities}
    if not by_id:
        return {}
    found = await still_said_of(Q(activity_id__in=list(by_id)))
    rewritten = {one.thing_id for one in found if one.is_place_rewritten}
    earliest = {one.thing_id: one for one in found}
    return {key: _left(one, by_id[key], is_rewritten=key in rewritten) for key, one in earliest.items()}


def _left(change: DatedChange, activity: Placed, *, is_rewritten: bool) -> Left:
    """Before its first change. `is_rewritten`: any of them changed the place in the open."""
    assert change.left_municipality_id is not None, "an activity's"
    town = towns.by_code()[change.left_municipality_id]
    is_elsewhere = (change.left_venue_id, town.code) != (activity.venue_id, activity.municipality_id)
    place = Place(town, name=change.left_venue.name if change.left_venue else "")
    is_told = is_elsewhere and (place.name or town.code != activity.municipality_id)
    was = Was(change.kind, change.left_starts_at, change.left_ends_at, place if is_told else None)
    return Left(was, is_elsewhere or (activity.venue_id is None and is_rewritten))
