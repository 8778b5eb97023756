"""Phones and slips are deleted when they are over, marks a year after their training. Each session keeps one mark for
each fact that attendance is computed from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.attendance.device_access import UPLOAD_DAYS
from trainings.attendance.models import (
    Attendance,
    Decision,
    Device,
    DeviceActivity,
    DeviceSession,
    ScanEvent,
    ScanFlag,
    ScanHow,
    ScanKind,
    SlipState,
    WalkInSlip,
)
from trainings.attendance.projection import ODD_ARRIVALS, heads_of, project, standing, stay_of, undone_by
from trainings.db import lock, sql, transaction
from trainings.schedule.models import Training, TrainingSession

MARKS_KEPT = timedelta(days=365)
"""Counted from the last session of the training."""
MOST_SESSIONS = 200
MOMENT = timedelta(seconds=1)

WITH_MARKS = """
    SELECT s.id FROM training_session s
    WHERE s.training_id IN (SELECT training_id FROM training_session GROUP BY training_id HAVING MAX(ends_at) < ?)
        AND (EXISTS (SELECT 1 FROM scan_event e WHERE e.session_id = s.id AND e.body_hash <> '')
            OR EXISTS (SELECT 1 FROM walk_in_slip w WHERE w.session_id = s.id))
    ORDER BY s.id
"""


async def n_old_marks() -> int:
    return await ScanEvent.filter(session_id__in=await _sessions_with_marks()).count()


async def forget_marks() -> int:
    """Returns how many. One transaction for each session."""
    return sum([await _forget(session_id) for session_id in await _sessions_with_marks()])


async def _sessions_with_marks() -> list[UUID]:
    rows = await sql.rows(WITH_MARKS, clock.now() - MARKS_KEPT)
    return [UUID(str(row["id"])) for row in rows[:MOST_SESSIONS]]


async def _forget(session_id: UUID) -> int:
    async with transaction():
        session = await TrainingSession.get(id=session_id)
        people = await ScanEvent.filter(session_id=session_id).distinct().values_list("registration__training_id")
        await lock(Training, {session.training_id} | {key for (key,) in people if key is not None})
        marks = await ScanEvent.filter(session_id=session_id).order_by("at", "id")
        kept = what_stays(session, marks)
        came = sorted({one.registration_id for one in marks if one.registration_id is not None})
        # A row made anew: the ids of before tell the moment in which they were made.
        await Attendance.filter(session_id=session_id, registration_id__in=came).delete()
        await ScanEvent.filter(session_id=session_id).delete()
        await WalkInSlip.filter(session_id=session_id).delete()
        await ScanEvent.bulk_create(kept)
        await project(session, {one.registration_id for one in kept if one.registration_id is not None})
    return len(marks)


def what_stays(session: TrainingSession, marks: Sequence[ScanEvent]) -> list[ScanEvent]:
    """New marks that give the same attendance: all arrived when the session began."""
    undone = undone_by(marks)
    by_whom: dict[object, list[ScanEvent]] = defaultdict(list)
    for mark in marks:
        if mark.registration_id is not None:
            by_whom[mark.registration_id].append(mark)
        elif mark.flag is ScanFlag.UNNAMED or mark.decision is Decision.COUNTED:
            by_whom[mark.code_hash or mark.id].append(mark)
    kept = [one for own in by_whom.values() for one in _of_one(session, own, undone)]
    n_heads = heads_of(marks, undone)
    if n_heads:
        kept.append(_mark(session, ScanKind.HEADS, ScanHow.BUTTON, session.starts_at, number=n_heads))
    return kept


def _of_one(session: TrainingSession, marks: Sequence[ScanEvent], undone: set[UUID]) -> list[ScanEvent]:
    stay = stay_of(marks, undone)
    if not stay.is_present:
        return []
    first = next(one for one in standing(marks, undone) if one.kind in (ScanKind.IN, ScanKind.WALK_IN))
    key, flag = first.registration_id, ScanFlag.NONE
    if key is None:
        flag = ScanFlag.UNNAMED
    elif stay.to_review:
        flag = next(one.flag for one in marks if one.flag in ODD_ARRIVALS and one.decision is Decision.NONE)
    kept = [_mark(session, first.kind, first.how, session.starts_at, registration_id=key, flag=flag)]
    if stay.left_at is not None and key is not None:
        said = max(stay.left_at, session.starts_at + MOMENT)
        # Nobody leaves before they came.
        left_at = max(stay.left_at, session.starts_at)
        kept.append(_mark(session, ScanKind.LEFT, ScanHow.BUTTON, said, registration_id=key, stated_at=left_at))
    return kept


def _mark(
    session: TrainingSession,
    kind: ScanKind,
    how: ScanHow,
    at: datetime,
    *,
    registration_id: UUID | None = None,
    flag: ScanFlag = ScanFlag.NONE,
    stated_at: datetime | None = None,
    number: int | None = None,
) -> ScanEvent:
    return ScanEvent(
        session_id=session.id,
        registration_id=registration_id,
        kind=kind,
        how=how,
        at=at,
        device_at=at,
        body_hash="",
        flag=flag,
        stated_at=stated_at,
        number=number,
    )


PHONES_KEPT = timedelta(days=30)
"""Counted from the revocation, or from the last mark that would have counted by itself."""
CODES_KEPT = timedelta(days=1)
SLIPS_KEPT = timedelta(days=30)
"""Counted from the session. Slips registered or put aside are empty already."""

OVER = """
    SELECT d.id FROM device d
    WHERE (d.token_hash IS NOT NULL OR d.enrol_hash IS NOT NULL OR d.name <> '') AND (
        d.revoked_at < ?
        OR (d.token_hash IS NULL AND d.enrol_until < ?)
        OR (d.created_at < ?
            AND NOT EXISTS (
                SELECT 1 FROM device_session b
                JOIN training_session s ON s.id = b.session_id
                JOIN training_session t ON t.training_id = s.training_id
                WHERE b.device_id = d.id AND t.ends_at >= ?)
            AND NOT EXISTS (
                SELECT 1 FROM device_activity b JOIN outreach_activity a ON a.id = b.activity_id
                WHERE b.device_id = d.id AND a.ends_at >= ?))
    )
