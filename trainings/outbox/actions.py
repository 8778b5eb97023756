from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import F

from trainings import clock
from trainings.accounts.permissions import can_see_messages
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import is_in_transaction, sql, transaction
from trainings.db.sql import Insert, Statement
from trainings.errors import NotFound, Refusal
from trainings.lib.tokens import uuid7_texts
from trainings.outbox.models import OPEN, CallList, OutboxJob, Outcome, StoppedBatch
from trainings.web.i18n import N_

STAFF_DELAY = timedelta(minutes=10)
"""Staff can stop a message that they cause for this long."""


class TooLateToStop(Refusal):
    sentence = N_(
        "Los avisos ya salieron: solo se detienen en los primeros 10 minutos. Si hay un error, avise por teléfono."
    )


class TakenOver(Refusal):
    sentence = N_(
        "Hubo otro cambio después de este, y los avisos salen juntos. Abra otra vez la página y deténgalos ahí."
    )


class HasNotFailed(Refusal):
    sentence = N_("Este mensaje no ha fallado, así que no hace falta enviarlo otra vez.")


class IsBeingSent(Refusal):
    sentence = N_("Este mensaje se está enviando en este momento. Espere un minuto y vea cómo le fue.")


async def enqueue(
    kind: str,
    payload: dict[str, Any],
    *,
    dedup: str,
    hub_id: UUID | None = None,
    run_at: datetime | None = None,
    batch_id: UUID | None = None,
    lang: str = "",
) -> None:
    """In the caller's transaction; another call with the same `dedup` gives the same job. `payload` holds ids only, as
    text; `registration_id`: the registration it is about. `lang` only where the person who asks reads it.
    """
    assert is_in_transaction(), "a job is written together with what causes it"
    subject = payload.get("registration_id")
    job = OutboxJob(
        kind=kind,
        payload=payload,
        dedup=dedup,
        subject_id=UUID(subject) if subject else None,
        hub_id=hub_id,
        batch_id=batch_id,
        lang=lang,
        run_at=run_at or clock.now(),
    )
    await OutboxJob.bulk_create([job], ignore_conflicts=True)
    wake()


async def stop_batch(batch_id: UUID, *, actor: Actor) -> int:
    """The messages and calls that have not left; returns the number of messages. Refuses with TooLateToStop, with
    TakenOver where a later change tells it, with NotFound for another hub's.
    """
    async with transaction():
        hub_id = await _hub_of(batch_id)
        if hub_id is None or not can_see_messages(actor, hub_id):
            raise NotFound(N_("No encontramos esos avisos."))
        moment = clock.now()
        waiting = OutboxJob.filter(batch_id=batch_id, **OPEN)
        to_stop = waiting.filter(run_at__gt=moment, attempts=0)
        stopped = await to_stop.update(stopped_at=moment, outcome=Outcome.STOPPED)
        lists = CallList.filter(batch_id=batch_id, closed_at=None, due_at__gt=moment)
        if not await lists.update(closed_at=moment) and not stopped:
            if await _was_stopped(batch_id):
                return 0
            raise TakenOver if await _was_taken_over(batch_id) else TooLateToStop
        # What joined the batch while the first of its messages were waited for; nothing joins a closed list.
        stopped += await to_stop.update(stopped_at=moment, outcome=Outcome.STOPPED)
        await StoppedBatch.bulk_create([StoppedBatch(batch_id=batch_id)], ignore_conflicts=True)
        await record("outbox.stop", actor=actor, object_id=batch_id, hub_id=hub_id, n=stopped)
        return stopped


async def _was_stopped(batch_id: UUID) -> bool:
    return await StoppedBatch.exists(batch_id=batch_id)


async def _was_taken_over(batch_id: UUID) -> bool:
    lists = CallList.filter(batch_id=batch_id)
    return not (
        await OutboxJob.exists(batch_id=batch_id, stopped_at=None)
        or await lists.filter(closed_at=None).exists()
        or await lists.filter(closed_at__gte=F("due_at")).exists()
    )


async def _hub_of(batch_id: UUID) -> UUID | None:
    job = await OutboxJob.filter(batch_id=batch_id).first()
    if job is not None:
        return job.hub_id
    call_list = await CallList.filter(batch_id=batch_id).first()
    return call_list.hub_id if call_list is not None else None


async def retry(job_id: UUID, *, actor: Actor) -> None:
    """A failed message again with all its tries, or a waiting message now. Refuses with IsBeingSent while a worker has
    it, else with HasNotFailed.
    """
    async with transaction():
        job = await OutboxJob.get_or_none(id=job_id)
        if job is None or job.hub_id is None or not can_see_messages(actor, job.hub_id):
            raise NotFound(N_("No encontramos ese mensaje."))
        moment, this = clock.now(), OutboxJob.filter(id=job_id)
        again = await this.filter(failed_at__isnull=False).update(
            failed_at=None,
            outcome="",
            last_error="",
            tries=0,
            n_unanswered=0,
            doubted_at=None,
            lease_until=None,
            run_at=moment,
        )
        # What waits keeps its tries: asking sooner is not asking for more.
        waiting = this.filter(done_at=None, stopped_at=None, lease_until=None).exclude(last_error="")
        if not again and not await waiting.update(run_at=moment):
            raise IsBeingSent if job.lease_until is not None and job.done_at is None else HasNotFailed
        await record("outbox.retry", actor=actor, object_id=job.id, hub_id=job.hub_id, kind=job.kind)
    wake()


COLUMNS = (
    "id uuid, created_at timestamptz, kind text, payload jsonb, dedup text, subject_id uuid, hub_id uuid, "
    "lang text, run_at timestamptz"
)
WAITS = {"attempts": "0", "tries": "0", "n_unanswered": "0", "outcome": "''", "last_error": "''"}
JOBS, JOBS_OF_BATCH = Insert("outbox_job", COLUMNS, **WAITS), Insert("outbox_job", f"{COLUMNS}, batch_id uuid", **WAITS)


class Wanted(NamedTuple):
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
    """As `enqueue`, with one payload. No such job may exist: the caller has looked under a lock."""
    assert is_in_transaction(), "jobs are written together with what causes them"
    now = clock.now()
    begin, end = '{"registration_id": "', f'", {json.dumps(payload).removeprefix("{")}' if payload else '"}'
    of_batch = () if batch_id is None else (str(batch_id),)
    # What is the same in thousands of rows is turned to text once.
    made, due, hub = *sql.moments([now, run_at or now]), str(hub_id)
    rows = [
        (key, made, kind, begin + subject + end, dedup, subject, hub, "", due, *of_batch)
        for key, (subject, dedup) in zip(uuid7_texts(), wanted, strict=False)
    ]
    await sql.write_all([Statement(JOBS_OF_BATCH if of_batch else JOBS, rows)])
    wake()


_listening: set[asyncio.Event] = set()


def wake() -> None:
    """Wakes the workers of this process. Other processes look every few seconds."""
    for event in _listening:
        event.set()


@contextmanager
def listening() -> Iterator[asyncio.Event]:
    event = asyncio.Event()
    _listening.add(event)
    try:
        yield event
    finally:
        _listening.discard(event)
