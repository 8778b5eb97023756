from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.attendance.events import other_id
from trainings.attendance.models import DatedBy, Device, SlipState, WalkInSlip
from trainings.attendance.moments import Dated


def body_hash_of(sealed: str) -> str:
    """Tells a repeat from another slip under the same id."""
    return hashlib.sha256(sealed.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Slip:
    """As a phone sent it; `sealed` stays sealed, `seq`: its number among the phone's marks.

    `dated`: when it was written, given its first arrival; `held_at`: its time where nothing tells.
    """

    id: UUID
    session_id: UUID
    code_hash: str
    sealed: str
    dated: Callable[[datetime | None], Dated]
    held_at: datetime
    seq: int | None


async def receive(device: Device | None, slip: Slip) -> None:
    """Keep a slip under the phone's id; a repeat is one, and corrects its time while it waits. Another body under the
    id is kept beside it.

    In the caller's transaction.
    """
    body_hash = body_hash_of(slip.sealed)
    for key in (slip.id, other_id(slip.id, body_hash)):
        standing = await WalkInSlip.get_or_none(id=key)
        if standing is None:
            await WalkInSlip.create(
                id=key,
                session_id=slip.session_id,
                device_id=device.id if device is not None else None,
                code_hash=slip.code_hash,
                body=slip.sealed,
                body_hash=body_hash,
                written_at=slip.dated(None).at,
                seq=slip.seq,
            )
            return
        if standing.body_hash == body_hash:
            if standing.state is SlipState.WAITING:
                await _date_again(standing, slip)
            return


async def _date_again(standing: WalkInSlip, slip: Slip) -> None:
    """As for a repeated mark. What dated it is not kept: a slip at the very start of its session was dated by that."""
    by = DatedBy.SESSION if standing.written_at == slip.held_at else DatedBy.CLOCK
    dated = slip.dated(standing.created_at)
    if dated.is_truer_than(Dated(standing.written_at, by)):
        await WalkInSlip.filter(id=standing.id).update(written_at=dated.at)
