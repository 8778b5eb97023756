"""Jobs without a domain behind them, and workers that are quick to look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from trainings import clock
from trainings.db import transaction
from trainings.outbox import worker
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings

Sending = Callable[..., AbstractAsyncContextManager[None]]

QUICK = worker.Pace(first_look=0.01, poll=0.05, shortest_pause=0.01, longest_pause=0.03, timeout=30.0)


async def make_jobs(*names: str, kind: str = "note", run_at: datetime | None = None, **columns: Any) -> list[OutboxJob]:
    """One job for each name: a message to `name@x.example`."""
    async with transaction():
        for name in names:
            await enqueue(kind, {"name": name}, dedup=f"{kind}:{name}", run_at=run_at, **columns)
    return [await job_of(name, kind) for name in names]


async def job_of(name: str, kind: str = "note") -> OutboxJob:
    """The row as it is now."""
    return await OutboxJob.get(dedup=f"{kind}:{name}")


async def ends() -> dict[str, str]:
    """Where every job has got to, by name."""
    return {job.payload["name"]: job.outcome for job in await OutboxJob.all()}


def a_mail(name: str, **parts: Any) -> Mail:
    fields = {"to": f"{name}@x.example", "subject": "Aviso", "text": "Hola", "html": "<p>Hola</p>", "lang": "es-GT"}
    return Mail(**(fields | parts))


async def compose_note(job: OutboxJob) -> Mail:
    return a_mail(job.payload["name"])


COMPOSERS: Composers = {"note": compose_note}


def with_smtp(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"smtp_url": SecretStr(url)})


@asynccontextmanager
async def working(
    settings: Settings,
    composers: Composers = COMPOSERS,
    *,
    pace: worker.Pace = QUICK,
    offline: Collection[str] = (),
) -> AsyncIterator[None]:
    """A worker for the length of the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop, settings, composers, pace=pace, offline=offline))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(is_so: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    """Wait for something that happens in another task or process."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - it may happen in another process
            await asyncio.sleep(0.01)


async def until_settled(*, seconds: float = 30.0) -> None:
    """Wait until every job is done, failed or stopped."""

    async def is_settled() -> bool:
        return not await OutboxJob.exists(done_at=None, failed_at=None, stopped_at=None)

    await until(is_settled, seconds=seconds)


async def until_none_is_due() -> None:
    """Wait until every job waits for a later moment and no worker holds one: only then may a test move the clock on.

    Else a lease is over in the middle of a message, as of a worker that slept; the second time that is the job's own.
    """

    async def is_none_due() -> bool:
        return not await OutboxJob.exists(run_at__lte=clock.now(), done_at=None, failed_at=None)

    await until(is_none_due)


async def until_tried(job_id: UUID, tries: int) -> None:
    """Wait until a job has failed so many times."""

    async def is_tried() -> bool:
        job = await OutboxJob.get(id=job_id)
        return job.tries >= tries and job.lease_until is None

    await until(is_tried)
