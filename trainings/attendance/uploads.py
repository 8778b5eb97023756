"""What prepared phones send: every event is kept, exactly once, and attendance is what they say together."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.attendance.batches import Batch, CameMeanwhile
from trainings.attendance.closings import PHONE, close_reported
from trainings.attendance.device_queries import sessions_of
from trainings.attendance.models import Device
from trainings.attendance.moments import Reading
from trainings.attendance.slip_opening import open_slips
from trainings.attendance.slips import body_hash_of
from trainings.attendance.upload_forms import EventKind, Unreadable, UploadedEvent, other_id, read_event
from trainings.attendance.upload_results import Result, ResultState, Trouble
from trainings.audit.actions import record
from trainings.db import transaction
from trainings.db.trouble import is_passing

logger = logging.getLogger("trainings.attendance")


@dataclass(frozen=True, slots=True)
class Upload:
    """Events as they came, with our clock minus the phone's, and what the phone says of itself.

    `n_unsent` counts what it keeps besides these events; none where it is not the phone that sends them. `session_ids`
    are then those of which the sender answers for what the phone says, and `hub_ids` those of whose activities. `sent`:
    what the counter of the phone's page showed on sending. `first_seq`: the number with which it began as this device.
    """

    items: Sequence[object]
    offset: timedelta
    last_seq: int | None = None
    n_unsent: int | None = None
    app_version: str = ""
    session_ids: frozenset[UUID] | None = None
    hub_ids: frozenset[UUID] | None = None
    sent: Reading | None = None
    first_seq: int | None = None


async def receive(device: Device, upload: Upload) -> list[Result]:
    """Keep a batch in one transaction; one result for each event, in order.

    A known id with the same body is acknowledged again; with another body both are kept. Of a phone that was taken out
    of use, or is not prepared for the session, everything is kept and nothing counts until somebody says so.
    """
    read = [read_event(item) for item in upload.items]
    results = await _keep_all(device, upload, read)
    await open_slips(_slips_in(read, upload.session_ids), actor=PHONE)
    if upload.n_unsent == 0 and all(one.is_kept for one in results):
        await close_reported(await sessions_of(device))
    return results


def _slips_in(read: Sequence[UploadedEvent | Unreadable], session_ids: frozenset[UUID] | None) -> list[UUID]:
    """The keys under which the slips of a batch may be kept, those sent again too: their opening may have failed."""
    sent = [one for one in read if isinstance(one, UploadedEvent) and one.kind is EventKind.SLIP]
    sent = [one for one in sent if session_ids is None or one.session in session_ids]
    return [key for one in sent for key in (one.id, other_id(one.id, body_hash_of(one.sealed or "")))]


async def _keep_all(device: Device, upload: Upload, read: Sequence[UploadedEvent | Unreadable]) -> list[Result]:
    """All of it together. Where one breaks us, each by itself, so that it holds back no other; where each does, it is
    we who are broken, and the phone tries again.
    """
    try:
        return await _keep_once_more(device, upload, read)
    except Exception as error:
        if len(read) == 1 or is_passing(error):
            raise
        by_itself = replace(upload, n_unsent=None)
        results = [await _keep_alone(device, by_itself, one) for one in read]
        if not any(one.is_kept for one in results):
            raise
        await _note_phone(device, upload, results)
        return results


async def _keep_alone(device: Device, upload: Upload, one: UploadedEvent | Unreadable) -> Result:
    try:
        [result] = await _keep_once_more(device, upload, [one])
    except Exception as error:
        if is_passing(error):
            raise
        logger.exception("an event of a phone could not be kept")
        return Result(str(one.id), ResultState.MALFORMED, trouble=Trouble.UNREADABLE)
    return result


async def _keep_once_more(device: Device, upload: Upload, read: Sequence[UploadedEvent | Unreadable]) -> list[Result]:
    try:
        return await _keep(device, upload, read)
    except (IntegrityError, CameMeanwhile):
        # In between another process kept one of these ids, at a training that was not held here. Now it is found.
        return await _keep(device, upload, read)


async def _keep(device: Device, upload: Upload, read: Sequence[UploadedEvent | Unreadable]) -> list[Result]:
    async with transaction():
        kept = await _take(device, upload, [one for one in read if isinstance(one, UploadedEvent)])
        results = [
            next(kept)
            if isinstance(one, UploadedEvent)
            else Result(one.id, ResultState.MALFORMED, trouble=Trouble.UNREADABLE)
            for one in read
        ]
        await _note_unread(device, results)
        await _note_phone(device, upload, results)
        return results


async def _take(device: Device, upload: Upload, events: Sequence[UploadedEvent]) -> Iterator[Result]:
    if not events:
        return iter(())
    batch = await Batch.open(device, upload.offset, events, upload.session_ids, upload.hub_ids, upload.sent)
    results = [batch.decide(event) for event in events]
    await batch.write()
    return iter(results)


async def _note_unread(device: Device, results: Sequence[Result]) -> None:
    """How many of its events nobody understands: never what they say."""
    n_malformed = sum(not one.is_kept for one in results)
    if n_malformed:
        await record("devices.malformed", actor=PHONE, object_id=device.id, hub_id=device.hub_id, events=n_malformed)


async def _note_phone(device: Device, upload: Upload, results: Sequence[Result]) -> None:
    """What the phone says of itself."""
    if upload.n_unsent is not None:
        await Device.filter(id=device.id).update(
            last_seen_at=clock.now(),
            # Emptied, it begins anew; what it said before is where it began. Who told of numbers before saying where
            # they began would hide those that never came.
            first_seq=device.first_seq or (None if device.last_seq else upload.first_seq),
            last_seq=max(device.last_seq, upload.last_seq or 0),
            n_unsent=upload.n_unsent + sum(not one.is_kept for one in results),
            app_version=upload.app_version or device.app_version,
        )
