from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tortoise.functions import Sum

from trainings import clock
from trainings.db import reads, sql, transaction
from trainings.lib import tokens
from trainings.outreach.models import OrientationTally
from trainings.outreach.words import SUBJECTS

MOST_OF_A_DAY = 10_000

ONE_MORE = """
    INSERT INTO orientation_tally (id, created_at, hub_id, day, subject, number) VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT (hub_id, day, subject) DO UPDATE SET number = orientation_tally.number + 1
    WHERE orientation_tally.number < ?
"""
ONE_LESS = """
    UPDATE orientation_tally SET number = number - 1 WHERE hub_id = ? AND day = ? AND subject = ? AND number > 0
"""


@dataclass(frozen=True, slots=True)
class Tally:
    subject: str
    today: int
    this_month: int


async def tally(hub_id: UUID, subject: str, step: int) -> bool:
    """One more (1) or less (−1) today; False: unchanged, at zero. Not audited: it would tell who stood at the desk
    when. Touches at once each count.
    """
    assert subject in SUBJECTS, "the form offers these only"
    day = clock.today()
    async with transaction():
        if step > 0:
            # The hour would tell more than the day: the row is as old as its day, and its key holds no time. The key is
            # another at each touch: PostgreSQL refuses the same key beside the columns whose conflict is taken.
            key, made_at = tokens.timeless_key(), clock.midnight(day)
            return await sql.execute(ONE_MORE, key, made_at, hub_id, day, subject, MOST_OF_A_DAY) > 0
        return await sql.execute(ONE_LESS, hub_id, day, subject) > 0


async def tallies_of(hub_id: UUID, day: date) -> list[Tally]:
    today = await _sums(hub_id, day, day)
    month = await _sums(hub_id, day.replace(day=1), day)
    return [Tally(subject, today.get(subject, 0), month.get(subject, 0)) for subject in SUBJECTS]


async def _sums(hub_id: UUID, first: date, last: date) -> Mapping[str, int]:
    found = reads(OrientationTally).filter(hub_id=hub_id, day__gte=first, day__lte=last)
    rows = await found.annotate(total=Sum("number")).group_by("subject").values_list("subject", "total")
    return {subject: int(total) for subject, total in rows}
