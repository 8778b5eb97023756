from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.fields.data import JSON_DUMPS

from trainings import clock
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import sql
from trainings.lib.tokens import uuid7

LINE = """
    INSERT INTO audit_line (id, created_at, act, actor_id, actor_role, object_id, hub_id, request_id, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


async def record(
    act: str, *, actor: Actor, object_id: UUID | None = None, hub_id: UUID | None = None, **detail: Any
) -> None:
    """Record one act (`domain.verb`) as the last statement of an action, in its transaction. `detail` takes codes,
    counts and ids only: never a name, contact or token.
    """
    made = uuid7(), clock.now(), act, actor.id, actor.role, object_id, hub_id, actor.request_id, JSON_DUMPS(detail)
    await sql.execute(LINE, *made)


@dataclass(frozen=True, slots=True)
class Act:
    object_id: UUID
    hub_id: UUID
    detail: Mapping[str, Any]


async def record_all(act: str, done: Sequence[Act], *, actor: Actor) -> None:
    lines = [
        AuditLine(
            act=act,
            actor_id=actor.id,
            actor_role=actor.role,
            object_id=one.object_id,
            hub_id=one.hub_id,
            request_id=actor.request_id,
            detail=dict(one.detail),
        )
        for one in done
    ]
    await AuditLine.bulk_create(lines)
