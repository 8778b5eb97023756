from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db import is_in_transaction, sql
from trainings.db.sql import Insert, Statement
from trainings.lib.tokens import uuid7_texts
from trainings.outbox import bell

COLUMNS = (
    "id uuid, created_at timestamptz, kind text, payload jsonb, dedup text, subject_id uuid, hub_id uuid, "
    "lang text, run_at timestamptz"
)
WAITS = {"attempts": "0", "tries": "0", "n_unanswered": "0", "outcome": "''", "last_error": "''"}
JOBS, JOBS_OF_BATCH = Insert("outbox_job", COLUMNS, **WAITS), Insert("outbox_job", f"{COLUMNS}, batch_id uuid", **WAITS)


class Wanted(NamedTuple):
    """`subject_id`: the registration, as stored."""

    subject_id: str
    dedup: str


async def enqueue_many(
    kind: str,
    wanted: Sequence[Wanted],
    payload: Mapping[str, object],
    *,
    hub_id: UUID,
    run_at: datetime | None = None,
    batch_id: UUID | None = None,
) -> None:
    """Write these jobs in the caller's transaction. Without `run_at`: due now. `payload`: ids and codes that all share.

    None may exist: the caller has looked under a lock.
    """
    assert is_in_transaction(), "jobs are written together with what causes them"
    now = clock.now()
    begin, end = '{"registration_id": "', f'", {json.dumps(payload).removeprefix("{")}' if payload else '"}'
    due, of_batch = run_at or now, () if batch_id is None else (batch_id,)
    rows = [
        (key, now, kind, begin + subject + end, dedup, subject, hub_id, "", due, *of_batch)
        for key, (subject, dedup) in zip(uuid7_texts(), wanted, strict=False)
    ]
    await sql.write_all([Statement(JOBS_OF_BATCH if of_batch else JOBS, rows)])
    bell.wake()
