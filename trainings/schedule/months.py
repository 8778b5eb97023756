"""Weeks begin on Sunday; days are Guatemala's."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from trainings import clock
from trainings.lib import dates
from trainings.web.i18n import gettext, language

WRITTEN = re.compile(r"([0-9]{4})-([0-9]{2})")
MONTHS_OF_YEAR = 12
EARLIEST_YEAR, LATEST_YEAR = 2000, 2099
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """`number` from 1."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def read(cls, typed: str) -> Month | None:
        """From `2027-03`; None: anything else, and implausible years."""
        found = WRITTEN.fullmatch(typed)
        if found is None:
            return None
        year, number = int(found[1]), int(found[2])
        is_there = EARLIEST_YEAR <= year <= LATEST_YEAR and 1 <= number <= MONTHS_OF_YEAR
        return cls(year, number) if is_there else None

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    def later(self, n: int) -> Month:
        years, number = divmod(self.number - 1 + n, MONTHS_OF_YEAR)
        return Month(self.year + years, number + 1)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    @property
    def days(self) -> list[date]:
        return list(days_from(self.first, self.last))

    @property
    def starts_at(self) -> datetime:
        return clock.midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        return clock.midnight(self.last + timedelta(days=1))

    @property
    def column(self) -> int:
        """Weekday of the first day: 1 is Sunday."""
        return (self.first.weekday() + 1) % 7 + 1

    @property
    def name(self) -> str:
        """`marzo de 2027`, in the request's language."""
        words = {"month": dates.month_name(self.first, language()), "year": self.year}
        return gettext("%(month)s de %(year)s") % words


def day_written(typed: str, otherwise: date) -> date:
    """From `2027-03-09`; `otherwise` if invalid."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return otherwise


def days_from(first: date, last: date) -> Iterator[date]:
    """`last` is included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def days_touched(starts_at: datetime, ends_at: datetime) -> tuple[date, ...]:
    """Local days; an end at midnight does not touch the next day."""
    first = clock.local(starts_at).date()
    if ends_at <= _end_of(first):
        return (first,)
    return tuple(days_from(first, clock.local(ends_at - INSTANT).date()))


@lru_cache(maxsize=1024)
def _end_of(day: date) -> datetime:
    return clock.midnight(day + timedelta(days=1))


QUARTER_WRITTEN = re.compile(r"([0-9]{4})-([1-4])")
MONTHS_OF_QUARTER = 3
QUARTERS_OF_YEAR = 4


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """`number` from 1."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month - 1) // MONTHS_OF_QUARTER + 1)

    @classmethod
    def read(cls, typed: str) -> Quarter | None:
        """From `2027-1`; None: anything else, and implausible years."""
        found = QUARTER_WRITTEN.fullmatch(typed)
        is_there = found is not None and EARLIEST_YEAR <= int(found[1]) <= LATEST_YEAR
        return cls(int(found[1]), int(found[2])) if found and is_there else None

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"

    def later(self, n: int) -> Quarter:
        years, number = divmod(self.number - 1 + n, QUARTERS_OF_YEAR)
        return Quarter(self.year + years, number + 1)

    @property
    def first_month(self) -> Month:
        return Month(self.year, (self.number - 1) * MONTHS_OF_QUARTER + 1)

    @property
    def last_month(self) -> Month:
        return self.first_month.later(MONTHS_OF_QUARTER - 1)

    @property
    def starts_at(self) -> datetime:
        return self.first_month.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.last_month.ends_at

    @property
    def name(self) -> str:
        """`enero a marzo de 2027`, in the request's language."""
        first, last = (dates.month_name(month.first, language()) for month in (self.first_month, self.last_month))
        return gettext("%(first)s a %(last)s de %(year)s") % {"first": first, "last": last, "year": self.year}
