from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from trainings import clock
from trainings.lib import dates
from trainings.places.data import by_code, department_name
from trainings.places.map import Marked
from trainings.places.outlines import LATITUDE_SHRINK
from trainings.schedule import towns
from trainings.schedule.public.posted import HubCard
from trainings.schedule.public.queries import Coming
from trainings.web.i18n import language, ngettext

MOST_HUBS_NEAR = 2
DAYS_AHEAD = 30


@dataclass(frozen=True, slots=True)
class DaysAhead:
    """Today is the first. `lit`: position (from 1) and day of the month of those with trainings."""

    lit: Mapping[int, int]
    words: str


def counts(coming: Iterable[Coming]) -> dict[str, int]:
    """By INE code. A training in two municipalities counts in both."""
    pairs = {(one.town_code, one.training_id) for one in coming}
    found: dict[str, int] = {}
    for code, _training in sorted(pairs):
        found[code] = found.get(code, 0) + 1
    return found


def marks(numbers: Mapping[str, int]) -> dict[str, Marked]:
    return {code: Marked(n, towns.by_code()[code].path, n_trainings(n)) for code, n in numbers.items()}


def department_marks(numbers: Mapping[str, int]) -> dict[str, Marked]:
    totals: dict[str, int] = {}
    for code, n in numbers.items():
        totals[code[:2]] = totals.get(code[:2], 0) + n
    return {code: Marked(n, department_href(code), n_trainings(n)) for code, n in totals.items()}


def department_href(code: str) -> str:
    return f"/?q={quote(department_name(code))}"


def n_trainings(n: int) -> str:
    return ngettext("%(num)s capacitación", "%(num)s capacitaciones", n) % {"num": n}


def days_ahead(coming: Iterable[Coming]) -> DaysAhead:
    """Of the next thirty days; what began before and is not over counts today."""
    today = clock.today()
    days = [today + timedelta(days=n) for n in range(DAYS_AHEAD)]
    busy = {max(clock.local(one.starts_at).date(), today) for one in coming}
    lit = {n: day.day for n, day in enumerate(days, start=1) if day in busy}
    return DaysAhead(lit, dates.date_span(days, language()))


def nearest_session(code: str, coming: Iterable[Coming]) -> Coming | None:
    return min(coming, key=lambda one: (_distance(code, one.town_code), one.starts_at), default=None)


def nearest_hubs(code: str, hubs: Iterable[HubCard]) -> list[HubCard]:
    """In the same department; without hubs there, of all."""
    ordered = sorted(hubs, key=lambda hub: _distance(code, hub.seat.code))
    same = [hub for hub in ordered if hub.seat.department_code == code[:2]]
    return same[:MOST_HUBS_NEAR] or ordered[:1]


def _distance(code: str, other: str) -> float:
    """Between label points, in degrees of latitude."""
    here, there = by_code()[code], by_code()[other]
    across = float(here.lon - there.lon) * LATITUDE_SHRINK
    return across**2 + float(here.lat - there.lat) ** 2
