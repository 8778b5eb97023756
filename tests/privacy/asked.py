"""Erasures asked for by an own link, and the worker that carries them out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests import make
from tests.outbox.make_jobs import until, working
from trainings import clock, jobs
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import KIND
from trainings.schedule.models import Training
from trainings.settings import Settings

NOW = make.tomorrow_at(9, 0)
DUE = NOW + timedelta(hours=72)
MOMENT = timedelta(seconds=1)
STARTS = NOW + timedelta(days=10)


async def coming_training(**columns: Any) -> Training:
    """A training ten days from NOW: still ahead when an erasure asked for NOW is due."""
    return await make.make_training(sessions=[(STARTS, STARTS + timedelta(hours=4))], **columns)


async def work(settings: Settings) -> None:
    """Let a worker do what is due by now."""

    async def is_idle() -> bool:
        waiting = OutboxJob.filter(done_at=None, failed_at=None, stopped_at=None)
        return not await waiting.filter(run_at__lte=clock.now()).exists()

    async with working(settings, jobs.COMPOSERS):
        await until(is_idle)


async def asked(registration: Registration) -> OutboxJob | None:
    return await OutboxJob.get_or_none(kind=KIND, subject_id=registration.id)


async def due_of(registration: Registration) -> datetime | None:
    """When the data of this registration's person are going to be deleted, if anybody asked."""
    job = await asked(registration)
    return job.run_at if job else None
