"""Closing from a phone: at once where all phones of a session have told everything, else somebody confirms it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.attendance import actions
from trainings.attendance.models import Device, DeviceSession, ScanEvent, ScanKind
from trainings.attendance.projection import standing, undone_by
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import Refusal
from trainings.schedule.models import SessionState, TrainingSession


async def close_reported(session_ids: Collection[UUID], *, actor: Actor) -> None:
    """Close those of these sessions that a phone closed and whose phones have all told what they have.

    In a transaction for each. One that is not closed now waits for its phones, or for somebody's word.
    """
    for session_id, at in (await closed_on_phones(session_ids)).items():
        if not await phones_missing(session_id, at):
            # Called off in the same moment: then nobody closes it, and what the phone sent is kept all the same.
            with suppress(Refusal):
                await actions.close_session(session_id, actor=actor, at=at)


async def closed_on_phones(session_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """The open ones of these sessions that were closed on a phone, and when, on our clock.

    Not counted: what was taken back or put aside, or waits for a decision; and a time that cannot be.
    """
    now = clock.now()
    found = reads(TrainingSession).filter(
        id__in=sorted(session_ids), closed_at=None, state=SessionState.PLANNED, starts_at__lte=now
    )
    sessions = {one.id: one for one in await found}
    if not sessions:
        return {}
    events = reads(ScanEvent).filter(session_id__in=sorted(sessions), kind__in=[ScanKind.CLOSE, ScanKind.UNDO])
    of_session: dict[UUID, list[ScanEvent]] = defaultdict(list)
    for event in await events:
        of_session[event.session_id].append(event)
    closed = {}
    for session_id, own in of_session.items():
        closes = [one.at for one in standing(own, undone_by(own)) if one.kind is ScanKind.CLOSE]
        possible = [at for at in closes if sessions[session_id].starts_at <= at <= now]
        if possible:
            closed[session_id] = min(possible)
    return closed


async def phones_missing(session_id: UUID, at: datetime) -> list[Device]:
    """The phones of a session, in use, that since this moment have not said that they keep nothing back."""
    bound = reads(DeviceSession).filter(session_id=session_id).values_list("device_id")
    devices = await reads(Device).filter(
        id__in=[key for (key,) in await bound], revoked_at=None, token_hash__not_isnull=True
    )
    return [one for one in devices if one.n_unsent or one.last_seen_at is None or one.last_seen_at < at]
