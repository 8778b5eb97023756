"""Calendar quarters, by the days of Guatemala."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from trainings.lib import dates
from trainings.schedule.months import EARLIEST_YEAR, LATEST_YEAR, Month
from trainings.web.i18n import gettext, language

WRITTEN = re.compile(r"([0-9]{4})-([1-4])")
MONTHS = 3
QUARTERS_OF_YEAR = 4


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """`number` from 1."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month - 1) // MONTHS + 1)

    @classmethod
    def read(cls, typed: str) -> Quarter | None:
        """From `2027-1`; None for anything else and for implausible years."""
        found = WRITTEN.fullmatch(typed)
        is_there = found is not None and EARLIEST_YEAR <= int(found[1]) <= LATEST_YEAR
        return cls(int(found[1]), int(found[2])) if found and is_there else None

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"

    def later(self, n: int) -> Quarter:
        years, number = divmod(self.number - 1 + n, QUARTERS_OF_YEAR)
        return Quarter(self.year + years, number + 1)

    @property
    def first_month(self) -> Month:
        return Month(self.year, (self.number - 1) * MONTHS + 1)

    @property
    def last_month(self) -> Month:
        return self.first_month.later(MONTHS - 1)

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
