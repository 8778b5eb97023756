"""Many messages of one kind in one go: as `actions.enqueue`, for everybody of a training at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db import is_in_transaction, sql
from trainings.db.sql import Insert, Statement
from trainings.lib.tokens import uuid7_text
from trainings.outbox import bell

JOBS = Insert(
    "outbox_job",
    "id uuid, created_at timestamptz, kind text, payload jsonb, dedup text, subject_id uuid, hub_id uuid, "
    "lang text, run_at timestamptz",
    attempts="0",
    tries="0",
    outcome="''",
    last_error="''",
)


class Wanted(NamedTuple):
    """One message. `subject_id` is the registration that it is about, as it is written: neither engine needs more."""

    subject_id: str
    dedup: str


async def enqueue_many(kind: str, wanted: Sequence[Wanted], payload: Mapping[str, object], *, hub_id: UUID) -> None:
    """Write these jobs in the caller's transaction, due now, in the language of whom they are about.

    `payload` is what they have in common: ids and codes only. None of them may be there yet: the caller holds a lock
    under which it has looked.
    """
    assert payload, "what they have in common tells them from the next ones"
    assert is_in_transaction(), "jobs are written together with what causes them"
    now, common = clock.now(), json.dumps(payload).removeprefix("{")
    rows = [
        (uuid7_text(), now, kind, f'{{"registration_id": "{subject}", {common}', dedup, subject, hub_id, "", now)
        for subject, dedup in wanted
    ]
    await sql.write_all([Statement(JOBS, rows)])
    bell.wake()
