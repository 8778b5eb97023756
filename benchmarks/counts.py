"""Counting anew what a page or a scan tells, in a training of 2,000 people, against a kept number: the row read by its
key, and the update that each mark and each sign-up would add to its transaction.

python benchmarks/counts.py

Within this process, SQLite; the time is that of the processor.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from time import process_time
from unittest.mock import patch
from uuid import UUID

import pages
from starlette.types import ASGIApp

from trainings import db
from trainings.attendance.queries import SIGN_UPS, totals_of
from trainings.db import sql
from trainings.panel.calendar.week_routes import WAITING
from trainings.schedule.models import TrainingSession

ROUNDS = 60
ROW = "SELECT state, taken, reserved FROM training WHERE id = ?"
UPDATE = "UPDATE training_session SET sequence = sequence WHERE id = ?"


async def compare(_ours: ASGIApp, _count: int) -> int:
    [_usual, (_name, path, _document, _cookie)] = await pages.people()
    training_id = UUID(path.split("/")[3])
    session = await TrainingSession.filter(training_id=training_id).order_by("starts_at").first()
    assert session is not None
    kept = await took(lambda: sql.tuples(ROW, training_id))
    async with db.transaction():
        update = await took(lambda: sql.execute(UPDATE, session.id))
    print(f"a kept number: {kept:.3f} ms to read its row, {update:.3f} to change it")
    counted = {
        "present and expected sign-ups, at each scan": lambda: sql.tuples(SIGN_UPS, session.id, training_id),
        "heads, at a scan each ten seconds": lambda: totals_of(session),
        "who waits, in the week": lambda: sql.tuples(WAITING, [training_id]),
    }
    for name, count in counted.items():
        ms = await took(count)
        print(f"  {name:46} {ms:6.3f} ms   {ms / (kept + update):5.1f} ×")
    return 0


async def took(act: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _turn in range(ROUNDS):
        before = process_time()
        await act()
        times.append(1000 * (process_time() - before))
    return median(times[5:])


if __name__ == "__main__":
    with patch.object(pages, "measure", compare):
        sys.exit(asyncio.run(pages.main(1)))
