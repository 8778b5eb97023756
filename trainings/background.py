"""What runs beside the pages: messages are sent, offers run out, papers become valid, and what is due is deleted.

In the server's process, or alone.
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
    """Until `stop` is set. If one part ends with an error, so does all of it."""
    async with asyncio.TaskGroup() as parts:
        sending = worker.run(stop, settings, jobs.COMPOSERS, offline=jobs.OFFLINE, kept_back=guard.kept_back)
        parts.create_task(sending)
        parts.create_task(deadlines.run(stop))
        parts.create_task(watch.run(stop))
        parts.create_task(sweeper.run(stop))


async def work_alone(settings: Settings) -> None:
    """The `worker` command: until the process is told to end (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with db.connect(settings):
        await work(stop, settings)
