from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from trainings import clock
from trainings.accounts.queries import names_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.outreach.models import ActivityState, MonthPoster, OutreachActivity
from trainings.schedule import towns
from trainings.schedule.changes import as_left, recent_changes_of_activities
from trainings.schedule.dated import DatedThing
from trainings.schedule.models import ChangeKind, DatedChange
from trainings.schedule.public.posted import Left, Place, Was


class Placed(DatedThing, Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def municipality_id(self) -> str: ...


async def recent(activities: Iterable[Placed]) -> dict[UUID, Left]:
    """Before all changes of the last seven days."""
    by_id = {activity.id: activity for activity in activities}
    if not by_id:
        return {}
    found = await recent_changes_of_activities(by_id)
    rewritten = {one.thing_id for one in found if one.is_place_rewritten}
    earliest = {one.thing_id: one for one in found}
    return {key: _left(one, by_id[key], is_rewritten=key in rewritten) for key, one in earliest.items()}


def _left(change: DatedChange, activity: Placed, *, is_rewritten: bool) -> Left:
    assert change.left_municipality_id is not None, "an activity's"
    town = towns.by_code()[change.left_municipality_id]
    is_elsewhere = (change.left_venue_id, town.code) != (activity.venue_id, activity.municipality_id)
    place = Place(town, name=change.left_venue.name if change.left_venue else "")
    is_told = is_elsewhere and (place.name or town.code != activity.municipality_id)
    was = Was(change.kind, change.left_starts_at, change.left_ends_at, place if is_told else None)
    return Left(was, is_elsewhere or (activity.venue_id is None and is_rewritten))


@dataclass(frozen=True, slots=True)
class WrongPoster:
    """Poster of the month beginning with `first`, printed before the activity changed."""

    first: date
    printed_at: datetime
    by: str


async def note_month_poster(hub_id: UUID, first: date, *, actor: Actor) -> None:
    """Every public activity of the hub in that month is on it."""
    poster = MonthPoster(hub_id=hub_id, month=first, printed_at=clock.now(), printed_by_id=actor.id)
    last = ["printed_at", "printed_by_id"]
    await MonthPoster.bulk_create([poster], on_conflict=["hub_id", "month"], update_fields=last)


async def wrong_posters(activity: OutreachActivity) -> list[WrongPoster]:
    """The last poster of each month that shows this activity otherwise than it is. Empty once both days are over."""
    found = reads(DatedChange).filter(activity_id=activity.id).order_by("created_at", "id")
    changes = await found.select_related("left_venue")
    if not changes:
        return []
    posters = await reads(MonthPoster).filter(hub_id=activity.hub_id).order_by("printed_at", "id")
    wrong = [one for one in posters if _is_wrong(one, changes, activity)]
    people = await names_of(one.printed_by_id for one in wrong)
    return [WrongPoster(one.month, one.printed_at, people.get(one.printed_by_id, "")) for one in wrong]


def _is_wrong(poster: MonthPoster, changes: Sequence[DatedChange], activity: OutreachActivity) -> bool:
    later = [one for one in changes if one.created_at >= poster.printed_at]
    if not later or later[0].kind is ChangeKind.REOPENED:
        return False  # what was called off stood on none
    was = as_left(later[0])
    if was is None or clock.local(was.starts_at).date().replace(day=1) != poster.month:
        return False
    is_over = max(was.ends_at, activity.ends_at) <= clock.now()
    return not is_over and (was.starts_at != activity.starts_at or _is_off_or_elsewhere(later, activity))


def _is_off_or_elsewhere(later: Sequence[DatedChange], activity: OutreachActivity) -> bool:
    was = (later[0].left_venue_id, later[0].left_municipality_id)
    return (
        activity.state is not ActivityState.PUBLISHED
        or was != (activity.venue_id, activity.municipality_id)
        or (activity.venue_id is None and any(one.is_place_rewritten for one in later))
    )
