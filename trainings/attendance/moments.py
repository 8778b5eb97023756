"""When a mark was made, where the phone's clock showed another year: by the counter of the page it was made on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from trainings.attendance.models import Device, ScanEvent
from trainings.attendance.scans import CLOCK_TOLERANCE, DOOR_OPENS
from trainings.attendance.upload_forms import EventKind
from trainings.schedule.models import TrainingSession

AT_THE_END = frozenset({EventKind.OUT, EventKind.LEFT, EventKind.CLOSE})


class Made(Protocol):
    """What of an event says when it was made. `perf`: milliseconds since its page was opened."""

    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def perf(self) -> int | None: ...
    @property
    def page(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What the counter of a page showed at a moment, by our clock."""

    page: str
    perf: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Moments:
    """How the times of a phone's marks are read. `offset`: our clock minus the phone's, as it was on sending.

    A clock that was set right in between leaves marks of before at a time at which this phone cannot have made them:
    before it was prepared, or after now. `readings` of the same page tell when it was.
    """

    device: Device
    offset: timedelta
    now: datetime
    readings: Mapping[str, Reading] = field(default_factory=dict)

    @classmethod
    async def open(
        cls, device: Device, offset: timedelta, events: Sequence[Made], now: datetime, sent: Reading | None
    ) -> Moments:
        """`sent`: what the page's counter showed when these were sent, where the phone says so."""
        plain = cls(device, offset, now)
        pages = {one.page for one in events if one.page and not plain.is_possible(one.at + offset)}
        if not pages:
            return plain
        readings = [*await plain._stored(pages), *plain._readings(events)]
        if sent is not None:
            readings.append(sent)
        return cls(device, offset, now, {one.page: one for one in readings})

    def is_possible(self, at: datetime) -> bool:
        """Whether this phone can have made a mark then."""
        return self.device.created_at - DOOR_OPENS <= at <= self.now + CLOCK_TOLERANCE

    def at(self, event: Made, session: TrainingSession) -> datetime:
        """When it was. Where nothing tells, the session's beginning, and its end for who left."""
        at = event.at + self.offset
        is_near = session.starts_at - DOOR_OPENS <= at <= session.ends_at + DOOR_OPENS
        if is_near or self.is_possible(at):
            return at
        reading = self.readings.get(event.page)
        if reading is not None and event.perf is not None:
            return reading.at + timedelta(milliseconds=event.perf - reading.perf)
        return session.ends_at if event.kind in AT_THE_END else session.starts_at

    def stated(self, said: datetime | None, event: Made, session: TrainingSession) -> datetime | None:
        """When somebody left, as it was said on the same clock; none where that clock showed another year."""
        if said is None:
            return None
        at = self.at(event, session)
        is_lost = at != event.at + self.offset and event.page not in self.readings
        return None if is_lost else said + (at - event.at)

    def _readings(self, events: Iterable[Made]) -> list[Reading]:
        return [
            Reading(one.page, one.perf, one.at + self.offset)
            for one in events
            if one.page and one.perf is not None and self.is_possible(one.at + self.offset)
        ]

    async def _stored(self, pages: Iterable[str]) -> list[Reading]:
        marks = ScanEvent.filter(phone_id=self.device.id, page__in=sorted(pages), perf__not_isnull=True)
        rows = await marks.order_by("-seq").limit(50).values_list("page", "perf", "at", "device_at")
        # Those whose time was not read off the page themselves.
        return [Reading(*row[:3]) for row in rows if self.is_possible(row[3] + self.offset)]
