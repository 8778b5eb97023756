"""What is deleted by itself stands still and asks, where it is far more than usual or the clock may be wrong."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from statistics import median

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import reads, transaction
from trainings.privacy.actions import SWEPT, Swept, sweep, what_is_due
from trainings.privacy.models import SweepStop, WhyStopped

ALWAYS = 1_000
"""So many rows go without being asked for."""
TIMES_USUAL, RUNS = 10, 7
"""And so many times the median of the last runs that deleted anything."""
LONGEST_SILENCE = timedelta(days=45)
"""From the newest act on record to a sweep: after a longer one the clock may have jumped."""
CLOCKS_DIFFER = timedelta(days=1)
"""So far ahead of the clock the newest act may be: more, and the clock went back."""


async def sweep_unless_odd() -> Swept | None:
    """Delete what is due, or nothing, where that stands still or has to be asked for."""
    if await standing_stop() is not None:
        return None
    if await _is_clock_odd():
        await _stop(WhyStopped.CLOCK, n_rows=0)
        return None
    n_due = sum(asdict(await what_is_due()).values())
    if n_due > await most_rows():
        await _stop(WhyStopped.ROWS, n_rows=n_due)
        return None
    return await sweep()


async def standing_stop() -> SweepStop | None:
    """Why nothing is deleted now; none where it is."""
    return await reads(SweepStop).filter(agreed_at=None).order_by("id").first()


async def go_on() -> Swept:
    """An operator looked: delete what is due, however much, and by itself from now on."""
    swept = await sweep()
    async with transaction():
        n_stops = await SweepStop.filter(agreed_at=None).update(agreed_at=clock.now())
        await record("privacy.sweep_agreed", actor=PROGRAM, stops=n_stops)
    return swept


async def most_rows() -> int:
    """How many rows go without being asked for."""
    runs = await reads(AuditLine).filter(act=SWEPT).order_by("-id").limit(RUNS)
    usual = median(sum(line.detail.values()) for line in runs) if runs else 0
    return max(ALWAYS, int(TIMES_USUAL * usual))


async def _is_clock_odd() -> bool:
    newest = await reads(AuditLine).exclude(act__startswith="privacy.sweep").order_by("-id").first()
    if newest is None:
        return False
    return not -CLOCKS_DIFFER <= clock.now() - newest.created_at <= LONGEST_SILENCE


async def _stop(why: WhyStopped, *, n_rows: int) -> None:
    async with transaction():
        await SweepStop.create(why=why, n_rows=n_rows)
