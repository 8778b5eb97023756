"""Due by the dates alone, so that a late start knows what is left; one for each address, never twice."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from trainings import clock
from trainings.db import reads, sql, transaction
from trainings.db.sql import Statement
from trainings.outbox.actions import STAFF_DELAY, Wanted, enqueue_many
from trainings.outbox.models import CallReason
from trainings.registrations.messages import REMINDER, open_list
from trainings.schedule.models import DatedChange, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.session_actions import locked_training

HOUR = time(9)
EARLIEST = time(6)
"""Before 9:00 only for what begins before 9:00 and was missed the day before; never by night."""
MOST_DAYS_BEFORE = 14


@dataclass(frozen=True, slots=True)
class Planned:
    """`changed_at`: the last change that people notice (time, place, held or not)."""

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
    return tuple(sorted((int(part) for part in text.split(",") if part), reverse=True))


def write_days(days: Collection[int]) -> str:
    return ",".join(str(one) for one in sorted(set(days), reverse=True))


def reminder_due(training_id: UUID, planned: Sequence[Planned], days: Sequence[int]) -> Reminder | None:
    """The last reminder due, if it still makes sense.

    Sessions of one day share a reminder; of two on one morning the nearer session's goes. A missed reminder is not made
    up for: nobody gets two on one day. A session changed so late that people have just heard of it gets none.
    """
    by_day = _by_day(planned)
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


def _by_day(planned: Sequence[Planned]) -> Mapping[date, list[Planned]]:
    by_day: dict[date, list[Planned]] = defaultdict(list)
    for session in sorted(planned, key=lambda one: (one.starts_at, one.id)):
        by_day[clock.local(session.starts_at).date()].append(session)
    return by_day


def _mornings(by_day: Mapping[date, object], days: Sequence[int]) -> Mapping[date, date]:
    mornings: dict[date, date] = {}
    for on in sorted(by_day):
        for n in days:
            mornings.setdefault(on - timedelta(days=n), on)
    return mornings


def _is_hour_for(first: Planned) -> bool:
    now, today = clock.now(), clock.today()
    if now >= clock.at(today, HOUR):
        return True
    return now >= clock.at(today, EARLIEST) and first.starts_at <= clock.at(today, HOUR)


logger = logging.getLogger("trainings.registrations")

PEOPLE = """
    SELECT CAST(r.id AS TEXT) AS id,
        CASE WHEN EXISTS (
            SELECT 1 FROM own_link l
            WHERE l.registration_id = r.id AND l.scope = 'person' AND l.claimed_at IS NOT NULL AND l.revoked_at IS NULL
        ) THEN CAST(r.id AS TEXT) ELSE CAST(r.group_id AS TEXT) || ':' || p.email_key END AS mailbox,
        CASE WHEN r.state = 'confirmed' AND r.confirmed_at <= ? AND p.email_refused_at IS NULL
            THEN 1 ELSE 0 END AS is_to_tell
    FROM registration r
    JOIN participant p ON p.id = r.participant_id
    WHERE r.training_id = ? AND p.email_key IS NOT NULL
    ORDER BY r.id
"""
"""People of a form with one address share a mailbox; an adult with a claimed link is apart."""
WRITTEN = """
    SELECT j.dedup, CAST(j.subject_id AS TEXT) AS subject_id, j.created_at >= ? AS is_of_today
    FROM registration r
    JOIN outbox_job j ON j.subject_id = r.id
    WHERE r.training_id = ? AND j.kind = 'session_reminder'
