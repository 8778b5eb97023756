"""What activities were before they changed within a week, as public pages say it of sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outbox.actions import STAFF_DELAY
from trainings.outreach.models import ActivityChange
from trainings.places.models import Venue
from trainings.schedule import towns
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.models import ChangeKind, SessionState
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
    found = reads(ActivityChange).filter(activity_id__in=list(by_id), created_at__gt=clock.now() - SHOWN_FOR)
    changes: dict[UUID, list[ActivityChange]] = defaultdict(list)
    for one in await found.order_by("created_at", "id"):
        changes[one.activity_id].append(one)
    changed = {key: _since_held_again(of_one) for key, of_one in changes.items()}
    ids = {of_one[0].old_venue_id for of_one in changed.values()} - {None}
    venues = dict(await reads(Venue).filter(id__in=ids).values_list("id", "name")) if ids else {}
    return {key: _left(of_one, by_id[key], venues) for key, of_one in changed.items()}


def _since_held_again(changes: Sequence[ActivityChange]) -> Sequence[ActivityChange]:
    """As with sessions: what everybody could read was called off, and is held after all, is said to be so."""
    called_off_at = None
    since = 0
    for n, one in enumerate(changes):
        if one.kind is ChangeKind.CANCELLED:
            called_off_at, since = one.created_at, 0
        elif one.kind is ChangeKind.REOPENED and (
            called_off_at is None or one.created_at >= called_off_at + STAFF_DELAY
        ):
            since = n
    return changes[since:]


def _left(changes: Sequence[ActivityChange], activity: Placed, venues: Mapping[UUID, str]) -> Left:
    """Before the first of its changes."""
    first = changes[0]
    town = towns.by_code()[first.old_municipality_id]
    is_elsewhere = (first.old_venue_id, town.code) != (activity.venue_id, activity.municipality_id)
    place = Place(town, name=venues.get(first.old_venue_id, "") if first.old_venue_id else "")
    is_told = is_elsewhere and (place.name or town.code != activity.municipality_id)
    was = Was(first.kind, first.old_starts_at, first.old_ends_at, place if is_told else None)
    in_the_open = activity.venue_id is None and any(one.is_place_rewritten for one in changes)
    return Left(was, is_elsewhere or in_the_open)


def note(starts_at: datetime, ends_at: datetime, town: Town, left: Left | None, *, is_cancelled: bool) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`, in the words of sessions; empty where there is nothing to say.

    Nothing is said of what is over.
    """
    if left is None or ends_at <= clock.now():
        return ""
    meeting = Meeting(starts_at, ends_at, SessionState.PLANNED, Place(town), was=left.was)
    return change_note(meeting, is_called_off=is_cancelled, is_elsewhere=left.is_elsewhere)
