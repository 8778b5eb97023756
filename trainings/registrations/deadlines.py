"""Looks every minute for what has run out: offered places that nobody answered, reserved ones that got no name."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tortoise.exceptions import BaseORMException

from trainings.registrations.cards import release_due
from trainings.registrations.waiting import expire_offers

SECONDS_BETWEEN = 60
logger = logging.getLogger("trainings.registrations")


async def run(stop: asyncio.Event) -> None:
    """Look at once and every minute until stopped. A database that is away for a while is tried again."""
    while not stop.is_set():
        try:
            n_expired, n_released = await expire_offers(), await release_due()
        except (BaseORMException, OSError):
            logger.exception("could not look for places that ran out; trying again later")
        else:
            if n_expired or n_released:
                logger.info("%s offers ran out, %s reserved places were released", n_expired, n_released)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SECONDS_BETWEEN)
