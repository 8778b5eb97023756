from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from trainings import db, jobs
from trainings.certificates.issuing import preparing
from trainings.outbox import worker
from trainings.privacy import guard
from trainings.privacy.practice import end_over
from trainings.registrations.calls.actions import open_for_offers
from trainings.registrations.desk.digests import write_digests
from trainings.registrations.seats.cards import release_due
from trainings.registrations.seats.waiting import expire_offers
from trainings.registrations.telling.eve_notes import write_activity_eves, write_eve_notes
from trainings.registrations.telling.reminders import Reminder, remind
from trainings.settings import Settings

SECONDS_BETWEEN = 60
logger = logging.getLogger("trainings.background")


async def work(stop: asyncio.Event, settings: Settings) -> None:
    """An error in one part ends all."""
    async with asyncio.TaskGroup() as parts:
        sending = worker.run(stop, settings, jobs.COMPOSERS, offline=jobs.OFFLINE, kept_back=guard.kept_back)
        parts.create_task(sending)
        parts.create_task(keep_deadlines(stop))
        parts.create_task(keep_papers(stop))
        parts.create_task(guard.run(stop))


async def work_alone(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with db.connect(settings):
        await work(stop, settings)


Look = Callable[[], Awaitable[int]]


async def keep_deadlines(stop: asyncio.Event) -> None:
    """Of offers and reserved places; reminders, call lists, notes."""
    looks: list[tuple[str, Look]] = [
        ("offers ran out", expire_offers),
        ("reserved places were released", release_due),
        ("call lists of offers were opened", open_for_offers),
        ("practices that ran out were emptied", end_over),
        ("weekly summaries were written", write_digests),
        ("notes for tomorrow were written", write_eve_notes),
        ("notes for the activities of tomorrow were written", write_activity_eves),
        ("reminders were written", partial(remind, set[Reminder]())),
    ]
    await _keep_looking(stop, looks)


async def keep_papers(stop: asyncio.Event) -> None:
    looks: list[tuple[str, Look]] = [
        ("hours of sessions that ended were counted", partial(preparing.settle_ended, set[UUID]())),
        ("prepared certificates became valid, or were annulled", preparing.validate_due),
    ]
    await _keep_looking(stop, looks)


async def _keep_looking(stop: asyncio.Event, looks: Sequence[tuple[str, Look]]) -> None:
    """At once and every minute until stopped. A failure is tried again."""
    while not stop.is_set():
        for what, look in looks:
            try:
                n = await look()
            except Exception:  # whatever the database or a bug does, the next round comes
                logger.exception("could not see to it that %s; trying again later", what)
            else:
                if n:
                    logger.info("%s %s", n, what)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SECONDS_BETWEEN)
