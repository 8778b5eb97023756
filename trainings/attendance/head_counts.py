"""Heads counted on a phone without signal at an activity: kept under the ids that it made, in whatever order they come.

The sum may be less than nobody while a part of them has not come in; nothing is refused for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.attendance.models import Device, DeviceActivity
from trainings.attendance.upload_forms import EventKind, UploadedEvent, other_id
from trainings.db import lock
from trainings.outreach.bands import AgeBand
from trainings.outreach.models import HeadCount, OutreachActivity
from trainings.people.models import Sex

SEXES, BANDS = frozenset(Sex), frozenset(AgeBand)


@dataclass(slots=True)
class Counting:
    """The activities at which a phone counts, and what of a batch is kept already. `new` collects the rows, which name
    the phone as who counted.
    """

    device_id: UUID
    activity_ids: frozenset[UUID]
    kept: dict[UUID, HeadCount]
    new: list[HeadCount]

    def decide(self, event: UploadedEvent, at: datetime) -> bool | None:
        """Whether it is kept now; false where it was before; none where there is nothing to keep it as.

        An undo takes back all of what it names, under its own id, also before that came. Another body under an id is
        kept beside the first.
        """
        cell = self._cell(event)
        if event.activity not in self.activity_ids or cell is None:
            return None if event.id not in self.kept else False
        sex, band, number = cell
        key, standing = event.id, self.kept.get(event.id)
        if standing is not None:
            if (standing.activity_id, standing.sex, standing.age_band, standing.number) == (event.activity, *cell):
                return False
            key = other_id(event.id, event.body_hash)
            if key in self.kept:
                return False
        row = HeadCount(
            id=key,
            activity_id=event.activity,
            sex=sex,
            age_band=band,
            number=number,
            counted_at=at,
            counted_by_id=self.device_id,
        )
        self.kept[key] = row
        self.new.append(row)
        return True

    async def write(self) -> None:
        # A name that somebody uses at two activities at once is kept at one of them.
        if self.new:
            await HeadCount.bulk_create(self.new, ignore_conflicts=True)

    def _cell(self, event: UploadedEvent) -> tuple[str, str, int] | None:
        if event.kind is EventKind.UNDO:
            target = self.kept.get(event.target) if event.target is not None else None
            if target is not None and target.activity_id == event.activity:
                return target.sex, target.age_band, -target.number
            # What it takes back is still to come. Without a number it does not say what that is.
            return _named(event, -event.number) if target is None and event.number is not None else None
        return _named(event, 1 if event.number is None else event.number)


def _named(event: UploadedEvent, number: int) -> tuple[str, str, int] | None:
    """The cell that an event names itself."""
    is_cell = event.sex in SEXES and event.age_band in BANDS
    return (event.sex, event.age_band, number) if is_cell else None


async def open_counting(
    device: Device, events: Sequence[UploadedEvent], hub_ids: frozenset[UUID] = frozenset()
) -> Counting:
    """Read what a batch is about, with the activities held, in the caller's transaction.

    A phone that was taken out of use counts nowhere by itself: what it counted stays on it until it is prepared again,
    or somebody answers for it. At the activities of `hub_ids` somebody does.
    """
    wanted = {one.activity for one in events if one.activity is not None}
    if not wanted:
        return Counting(device.id, frozenset(), {}, [])
    bound = DeviceActivity.filter(device_id=device.id, activity_id__in=sorted(wanted)).values_list("activity_id")
    answered_for = OutreachActivity.filter(hub_id__in=sorted(hub_ids), id__in=sorted(wanted)).values_list("id")
    found = [*(await bound if device.revoked_at is None else []), *(await answered_for if hub_ids else [])]
    held = await lock(OutreachActivity, {key for (key,) in found})
    names = {one.id for one in events} | {other_id(one.id, one.body_hash) for one in events}
    names |= {one.target for one in events if one.target is not None}
    kept = {row.id: row for row in await HeadCount.filter(id__in=sorted(names))}
    return Counting(device.id, frozenset(one.id for one in held), kept, [])
