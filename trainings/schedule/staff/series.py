"""A series of sessions by one rule: weekly, biweekly, the second Thursday of each month, or picked days.

Pure: it gives plans, which staff can change before saving.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from trainings.errors import Refusal
from trainings.schedule.plans import MOST_SESSIONS
from trainings.web.i18n import N_

WEEK = 7


class Pattern(StrEnum):
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"
    PICKED = "picked"


STEPS = {Pattern.WEEKLY: WEEK, Pattern.BIWEEKLY: 2 * WEEK}
"""In days."""


class SeriesTooLong(Refusal):
    code = "series_too_long"
    sentence = N_(
        "Una capacitación tiene hasta %(most)s sesiones, y con estas fechas tendría %(n)s. "
        "Escriba menos, o haga otra capacitación para las demás."
    )


class SeriesWithoutEnd(Refusal):
    code = "series_without_end"
    sentence = N_("Escriba cuántas sesiones son, o hasta qué día se repite.")


class SeriesEndsBeforeStart(Refusal):
    code = "series_ends_before_start"
    sentence = N_("La serie termina antes de la primera sesión. Corrija el día.")


class SeriesWithoutDays(Refusal):
    code = "series_without_days"
    sentence = N_("Escriba las fechas, una en cada línea.")


@dataclass(frozen=True, slots=True)
class Series:
    """From `first_day`, local days; ends by `until` or `times`, whichever comes first.

    `times` counts the first session. `days`: of `PICKED`, besides the first.
    """

    pattern: Pattern
    first_day: date
    until: date | None = None
    times: int | None = None
    days: tuple[date, ...] = ()


def days_of(series: Series) -> list[date]:
    """In order, each once. Refuses a series without an end, with an end before its start, or too long.

    A series too long is counted, never listed.
    """
    _check(series)
    if series.pattern is Pattern.PICKED:
        return sorted({series.first_day, *series.days})
    n_days = count(series)
    if series.pattern is Pattern.MONTHLY:
        return [same_weekday_in(series.first_day, *_month_after(series.first_day, n)) for n in range(n_days)]
    return [series.first_day + timedelta(days=STEPS[series.pattern] * n) for n in range(n_days)]


def count(series: Series) -> int:
    """Calculated; the series has an end."""
    if series.pattern is Pattern.PICKED:
        return len({series.first_day, *series.days})
    counts = [] if series.times is None else [series.times]
    if series.until is not None:
        counts.append(_count_until(series, series.until))
    return min(counts)


def ordinal(day: date) -> int:
    """Its number among the month's same weekdays: the second Thursday is 2, a fifth is the last."""
    return (day.day - 1) // WEEK + 1


def same_weekday_in(day: date, year: int, month: int) -> date:
    """The second Thursday for a second Thursday; the last for a fifth."""
    n_days = monthrange(year, month)[1]
    first = 1 + (day.weekday() - date(year, month, 1).weekday()) % WEEK
    wanted = first + WEEK * (ordinal(day) - 1)
    return date(year, month, wanted if wanted <= n_days else wanted - WEEK)


def _check(series: Series) -> None:
    if series.pattern is Pattern.PICKED:
        field = "repeat_days"
        if not series.days:
            raise SeriesWithoutDays(field=field)
    else:
        if series.times is None and series.until is None:
            raise SeriesWithoutEnd(field="repeat_times")
        if series.until is not None and series.until < series.first_day:
            raise SeriesEndsBeforeStart(field="repeat_until")
        field = "repeat_until" if series.times is None else "repeat_times"
    check_length(count(series), field)


def check_length(n_sessions: int, field: str) -> None:
    """Refuses more sessions than a training may have."""
    if n_sessions > MOST_SESSIONS:
        raise SeriesTooLong(field=field, most=MOST_SESSIONS, n=f"{n_sessions:,}")


def _count_until(series: Series, until: date) -> int:
    first = series.first_day
    if series.pattern is not Pattern.MONTHLY:
        return (until - first).days // STEPS[series.pattern] + 1
    n_months = (until.year - first.year) * 12 + until.month - first.month
    return n_months + (same_weekday_in(first, until.year, until.month) <= until)


def _month_after(day: date, n: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + n, 12)
    return day.year + years, month + 1