"""

Row = dict[str, Any]


async def remind(done: set[Reminder] | None = None) -> int:
    """Enqueue due reminders and open their call lists; returns the number of messages.

    Safe after any pause, and from several processes at once. What is in `done` is skipped.
    """
    done = set() if done is None else done
    due = await _due()
    done.intersection_update(due)
    n_written = 0
    for reminder in due:
        if reminder in done:
            continue
        try:
            n, is_all = await _write(reminder)
        except Exception:  # one training must not hold up the others
            logger.exception("the people of training %s could not be reminded", reminder.training_id)
            continue
        n_written += n
        if is_all:
            done.add(reminder)
    return n_written


async def _due() -> list[Reminder]:
    span = timedelta(days=MOST_DAYS_BEFORE + 1)
    sessions = reads(TrainingSession).filter(
        state=SessionState.PLANNED,
        starts_at__gt=clock.now() - span,
        starts_at__lt=clock.now() + span,
        training__state__in=[TrainingState.PUBLISHED, TrainingState.UNLISTED],
    )
    planned: dict[UUID, list[Planned]] = defaultdict(list)
    days: dict[UUID, str] = {}
    # Not the stamp of calendars: it moves with corrected words, which nobody is told of.
    changes = reads(DatedChange).filter(created_at__gt=clock.now() - span).order_by("created_at")
    changed = dict(await changes.values_list("session_id", "created_at"))
    found = sessions.values_list("id", "training_id", "starts_at", "training__hub__operator__reminder_days")
    for session_id, training_id, starts_at, written in await found:
        planned[training_id].append(Planned(session_id, starts_at, changed.get(session_id)))
        days[training_id] = written
    reminders = [reminder_due(key, planned[key], read_days(days[key])) for key in sorted(planned)]
    return [one for one in reminders if one is not None]


async def _write(reminder: Reminder) -> tuple[int, bool]:
    """(messages, whether nobody is left for later). Under the training's lock."""
    async with transaction():
        training = await locked_training(reminder.training_id)
        if not await _still_holds(training, reminder):
            return 0, False
        people, written = await sql.rows_of(
            [
                Statement(PEOPLE, (reminder.since, training.id)),
                Statement(WRITTEN, (clock.midnight(clock.today()), training.id)),
            ]
        )
        wanted, n_later = _wanted(reminder, people, written)
        if wanted:
            payload = {"on": reminder.on.isoformat(), "sessions": [str(key) for key in reminder.session_ids]}
            await enqueue_many(REMINDER, wanted, payload, hub_id=training.hub_id)
        # Also where everybody has an address: people whom the message does not reach are called.
        cause = uuid5(NAMESPACE_URL, f"{reminder.session_ids[0]}:{reminder.on}:{reminder.days}")
        await open_list(training, CallReason.REMINDER, cause, session_id=reminder.session_ids[0])
        return len(wanted), not n_later


async def _still_holds(training: Training, reminder: Reminder) -> bool:
    """Asked under the lock: a session may have been moved or called off since the reminder was planned."""
    sessions = await TrainingSession.filter(id__in=list(reminder.session_ids), state=SessionState.PLANNED)
    days = {clock.local(one.starts_at).date() for one in sessions}
    is_on = training.state in (TrainingState.PUBLISHED, TrainingState.UNLISTED)
    return is_on and len(sessions) == len(reminder.session_ids) and days == {reminder.on}


def _wanted(reminder: Reminder, people: Sequence[Row], written: Sequence[Row]) -> tuple[list[Wanted], int]:
    dedups, today = {row["dedup"] for row in written}, _mailboxes_of_today(people, written)
    which = f"{reminder.on}:{reminder.days}"
    named: dict[str, str] = {}
    seen: set[str] = set()
    wanted: list[Wanted] = []
    n_later = 0
    for row in people:
        key, mailbox = row["id"], row["mailbox"]
        # The first of the form, also where they cancelled: the same address is the same reminder.
        name = named.setdefault(mailbox, key)
        if not row["is_to_tell"] or mailbox in seen:
            continue
        seen.add(mailbox)
        dedup = f"{REMINDER}:{name}:{which}"
        if dedup in dedups:
            continue
        if mailbox in today:
            n_later += 1
            continue
        wanted.append(Wanted(key, dedup))
    return wanted, n_later


def _mailboxes_of_today(people: Sequence[Row], written: Sequence[Row]) -> set[str]:
    keys = {row["subject_id"] for row in written if row["is_of_today"]}
    return {row["mailbox"] for row in people if row["id"] in keys} if keys else set()
