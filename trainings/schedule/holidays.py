"""Holidays of Guatemala, for any year, and feasts of municipalities. Forms warn of them and accept the day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from trainings import clock
from trainings.places.models import FeastDay
from trainings.web.i18n import N_, gettext

NOON = time(12)

FIXED = {
    (1, 1): N_("Año Nuevo"),
    (5, 1): N_("Día del Trabajo"),
    (9, 15): N_("Día de la Independencia"),
    (10, 20): N_("Día de la Revolución"),
    (11, 1): N_("Día de Todos los Santos"),
    (12, 25): N_("Navidad"),
}
FROM_NOON = {
    (12, 24): N_("Nochebuena"),
    (12, 31): N_("Fin de año"),
}
HOLY_WEEK = {
    -3: N_("Jueves Santo"),
    -2: N_("Viernes Santo"),
    -1: N_("Sábado de Gloria"),
}
"""Days before Easter."""
ARMY_DAY = N_("Día del Ejército")


@dataclass(frozen=True, slots=True)
class Holiday:
    """A half day is off from noon. `name` is not translated."""

    day: date
    name: str
    is_half: bool = False


@lru_cache(maxsize=64)
def holidays(year: int) -> tuple[Holiday, ...]:
    """Código de Trabajo, art. 127; Decreto 19-2018."""
    whole = [Holiday(date(year, month, day), name) for (month, day), name in FIXED.items()]
    half = [Holiday(date(year, month, day), name, is_half=True) for (month, day), name in FROM_NOON.items()]
    holy = [Holiday(easter(year) + timedelta(days=offset), name) for offset, name in HOLY_WEEK.items()]
    army = Holiday(to_monday(date(year, 6, 30)), ARMY_DAY)
    return tuple(sorted([*whole, *half, *holy, army], key=lambda holiday: holiday.day))


def holiday_during(starts_at: datetime, ends_at: datetime) -> Holiday | None:
    """By the clock of Guatemala."""
    start, end = clock.local(starts_at), clock.local(ends_at)
    for holiday in holidays(start.date().year):
        if holiday.day == start.date() and (not holiday.is_half or end.time() > NOON or end.date() > start.date()):
            return holiday
    return None


def days_off_during(starts_at: datetime, ends_at: datetime, feasts: Iterable[FeastDay] = ()) -> str:
    """In words; empty on an ordinary day. `feasts` of the session's municipality, with it loaded."""
    holiday = holiday_during(starts_at, ends_at)
    names = [gettext(holiday.name)] if holiday else []
    found = feasts_during(starts_at, ends_at, feasts)
    return "; ".join([*names, *(f"{feast.name} ({feast.municipality.full_name})" for feast in found)])


def feasts_during(starts_at: datetime, ends_at: datetime, feasts: Iterable[FeastDay]) -> list[FeastDay]:
    """By the clock of Guatemala."""
    first, last = clock.local(starts_at).date(), clock.local(ends_at).date()
    return [feast for feast in feasts if any(_meets(feast, year, first, last) for year in (first.year - 1, first.year))]


def _meets(feast: FeastDay, year: int, first: date, last: date) -> bool:
    """That year's feast, which may run into the next, touches the span."""
    begins = feast_begins(feast.month, feast.day, year)
    return begins <= last and first < begins + timedelta(days=feast.n_days)


def feast_begins(month: int, day: int, year: int) -> date:
    """A feast of 29 February begins on the 28th in other years."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def to_monday(day: date) -> date:
    """Tuesday and Wednesday go to the Monday before, later days to the next."""
    weekday = day.weekday()
    return day - timedelta(days=weekday) if weekday <= 2 else day + timedelta(days=7 - weekday)


def easter(year: int) -> date:
    """Gregorian (Meeus, Jones, Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)
