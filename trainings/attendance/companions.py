"""Companions by the phone that counted them, told where several phones did: they may have counted the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.attendance.models import Device, ScanEvent, ScanKind
from trainings.attendance.projection import heads_by_phone, standing, undone_at
from trainings.db import reads


@dataclass(frozen=True, slots=True)
class CountedBy:
    """`until`: when the last of it came in."""

    phone_id: UUID
    name: str
    n: int
    until: datetime


async def companions_by_phone(session_id: UUID) -> Sequence[CountedBy]:
    """By name; empty where at most one phone counted."""
    heads = await reads(ScanEvent).filter(session_id=session_id, registration_id=None, kind=ScanKind.HEADS)
    if len({one.phone_id for one in heads}) < 2:
        return []
    undone = await undone_at(session_id)
    counted = {key: n for key, n in heads_by_phone(heads, undone).items() if key is not None and n > 0}
    if len(counted) < 2:
        return []
    devices = await reads(Device).filter(id__in=sorted(counted)).order_by("name", "id")
    came: dict[UUID | None, datetime] = {}
    for one in standing(heads, undone):
        came[one.phone_id] = max(one.created_at, came.get(one.phone_id, one.created_at))
    return [CountedBy(one.id, one.name, counted[one.id], came[one.id]) for one in devices]
