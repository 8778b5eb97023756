"""Of which sessions call lists tell, and which of them tell what no longer holds: called off, moved, or told later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads
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
"""What is told of somebody's certificate, not of days to come."""
CHANGES = frozenset({CallReason.CHANGED, CallReason.CANCELLED})
"""What is told of something that staff did to sessions."""
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
    changes = await reads(DatedChange).filter(batch_id__in=batches).values_list("batch_id", "session_id")
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
    days = await _days_reminded(reminders)
    planned = reads(TrainingSession).filter(
        training_id__in=sorted({one.training_id for one in reminders}), state=SessionState.PLANNED
    )
    held: dict[tuple[UUID, date], set[UUID]] = defaultdict(set)
    for session in await planned if days else ():
        held[session.training_id, _day(session.starts_at)].add(session.id)
    return {one.id: frozenset(held.get((one.training_id, days[one.id]), ())) for one in reminders if one.id in days}


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


async def is_overtaken(call_list: CallList) -> bool:
    """Whether there was another change since: who is left is on its list, or on none where they know how it is."""
    if call_list.reason not in CHANGES:
        return False
    lists = reads(CallList).filter(training_id=call_list.training_id, reason__in=sorted(CHANGES))
    newest = await lists.order_by("-created_at", "-id").first()
    return newest is not None and newest.id != call_list.id


async def _told_later(reminders: Sequence[CallList]) -> frozenset[UUID]:
    """Reminders of a day that has a later one, whichever of its sessions was the first then."""
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
    """The day of which each reminds: where its session was moved since, the one on which it was then."""
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
