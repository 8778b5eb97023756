from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads, sql
from trainings.db.sql import as_uuid
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.messages import REMINDER
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)

PAPERS = frozenset({CallReason.CERTIFICATE, CallReason.ANNULLED})
AT_ANY_TIME = PAPERS | {CallReason.OWN}
"""Opened also long after the last session."""
CHANGES = frozenset({CallReason.CHANGED, CallReason.CANCELLED})
KINDS: Mapping[CallReason, frozenset[str]] = {
    CallReason.CHANGED: frozenset({"training_changed"}),
    CallReason.CANCELLED: frozenset({"training_cancelled"}),
    CallReason.REMINDER: frozenset({REMINDER}),
    CallReason.OFFERED: frozenset({"registration_offered", "registration_promoted"}),
    CallReason.CERTIFICATE: frozenset({"certificate_ready"}),
    CallReason.ANNULLED: frozenset({"certificate_annulled"}),
    CallReason.OWN: frozenset(),
}
"""Messages that tell what a list without a batch tells."""


CHANGED = "SELECT batch_id, session_id FROM dated_change WHERE batch_id IN ?list AND session_id IS NOT NULL"


async def sessions_told(lists: Sequence[CallList]) -> dict[UUID, frozenset[UUID]]:
    """By list: the sessions of one act, for a reminder the sessions of its day. Empty: the whole training."""
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    changed: dict[UUID | None, set[UUID]] = defaultdict(set)
    for batch_id, session_id in await sql.tuples(CHANGED, batches, are_few=True) if batches else ():
        changed[as_uuid(batch_id)].add(as_uuid(session_id))
    of_the_day = await _of_their_day([one for one in lists if one.reason is CallReason.REMINDER])
    told: dict[UUID, frozenset[UUID]] = {}
    for one in lists:
        own = {one.session_id} if one.session_id is not None else set()
        if one.reason is CallReason.REMINDER:
            told[one.id] = of_the_day.get(one.id, frozenset())
        else:
            told[one.id] = frozenset((one.reason is CallReason.CHANGED and changed[one.batch_id]) or own)
    return told


async def _of_their_day(reminders: Sequence[CallList]) -> dict[UUID, frozenset[UUID]]:
    days = await _days_reminded(reminders)
    planned = reads(TrainingSession).filter(
        training_id__in=sorted({one.training_id for one in reminders}), state=SessionState.PLANNED
    )
    held: dict[tuple[UUID, date], set[UUID]] = defaultdict(set)
    for session in await planned if days else ():
        held[session.training_id, _day(session.starts_at)].add(session.id)
    return {one.id: frozenset(held.get((one.training_id, days[one.id]), ())) for one in reminders if one.id in days}


async def moot_lists(lists: Sequence[CallList]) -> frozenset[UUID]:
    """Reminders and offers that no longer hold: the day has no session, the training was called off, a later reminder
    covers the day.
    """
    to_hold = [one for one in lists if one.reason in (CallReason.REMINDER, CallReason.OFFERED)]
    if not to_hold:
        return frozenset()
    trainings = reads(Training).filter(id__in=sorted({one.training_id for one in to_hold}))
    off = {key for (key,) in await trainings.filter(state=TrainingState.CANCELLED).values_list("id")}
    reminders = [one for one in to_hold if one.reason is CallReason.REMINDER]
    told_later, of_the_day = await _told_later(reminders), await _of_their_day(reminders)
    return frozenset(
        one.id for one in to_hold if one.training_id in off or one.id in told_later or not of_the_day.get(one.id, True)
    )


async def is_overtaken(call_list: CallList) -> bool:
    if call_list.reason not in CHANGES:
        return False
    lists = reads(CallList).filter(training_id=call_list.training_id, reason__in=sorted(CHANGES))
    newest = await lists.order_by("-created_at", "-id").first()
    return newest is not None and newest.id != call_list.id


async def _told_later(reminders: Sequence[CallList]) -> frozenset[UUID]:
    if not reminders:
        return frozenset()
    trainings = sorted({one.training_id for one in reminders})
    found = (
        await reads(CallList).filter(training_id__in=trainings, reason=CallReason.REMINDER).order_by("created_at", "id")
    )
    days = await _days_reminded(found)
    newest = {(one.training_id, days[one.id]): one.id for one in found if one.id in days}
    return frozenset(one.id for one in reminders if one.id in days and newest[one.training_id, days[one.id]] != one.id)


async def _days_reminded(reminders: Collection[CallList]) -> dict[UUID, date]:
    wanted = sorted({one.session_id for one in reminders if one.session_id is not None})
    if not wanted:
        return {}
    starts = dict(await reads(TrainingSession).filter(id__in=wanted).values_list("id", "starts_at"))
    moves: dict[UUID, list[DatedChange]] = defaultdict(list)
    left = reads(DatedChange).filter(session_id__in=wanted, kind=ChangeKind.MOVED, left_starts_at__not_isnull=True)
    for move in await left.order_by("created_at", "id"):
        moves[move.thing_id].append(move)
    days: dict[UUID, date] = {}
    for one in reminders:
        if one.session_id is not None and one.session_id in starts:
            days[one.id] = _day(_start_when_opened(one, moves[one.session_id], starts[one.session_id]))
    return days


def _start_when_opened(reminder: CallList, moves: Sequence[DatedChange], now: datetime) -> datetime:
    earlier = (one.left_starts_at for one in moves if one.created_at >= reminder.created_at and one.left_starts_at)
    return next(earlier, now)


def _day(moment: datetime) -> date:
    return clock.local(moment).date()
