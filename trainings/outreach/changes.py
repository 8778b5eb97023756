"""What activities were before they changed within a week, as public pages say it of sessions.

Nobody signs up, so no change has a row of its own: the acts on record keep what was left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from trainings import clock
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.outbox.actions import STAFF_DELAY
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import Venue
from trainings.schedule import towns
from trainings.schedule.change_words import change_note
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.models import ChangeKind, SessionState
from trainings.schedule.posted import Meeting, Place, Was
from trainings.schedule.towns import Town

MOVED, CALLED_OFF, HELD_AGAIN = "outreach.move", "outreach.cancel", "outreach.reopen"
KINDS = {
    "outreach.edit": ChangeKind.MOVED,
    MOVED: ChangeKind.MOVED,
    CALLED_OFF: ChangeKind.CANCELLED,
    HELD_AGAIN: ChangeKind.REOPENED,
}
"""The acts that leave something behind."""


def left_behind(activity: OutreachActivity) -> dict[str, Any]:
    """For the audit line of an act: how a public activity was before it. Nobody has seen a draft.

    A place in the open is not kept: it is free text, and may name somebody.
    """
    if activity.state is ActivityState.DRAFT or activity.published_at is None:
        return {}
    return {
        "was": {
            "starts_at": activity.starts_at.isoformat(),
            "ends_at": activity.ends_at.isoformat(),
            "venue_id": str(activity.venue_id) if activity.venue_id else "",
            "municipality": activity.municipality_id,
        }
    }


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
    found = reads(AuditLine).filter(object_id__in=list(by_id), act__in=list(KINDS))
    acts: dict[UUID, list[AuditLine]] = {}
    for line in await found.filter(created_at__gt=clock.now() - SHOWN_FOR).order_by("created_at", "id"):
        if line.object_id is not None and "was" in line.detail:
            acts.setdefault(line.object_id, []).append(line)
    acts = {key: _since_held_again(lines) for key, lines in acts.items()}
    ids = {lines[0].detail["was"]["venue_id"] for lines in acts.values()} - {""}
    venues = dict(await reads(Venue).filter(id__in=sorted(ids)).values_list("id", "name")) if ids else {}
    return {key: _left(lines, by_id[key], venues) for key, lines in acts.items()}


def _since_held_again(acts: list[AuditLine]) -> list[AuditLine]:
    """As with sessions: what everybody could read was called off, and is held after all, is said to be so."""
    called_off_at = None
    since = 0
    for n, line in enumerate(acts):
        if line.act == CALLED_OFF:
            called_off_at, since = line.created_at, 0
        elif line.act == HELD_AGAIN and (called_off_at is None or line.created_at >= called_off_at + STAFF_DELAY):
            since = n
    return acts[since:]


def _left(acts: Sequence[AuditLine], activity: Placed, venues: Mapping[UUID, str]) -> Left:
    """Before the first of its acts."""
    old = acts[0].detail["was"]
    venue_id, town = UUID(old["venue_id"]) if old["venue_id"] else None, towns.by_code()[old["municipality"]]
    is_elsewhere = (venue_id, town.code) != (activity.venue_id, activity.municipality_id)
    place = Place(town, name=venues.get(venue_id, "") if venue_id else "")
    is_told = is_elsewhere and (place.name or town.code != activity.municipality_id)
    starts_at, ends_at = (datetime.fromisoformat(old[name]) for name in ("starts_at", "ends_at"))
    was = Was(KINDS[acts[0].act], starts_at, ends_at, place if is_told else None)
    in_the_open = activity.venue_id is None and any(line.act == MOVED and "place" in _changed(line) for line in acts)
    return Left(was, is_elsewhere or in_the_open)


def _changed(line: AuditLine) -> Collection[str]:
    changed: Collection[str] = line.detail.get("changed", ())
    return changed


def note(starts_at: datetime, ends_at: datetime, town: Town, left: Left | None, *, is_cancelled: bool) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`, in the words of sessions; empty where there is nothing to say.

    Nothing is said of what is over.
    """
    if left is None or ends_at <= clock.now():
        return ""
    meeting = Meeting(starts_at, ends_at, SessionState.PLANNED, Place(town), was=left.was)
    return change_note(meeting, is_called_off=is_cancelled, is_elsewhere=left.is_elsewhere)
