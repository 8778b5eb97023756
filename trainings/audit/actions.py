"""Write the audit line: the last statement of an action, in the action's own transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from trainings.audit.models import AuditLine

if TYPE_CHECKING:
    from trainings.audit.actor import Actor


async def record(
    act: str, *, actor: Actor, object_id: UUID | None = None, hub_id: UUID | None = None, **detail: Any
) -> None:
    """Record one act (`domain.verb`). `detail` takes codes, counts and ids only: never a name, contact or token."""
    await AuditLine.create(
        act=act,
        actor_id=actor.id,
        actor_role=actor.role,
        object_id=object_id,
        hub_id=hub_id,
        request_id=actor.request_id,
        detail=detail,
    )
