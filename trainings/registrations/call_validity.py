"""Of which sessions call lists tell, and which of them tell what no longer holds: called off, moved, or told later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.outbox.models import CallList, CallReason
from trainings.registrations.letters import REMINDER
from trainings.schedule.models import (
    ChangeKind,
    SessionChange,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)

PAPERS = frozenset({CallReason.CERTIFICATE, CallReason.ANNULLED})
"""What is told of somebody's certificate, not of days to come."""
KINDS: Mapping[CallReason, frozenset[str]] = {
    CallReason.CHANGED: frozenset({"training_changed"}),
    CallReason.CANCELLED: frozenset({"training_cancelled"}),
    CallReason.REMINDER: frozenset({REMINDER}),
    CallReason.OFFERED: frozenset({"registration_offered", "registration_promoted"}),
    CallReason.CERTIFICATE: frozenset({"certificate_ready"}),
    CallReason.ANNULLED: frozenset({"certificate_annulled"}),
}
"""Which messages tell what a list tells, where the list does not name their batch."""


async def sessions_told(lists: Sequence[CallList]) -> dict[UUID, frozenset[UUID]]:
    """The sessions of which each list tells, by its id: for a change all that one act changed, for a reminder all of
    its day that are held. Empty where a list is about the whole training.
    """
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    changes = await reads(SessionChange).filter(batch_id__in=batches).values_list("batch_id", "session_id")
    changed: dict[UUID | None, set[UUID]] = defaultdict(set)
    for batch_id, session_id in changes:
        changed[batch_id].add(session_id)
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
    """The sessions that are held on the day of which each of these lists reminds: one message tells them all too."""
    found = reads(TrainingSession).filter(training_id__in=sorted({one.training_id for one in reminders}))
    sessions = {one.id: one for one in await found} if reminders else {}
    left = await _days_of(reminders)
    told = {}
    for reminder in reminders:
        first = sessions.get(reminder.session_id) if reminder.session_id else None
        if first is None:
            continue
        day = left.get(reminder.id) or _day(first.starts_at)
        told[reminder.id] = frozenset(
            one.id
            for one in sessions.values()
            if one.training_id == reminder.training_id
            and one.state is SessionState.PLANNED
            and _day(one.starts_at) == day
        )
    return told


async def moot_lists(lists: Sequence[CallList]) -> frozenset[UUID]:
    """Lists whose thing no longer holds.

    What is called off has a list of its own, and what takes place after all is no cancellation. Nobody is reminded of
    a day on which nothing is held any more; and who was not called before the first reminder is on the list of the
    second.
    """
    trainings = dict(
        await reads(Training).filter(id__in=sorted({one.training_id for one in lists})).values_list("id", "state")
    )
    wanted = sorted({one.session_id for one in lists if one.session_id is not None})
    sessions = {one.id: one for one in await reads(TrainingSession).filter(id__in=wanted)} if wanted else {}
    reminders = [one for one in lists if one.reason is CallReason.REMINDER]
    told_later = await _told_later(reminders)
    of_the_day = await _of_their_day(reminders)
    return frozenset(
        one.id
        for one in lists
        if one.id in told_later
        or _is_moot(
            one,
            is_off=trainings[one.training_id] == TrainingState.CANCELLED,
            session=sessions.get(one.session_id) if one.session_id is not None else None,
            is_day_empty=not of_the_day.get(one.id, True),
        )
    )


def _is_moot(call_list: CallList, *, is_off: bool, session: TrainingSession | None, is_day_empty: bool) -> bool:
    if call_list.reason in PAPERS:
        return False  # what was held and earned stays so
    is_session_off = session is not None and session.state is SessionState.CANCELLED
    if call_list.reason is CallReason.CANCELLED:
        return not (is_off or is_session_off)
    if is_off or call_list.reason is not CallReason.REMINDER:
        return is_off
    return is_day_empty


async def _told_later(reminders: Sequence[CallList]) -> frozenset[UUID]:
    """Reminders of a session that has a later one."""
    session_ids = _sessions_of(reminders)
    if not session_ids:
        return frozenset()
    found = reads(CallList).filter(session_id__in=session_ids, reason=CallReason.REMINDER).order_by("created_at", "id")
    newest = {session_id: list_id for list_id, session_id in await found.values_list("id", "session_id")}
    return frozenset(one.id for one in reminders if one.session_id and newest[one.session_id] != one.id)


async def _days_of(reminders: Sequence[CallList]) -> dict[UUID, date]:
    """The day of which each reminds, where its session was moved since."""
    session_ids = _sessions_of(reminders)
    if not session_ids:
        return {}
    moves = reads(SessionChange).filter(
        session_id__in=session_ids, kind=ChangeKind.MOVED, old_starts_at__not_isnull=True
    )
    days: dict[UUID, date] = {}
    for move in await moves.order_by("created_at", "id"):
        for one in reminders:
            if one.session_id == move.session_id and move.created_at >= one.created_at and move.old_starts_at:
                days.setdefault(one.id, _day(move.old_starts_at))
    return days


def _sessions_of(lists: Collection[CallList]) -> list[UUID]:
    return sorted({one.session_id for one in lists if one.session_id is not None})


def _day(moment: datetime) -> date:
    return clock.local(moment).date()
