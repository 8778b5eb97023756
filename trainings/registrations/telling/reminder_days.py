"""Days of reminders, reckoned from the dates alone: a late start knows what is left to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from trainings import clock
from trainings.outbox.actions import STAFF_DELAY

HOUR = time(9)
EARLIEST = time(6)
"""Before 9:00 only for what begins before 9:00 and was missed the day before; never by night."""
MOST_DAYS_BEFORE = 14


@dataclass(frozen=True, slots=True)
class Meeting:
    """A planned session. `changed_at`: the last change that people notice (time, place, held or not)."""

    id: UUID
    starts_at: datetime
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A training's sessions of one day, so many days before.

    `since`: 9:00 of the day on which it is due. People confirmed later have just been told everything.
    """

    training_id: UUID
    on: date
    days: int
    since: datetime
    session_ids: tuple[UUID, ...]


def read_days(text: str) -> tuple[int, ...]:
    """`Operator.reminder_days` as numbers, farthest first."""
    return tuple(sorted((int(part) for part in text.split(",") if part), reverse=True))


def write_days(days: Collection[int]) -> str:
    return ",".join(str(one) for one in sorted(set(days), reverse=True))


def reminder_due(training_id: UUID, meetings: Sequence[Meeting], days: Sequence[int]) -> Reminder | None:
    """The last reminder due, if it still makes sense.

    Sessions of one day share a reminder; of two on one morning the nearer session's goes. An earlier one missed is not
    made up for: nobody gets two on one day. A session changed so late that people have just heard of it gets none.
    """
    by_day = _by_day(meetings)
    mornings = _mornings(by_day, days)
    now = clock.now()
    past = [morning for morning in mornings if clock.at(morning, HOUR) <= now]
    if not past:
        return None
    morning = max(past)
    on = mornings[morning]
    first, since = by_day[on][0], clock.at(morning, HOUR)
    has_just_changed = first.changed_at is not None and first.changed_at + STAFF_DELAY > since
    if first.starts_at <= now or has_just_changed or not _is_hour_for(first):
        return None
    return Reminder(training_id, on, (on - morning).days, since, tuple(one.id for one in by_day[on]))


def _by_day(meetings: Sequence[Meeting]) -> Mapping[date, list[Meeting]]:
    by_day: dict[date, list[Meeting]] = defaultdict(list)
    for meeting in sorted(meetings, key=lambda one: (one.starts_at, one.id)):
        by_day[clock.local(meeting.starts_at).date()].append(meeting)
    return by_day


def _mornings(by_day: Mapping[date, object], days: Sequence[int]) -> Mapping[date, date]:
    mornings: dict[date, date] = {}
    for on in sorted(by_day):
        for n in days:
            mornings.setdefault(on - timedelta(days=n), on)
    return mornings


def _is_hour_for(first: Meeting) -> bool:
    now, today = clock.now(), clock.today()
    if now >= clock.at(today, HOUR):
        return True
    return now >= clock.at(today, EARLIEST) and first.starts_at <= clock.at(today, HOUR)
