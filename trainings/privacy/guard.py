"""Delete every six hours; stop and ask if it is far more than usual or the clock may be wrong."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta
from statistics import median

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import reads, transaction
from trainings.privacy.actions import Swept, sweep, what_is_due
from trainings.privacy.models import SweepLook, SweepRun, SweepStop, WhyStopped
from trainings.registrations.own.erasures import ASKED

ALWAYS = 1_000
"""Rows deleted without asking."""
TIMES_USUAL, RUNS = 10, 7
"""Also allowed without asking: this many times the median of the last runs that deleted anything."""
LONGEST_SILENCE = timedelta(days=6)
"""After a longer time between two looks the clock may have jumped. Shorter than any retention period, so an unnoticed
jump deletes nothing that is not over.
"""
CLOCKS_DIFFER = timedelta(days=1)
"""If the last look is further ahead, the clock went back."""


async def sweep_unless_odd() -> Swept | None:
    """None: deletion stands still or must be asked for. A corrected clock ends its stop; one that stays odd needs a
    person's confirmation.
    """
    if await _is_clock_odd():
        await _stop(WhyStopped.CLOCK, n_rows=0)
        return None
    await _trust_clock()
    if await standing_stop() is not None:
        return None
    n_due = sum(asdict(await what_is_due()).values())
    if n_due > await most_rows():
        await _stop(WhyStopped.ROWS, n_rows=n_due)
        return None
    return await sweep()


async def standing_stop() -> SweepStop | None:
    """A stop because of the clock comes first."""
    return await reads(SweepStop).filter(agreed_at=None).order_by("why", "id").first()


async def kept_back() -> Collection[str]:
    """Erasures wait while the clock may be wrong: they can be undone until their moment."""
    is_stopped = await reads(SweepStop).filter(why=WhyStopped.CLOCK, agreed_at=None).exists()
    return ASKED if is_stopped or await _is_clock_odd() else ()


async def go_on() -> Swept:
    """An operator agreed: delete all that is due, and automatically from now on."""
    swept = await sweep()
    await _trust_clock()
    async with transaction():
        n_stops = await SweepStop.filter(agreed_at=None).update(agreed_at=clock.now())
        await record("privacy.sweep_agreed", actor=PROGRAM, stops=n_stops)
    return swept


async def most_rows() -> int:
    runs = await reads(SweepRun).order_by("-id").limit(RUNS)
    usual = median(one.n_rows for one in runs) if runs else 0
    return max(ALWAYS, int(TIMES_USUAL * usual))


async def say_clock_is_right(*, actor: Actor) -> None:
    """The clock counts from now on, and the next round deletes as usual."""
    async with transaction():
        await _trust_clock()
        await record("privacy.clock_is_right", actor=actor)


async def _is_clock_odd() -> bool:
    """Against the last look, not the newest act: work with a wrong clock leaves acts of its time."""
    last = await reads(SweepLook).order_by("-looked_at").first()
    return last is not None and not -CLOCKS_DIFFER <= clock.now() - last.looked_at <= LONGEST_SILENCE


async def _trust_clock() -> None:
    async with transaction():
        moment = clock.now()
        if not await SweepLook.all().update(looked_at=moment):
            await SweepLook.create(looked_at=moment)
        await SweepStop.filter(why=WhyStopped.CLOCK, agreed_at=None).update(agreed_at=moment)


async def _stop(why: WhyStopped, *, n_rows: int) -> None:
    async with transaction():
        if not await SweepStop.exists(why=why, agreed_at=None):
            await SweepStop.create(why=why, n_rows=n_rows)


HOURS_BETWEEN = 6
logger = logging.getLogger("trainings.privacy")


async def run(stop: asyncio.Event) -> None:
    """At once and every six hours. Failures are tried again."""
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
