"""A month has hundreds: the template is rendered once for each kind of line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

from markupsafe import Markup, escape

from trainings import clock
from trainings.db.sql import as_moment
from trainings.lib import dates
from trainings.schedule.months import Month, days_from, days_touched
from trainings.schedule.session_words import short_weekday
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import render_text

TEMPLATE = "schedule/public/_entry.html"
FILLED_IN = ("look", "href", "time", "title", "place", "state", "move")
HOLE = re.compile("\x02(\\w+)\x03")
"""Placeholder of a value, in characters that no text has and the template keeps."""
BETWEEN = "\x1f"


class Entry(NamedTuple):
    """`look`: its classes; `move`: the form that moves it, or empty; `starts_at` is local; `mark`: icon for its state.
    A tuple, because a page makes hundreds.
    """

    starts_at: datetime
    look: str
    href: str
    time: str
    title: str
    place: str
    state: str
    move: str = ""
    mark: str = ""


def lines_of(entries: Sequence[Entry]) -> Markup:
    lang = language()
    written: list[str] = []
    values: list[str] = []
    for entry in entries:
        pattern, wanted = _pattern(lang, entry.mark, bool(entry.place), bool(entry.move))
        written.append(pattern)
        values += wanted(entry)
    return Markup("".join(written) % _escaped(values))  # noqa: S704 - each value is escaped


def _escaped(values: list[str]) -> tuple[str, ...]:
    """In one call: a call for each takes longer than all else."""
    told = BETWEEN.join(values)
    escaped = str(escape(told))
    if len(escaped) == len(told):
        return tuple(values)
    parts = escaped.split(BETWEEN)
    return tuple(parts if len(parts) == len(values) else (str(escape(value)) for value in values))


@lru_cache(maxsize=256)
def _pattern(lang: str, mark: str, has_place: bool, has_move: bool) -> tuple[str, Callable[[Entry], tuple[str, ...]]]:
    assert lang == language(), "rendered in the language of the request"
    values = {name: f"\x02{name}\x03" for name in FILLED_IN}
    values |= {"mark": mark} | ({} if has_place else {"place": ""}) | ({} if has_move else {"move": ""})
    written = render_text(TEMPLATE, values).replace("%", "%%") + "\n"
    return HOLE.sub("%s", written), itemgetter(*map(Entry._fields.index, HOLE.findall(written)))


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
        """One an entry, as many as fit on a phone; a dash for remarks only."""
        return "•" * min(len(self.entries), MOST_DOTS) or "–"

    @property
    def lines(self) -> Markup:
        return lines_of(self.entries)


class ByDay(dict[date, list[Entry]]):
    def __init__(self, first: date, last: date) -> None:
        super().__init__((day, []) for day in days_from(first, last))

    def put(self, entry: Entry, days: Sequence[date]) -> None:
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
    sunday = month.first - timedelta(days=month.column - 1)
    return [short_weekday(sunday + timedelta(days=n)) for n in range(DAYS_OF_WEEK)]


@lru_cache(maxsize=4096)
def when(starts_told: datetime | str, ends_told: datetime | str, lang: str) -> tuple[datetime, str, tuple[date, ...]]:
    """(local start, in words, days it touches). Cached: a page made anew asks for nearly the same."""
    here = clock.local(as_moment(starts_told))
    return here, dates.time_of_day(here, lang), days_touched(here, as_moment(ends_told))
