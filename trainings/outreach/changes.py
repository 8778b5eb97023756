"""What activities were before they changed within a week, as public pages say it of sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.schedule import towns
from trainings.schedule.changes import still_said_of
from trainings.schedule.models import DatedChange, SessionState
from trainings.schedule.public.change_words import change_note
from trainings.schedule.public.posted import Meeting, Place, Was
from trainings.schedule.towns import Town


@dataclass(frozen=True, slots=True)
class Left:
    """How an activity was a week ago. `was.place` is none where no other can be told; `is_elsewhere`: it is another."""

    was: Was
    is_elsewhere: bool


class Placed(Protocol):
    """An activity, as far as it is asked where it is."""

    @property
    def id(self) -> UUID: ...
    @property
    def venue_id(self) -> UUID | None: ...
    @property
    def municipality_id(self) -> str: ...


async def recent(activities: Iterable[Placed]) -> dict[UUID, Left]:
    """How these were before all that was done to them within the last seven days, by id."""
    by_id = {activity.id: activity for activity in activities}
    if not by_id:
        return {}
    found = await still_said_of(Q(activity_id__in=list(by_id)))
    rewritten = {one.thing_id for one in found if one.is_place_rewritten}
    earliest = {one.thing_id: one for one in found}
    return {key: _left(one, by_id[key], is_rewritten=key in rewritten) for key, one in earliest.items()}


def _left(change: DatedChange, activity: Placed, *, is_rewritten: bool) -> Left:
    """Before this change, its first. `is_rewritten`: its place in the open was, in any of them."""
    assert change.left_municipality_id is not None, "an activity's"
    town = towns.by_code()[change.left_municipality_id]
    is_elsewhere = (change.left_venue_id, town.code) != (activity.venue_id, activity.municipality_id)
    place = Place(town, name=change.left_venue.name if change.left_venue else "")
    is_told = is_elsewhere and (place.name or town.code != activity.municipality_id)
    was = Was(change.kind, change.left_starts_at, change.left_ends_at, place if is_told else None)
    return Left(was, is_elsewhere or (activity.venue_id is None and is_rewritten))


def note(starts_at: datetime, ends_at: datetime, town: Town, left: Left | None, *, is_cancelled: bool) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`, in the words of sessions; empty where there is nothing to say.

    Nothing is said of what is over.
    """
    if left is None or ends_at <= clock.now():
        return ""
    meeting = Meeting(starts_at, ends_at, SessionState.PLANNED, Place(town), was=left.was)
    return change_note(meeting, is_called_off=is_cancelled, is_elsewhere=left.is_elsewhere)
