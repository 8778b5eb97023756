from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial

from trainings.registrations.calls.actions import open_for_offers
from trainings.registrations.desk.digests import write_digests
from trainings.registrations.seats.cards import release_due
from trainings.registrations.seats.renewed_offers import offer_anew
from trainings.registrations.seats.waiting import expire_offers
from trainings.registrations.telling.eve_notes import write_activity_eves, write_eve_notes
from trainings.registrations.telling.reminders import Reminder, remind

SECONDS_BETWEEN = 60
logger = logging.getLogger("trainings.registrations")


async def run(stop: asyncio.Event) -> None:
    """Every minute until stopped: deadlines of offers and reserved places, reminders, call lists, notes. A failure is
    tried again.
    """
    looks = (
        ("places were offered anew", offer_anew),
        ("offers ran out", expire_offers),
        ("reserved places were released", release_due),
        ("call lists of offers were opened", open_for_offers),
        ("weekly summaries were written", write_digests),
        ("notes for tomorrow were written", write_eve_notes),
        ("notes for the activities of tomorrow were written", write_activity_eves),
        ("reminders were written", partial(remind, set[Reminder]())),
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
