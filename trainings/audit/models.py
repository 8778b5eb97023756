from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from trainings.db.models import Record


class AuditLine(Record):
    """One act, append-only. `act` is `domain.verb`, `detail` holds codes and counts, never names or contacts."""

    actor_id: UUID | None = fields.UUIDField(null=True)
    actor_role = fields.CharField(max_length=32)
    act = fields.CharField(max_length=64, db_index=True)
    object_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    hub_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    request_id = fields.CharField(max_length=32, default="")
    detail: dict[str, Any] = fields.JSONField(default=dict)

    class Meta:
        table = "audit_line"
