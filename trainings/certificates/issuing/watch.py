from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from uuid import UUID

from trainings.certificates.issuing.preparing import settle_ended, validate_due

SECONDS_BETWEEN = 60
logger = logging.getLogger("trainings.certificates")


async def run(stop: asyncio.Event) -> None:
    """At once and every minute until stopped. Failures are tried again."""
    looks = (
        ("hours of sessions that ended were counted", partial(settle_ended, set[UUID]())),
        ("prepared certificates became valid, or were annulled", validate_due),
    )
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
