"""Session times for calendars: hundreds of sessions share few hours and days."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from trainings import clock
from trainings.db.sql import as_moment
from trainings.lib import dates
from trainings.schedule.months import days_touched


@lru_cache(maxsize=4096)
def when(starts_told: datetime | str, ends_told: datetime | str, lang: str) -> tuple[datetime, str, tuple[date, ...]]:
    """Local start, the same in words, and the local days it touches.

    From moments as the database gives them. Cached: a page made anew asks for nearly the same.
    """
    here = clock.local(as_moment(starts_told))
    return here, dates.time_of_day(here, lang), days_touched(here, as_moment(ends_told))
