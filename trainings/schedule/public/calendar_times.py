"""When something is, as calendars tell it: hundreds of sessions begin and end at a few hours of a few days."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from trainings import clock
from trainings.db.sql import as_moment
from trainings.lib import dates
from trainings.schedule.months import days_touched


@lru_cache(maxsize=4096)
def when(starts_told: datetime | str, ends_told: datetime | str, lang: str) -> tuple[datetime, str, tuple[date, ...]]:
    """Its start on the clock of Guatemala, the same in words, and the local days that it touches.

    Out of moments as the database told them. Kept, for what is made anew asks for nearly the same again.
    """
    here = clock.local(as_moment(starts_told))
    return here, dates.time_of_day(here, lang), days_touched(here, as_moment(ends_told))
