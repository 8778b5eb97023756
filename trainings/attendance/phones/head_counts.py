"""Heads counted on a phone without signal. Nothing is refused, so the sum may be negative while a part has not come in.
In the panel, `outreach.heads` refuses below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.attendance.device_access import may_upload
from trainings.attendance.events import EventKind, Result, ResultState, SentEvent, Trouble, other_id
from trainings.attendance.models import Device, DeviceActivity, ScanFlag
from trainings.db import lock
from trainings.outreach.models import HeadCount, HeadState, OutreachActivity
from trainings.outreach.words import AgeBand
from trainings.people.models import Sex

SEXES, BANDS = frozenset(Sex), frozenset(AgeBand)


@dataclass(slots=True)
class Counting:
    """By activity, why this phone's heads wait."""

    device_id: UUID
    waits: dict[UUID, ScanFlag]
    kept: dict[UUID, HeadCount]
    new: list[HeadCount]

    def decide(self, event: SentEvent, at: datetime) -> Result:
        """Keep one event once. Another body under an id is kept beside the first."""
        key = str(event.id)
        if event.activity not in self.waits:
            return Result(key, ResultState.MALFORMED, trouble=Trouble.UNKNOWN_ACTIVITY)
        row, first = self._row(event, at), self.kept.get(event.id)
        if row is None:
            return Result(key, ResultState.MALFORMED, trouble=Trouble.UNREADABLE)
        if first is not None and not _is_same(first, row):
            row.id, row.conflict_of_id = other_id(event.id, event.body_hash), event.id
        flag = self.waits[event.activity]
        if row.id in self.kept:
            is_open = self.kept[row.id].state is HeadState.WAITING
            return Result(key, ResultState.ALREADY, flag if is_open else ScanFlag.NONE)
        self.kept[row.id] = row
        self.new.append(row)
        return Result(key, ResultState.FLAGGED if flag else ResultState.STORED, flag)

    async def write(self) -> None:
        # A name that somebody uses at two activities at once is kept at one of them.
        if self.new:
            await HeadCount.bulk_create(self.new, ignore_conflicts=True)

    def _row(self, event: SentEvent, at: datetime) -> HeadCount | None:
        """None: the event names no cell. An undo names none: it has no number."""
        is_undo = event.kind is EventKind.UNDO
        sex, band = (Sex.UNDISCLOSED, AgeBand.UNKNOWN) if is_undo else (event.sex, event.age_band)
        if event.activity is None or sex not in SEXES or band not in BANDS:
            return None
        return HeadCount(
            id=event.id,
            activity_id=event.activity,
            sex=sex,
            age_band=band,
            number=0 if is_undo else _number(event),
            counted_at=at,
            counted_by_id=self.device_id,
            target_id=event.target if is_undo else None,
            seq=event.seq,
            state=HeadState.WAITING if self.waits[event.activity] else HeadState.COUNTS,
        )


def _number(event: SentEvent) -> int:
    return 1 if event.number is None else event.number


def _is_same(one: HeadCount, other: HeadCount) -> bool:
    columns = ("activity_id", "sex", "age_band", "number", "target_id")
    return all(getattr(one, name) == getattr(other, name) for name in columns)


async def open_counting(
    device: Device, events: Sequence[SentEvent], hub_ids: frozenset[UUID] | None = None
) -> Counting:
    """With the activities locked, in the caller's transaction. Heads wait of a revoked phone, one whose time is over,
    or one not for the activity; in a loaded copy also of activities of none of `hub_ids`.
    """
    wanted = {one.activity for one in events if one.activity is not None}
    if not wanted:
        return Counting(device.id, {}, {}, [])
    bound = DeviceActivity.filter(device_id=device.id, activity_id__in=sorted(wanted)).values_list("activity_id")
    is_for = {key for (key,) in await bound}
    waits = {}
    for one in await lock(OutreachActivity, wanted):
        is_theirs = one.id in is_for and (hub_ids is None or one.hub_id in hub_ids)
        waits[one.id] = ScanFlag.NONE if is_theirs else ScanFlag.OTHER_SESSION
        if not may_upload(device, one.ends_at):
            waits[one.id] = ScanFlag.REVOKED
    names = {one.id for one in events} | {other_id(one.id, one.body_hash) for one in events}
    kept = {row.id: row for row in await HeadCount.filter(id__in=sorted(names))}
    return Counting(device.id, waits, kept, [])