"""

EMPTIED = """
    DELETE FROM device
    WHERE name = '' AND token_hash IS NULL AND enrol_hash IS NULL
        AND NOT EXISTS (SELECT 1 FROM scan_event e WHERE e.phone_id = device.id)
        AND NOT EXISTS (SELECT 1 FROM walk_in_slip w WHERE w.device_id = device.id)
        AND NOT EXISTS (SELECT 1 FROM device_session b WHERE b.device_id = device.id)
        AND NOT EXISTS (SELECT 1 FROM device_activity b WHERE b.device_id = device.id)
"""

EMPTY_SLIPS = f"""
    UPDATE walk_in_slip SET body = NULL, state = '{SlipState.DISMISSED}'
    WHERE state = '{SlipState.WAITING}' AND session_id IN (SELECT id FROM training_session WHERE ends_at < ?)
"""  # noqa: S608 - codes of ours


async def forget_phones() -> int:
    """In the caller's transaction; returns how many. A phone with marks or slips keeps its row, without name and
    token.
    """
    await sql.execute(EMPTIED)
    now = clock.now()
    last_end = now - UPLOAD_DAYS - PHONES_KEPT
    rows = await sql.rows(OVER, now - PHONES_KEPT, now - CODES_KEPT, last_end, last_end, last_end)
    ids = [UUID(str(row["id"])) for row in rows]
    if not ids:
        return 0
    await DeviceSession.filter(device_id__in=ids).delete()
    await DeviceActivity.filter(device_id__in=ids).delete()
    referred = {key for (key,) in await ScanEvent.filter(phone_id__in=ids).distinct().values_list("phone_id")}
    referred |= {key for (key,) in await WalkInSlip.filter(device_id__in=ids).distinct().values_list("device_id")}
    await Device.filter(id__in=[key for key in ids if key not in referred]).delete()
    await Device.filter(id__in=sorted(referred)).update(name="", token_hash=None, enrol_hash=None, prepared_by_id=None)
    return len(ids)


async def forget_slips() -> int:
    """Empty waiting slips of old sessions; returns how many."""
    return await sql.execute(EMPTY_SLIPS, clock.now() - SLIPS_KEPT)
