"""Work beside the pages, in the server's process or alone: send messages, end offers, validate papers, delete what is
due.
"""

from __future__ import annotations

import asyncio
import signal

from trainings import db, jobs
from trainings.certificates.issuing import watch
from trainings.outbox import worker
from trainings.privacy import guard, sweeper
from trainings.registrations.desk import deadlines
from trainings.settings import Settings


async def work(stop: asyncio.Event, settings: Settings) -> None:
    """Until `stop` is set. An error in one part ends all."""
    async with asyncio.TaskGroup() as parts:
        sending = worker.run(stop, settings, jobs.COMPOSERS, offline=jobs.OFFLINE, kept_back=guard.kept_back)
        parts.create_task(sending)
        parts.create_task(deadlines.run(stop))
        parts.create_task(watch.run(stop))
        parts.create_task(sweeper.run(stop))


async def work_alone(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with db.connect(settings):
        await work(stop, settings)
