"""What people at the door filled in on a phone: sealed there to our key, kept sealed until it is a registration."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from trainings.attendance.models import Device, WalkInSlip
from trainings.attendance.upload_forms import other_id


def body_hash_of(sealed: str) -> str:
    """Tells a repeat from another slip under the same id."""
    return hashlib.sha256(sealed.encode()).hexdigest()


async def receive(
    device: Device | None, event_id: UUID, session_id: UUID, code_hash: str, sealed: str, at: datetime
) -> None:
    """Keep a slip under the id that the phone made; sent again it is one. Another body under the id is kept beside it.

    `sealed` stays as the phone sealed it. In the caller's transaction.
    """
    body_hash = body_hash_of(sealed)
    for key in (event_id, other_id(event_id, body_hash)):
        standing = await WalkInSlip.get_or_none(id=key)
        if standing is None:
            await WalkInSlip.create(
                id=key,
                session_id=session_id,
                device_id=device.id if device is not None else None,
                code_hash=code_hash,
                body=sealed,
                body_hash=body_hash,
                written_at=at,
            )
            return
        if standing.body_hash == body_hash:
            return
