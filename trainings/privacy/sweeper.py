from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import asdict

from trainings.privacy.actions import Swept
from trainings.privacy.guard import sweep_unless_odd

HOURS_BETWEEN = 6
logger = logging.getLogger("trainings.privacy")


async def run(stop: asyncio.Event) -> None:
    """Sweep at once and every six hours until stopped. Failures are tried again."""
    while not stop.is_set():
        try:
            swept = await sweep_unless_odd()
        except Exception:  # the next round comes all the same
            logger.exception("could not sweep; trying again later")
        else:
            if swept is None:
                logger.warning("nothing is deleted until somebody looked: see `trainings check`")
                swept = Swept(0, 0, 0)
            logger.info("swept %s", ", ".join(f"{n} {what}" for what, n in asdict(swept).items()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HOURS_BETWEEN * 3_600)
