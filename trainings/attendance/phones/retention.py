from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.attendance.device_queries import UPLOAD_DAYS
from trainings.attendance.models import Device, DeviceActivity, DeviceSession, ScanEvent, SlipState, WalkInSlip
from trainings.db import sql

PHONES_KEPT = timedelta(days=30)
"""After it was revoked, or after the last mark that would have counted by itself."""
CODES_KEPT = timedelta(days=1)
SLIPS_KEPT = timedelta(days=30)
"""After the session. Slips registered or put aside are empty already."""

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
"""Their marks went after a year (`old_marks`)."""

EMPTY_SLIPS = f"""
    UPDATE walk_in_slip SET body = NULL, state = '{SlipState.DISMISSED}'
    WHERE state = '{SlipState.WAITING}' AND session_id IN (SELECT id FROM training_session WHERE ends_at < ?)
"""  # noqa: S608 - codes of ours


async def forget_phones() -> int:
    """Delete phones that are over, in the caller's transaction; returns how many.

    A phone with marks or slips keeps its row as long as they stay, without name and token: it opens nothing.
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
    """Empty waiting slips of old sessions, and put them aside; returns how many."""
    return await sql.execute(EMPTY_SLIPS, clock.now() - SLIPS_KEPT)
