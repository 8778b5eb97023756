"""Posters of a month that are out there with an activity on them: what of them says otherwise than holds by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.outreach.changes import HELD_AGAIN, KINDS
from trainings.outreach.models import ActivityState, OutreachActivity

PRINTED = "outreach.print_month"


@dataclass(frozen=True, slots=True)
class WrongPoster:
    """The poster of the month that begins with `first`, printed before the activity changed."""

    first: date
    printed_at: datetime
    by: str


async def note_month_poster(hub_id: UUID, first: date, *, actor: Actor) -> None:
    """Remember that the poster of a hub's month was made: every public activity of the hub in that month is on it."""
    await record(PRINTED, actor=actor, object_id=hub_id, hub_id=hub_id, month=f"{first:%Y-%m}")


async def wrong_posters(activity: OutreachActivity) -> list[WrongPoster]:
    """The last ones printed of each month, where this activity stood on them otherwise than it is now. None once both
    days are over.
    """
    acts = reads(AuditLine).filter(object_id=activity.id, act__in=list(KINDS)).order_by("created_at", "id")
    changes = [line for line in await acts if "was" in line.detail]
    if not changes:
        return []
    lines = await reads(AuditLine).filter(act=PRINTED, object_id=activity.hub_id).order_by("created_at", "id")
    last = {line.detail["month"]: line for line in lines}
    wrong = [line for line in last.values() if _is_wrong(line, changes, activity)]
    people = dict(await User.filter(id__in={line.actor_id for line in wrong}).values_list("id", "name"))
    return [
        WrongPoster(date.fromisoformat(f"{line.detail['month']}-01"), line.created_at, people.get(line.actor_id, ""))
        for line in wrong
    ]


def _is_wrong(printed: AuditLine, changes: Sequence[AuditLine], activity: OutreachActivity) -> bool:
    later = [line for line in changes if line.created_at >= printed.created_at]
    if not later or later[0].act == HELD_AGAIN:
        return False  # what was called off stood on none
    was = later[0].detail["was"]
    starts_at = datetime.fromisoformat(was["starts_at"])
    if f"{clock.local(starts_at):%Y-%m}" != printed.detail["month"]:
        return False
    is_over = max(datetime.fromisoformat(was["ends_at"]), activity.ends_at) <= clock.now()
    return not is_over and (starts_at != activity.starts_at or _is_off_or_elsewhere(was, later, activity))


def _is_off_or_elsewhere(was: dict[str, Any], later: Sequence[AuditLine], activity: OutreachActivity) -> bool:
    """A place in the open is not kept: that it was written anew is all that is known of it."""
    place = (str(activity.venue_id) if activity.venue_id else "", activity.municipality_id)
    is_written_anew = any("place" in line.detail.get("changed", ()) for line in later)
    return (
        activity.state is not ActivityState.PUBLISHED
        or (was["venue_id"], was["municipality"]) != place
        or (activity.venue_id is None and is_written_anew)
    )
