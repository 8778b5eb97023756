"""Days of a month with their entries, for the panel and the public month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

from markupsafe import Markup

from trainings import clock
from trainings.schedule.months import Month, days_from
from trainings.schedule.public.entry_lines import Entry, lines_of
from trainings.schedule.session_words import short_weekday
from trainings.web.i18n import N_, gettext

ONE_DAY = timedelta(days=1)
DAYS_OF_WEEK = 7
STARTS_AT = attrgetter("starts_at")
MOST_DOTS = 3
CALLED_OFF, CHANGED = "cerrar", "girar"


@dataclass(frozen=True, slots=True)
class Cell:
    day: date
    weekday: str
    is_today: bool
    notes: Sequence[str]
    entries: Sequence[Entry]

    @property
    def dots(self) -> str:
        """One dot an entry, at most as many as fit on a phone; a dash for remarks only."""
        return "•" * min(len(self.entries), MOST_DOTS) or "–"

    @property
    def lines(self) -> Markup:
        return lines_of(self.entries)


class ByDay(dict[date, list[Entry]]):
    """For each day of a span."""

    def __init__(self, first: date, last: date) -> None:
        super().__init__((day, []) for day in days_from(first, last))

    def put(self, entry: Entry, days: Sequence[date]) -> None:
        """On each day it touches."""
        first, *later = days
        if first in self:
            self[first].append(entry)
        for day in later:
            if day in self:
                self[day].append(entry._replace(time=gettext(N_("sigue"))))

    def in_order(self) -> ByDay:
        for entries in self.values():
            entries.sort(key=STARTS_AT)
        return self


def cells_of(month: Month, entries: Mapping[date, Sequence[Entry]], notes: Mapping[date, Sequence[str]]) -> list[Cell]:
    today = clock.today()
    return [Cell(day, short_weekday(day), day == today, notes.get(day, ()), entries.get(day, ())) for day in month.days]


def weekdays_of(month: Month) -> list[str]:
    """Column heads, from Sunday."""
    sunday = month.first - timedelta(days=month.column - 1)
    return [short_weekday(sunday + timedelta(days=n)) for n in range(DAYS_OF_WEEK)]
