from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from trainings import clock
from trainings.places.data import by_code, department_name
from trainings.places.map import Marked
from trainings.places.outlines import LATITUDE_SHRINK
from trainings.schedule import towns
from trainings.schedule.public.posted import HubCard
from trainings.schedule.public.queries import Coming
from trainings.web.i18n import ngettext

MOST_HUBS_NEAR = 2


@dataclass(frozen=True, slots=True)
class Month:
    """Days (from 1) with coming trainings; `start`: the first such moment."""

    start: datetime
    days: tuple[int, ...]
    n_days: int


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


def month_of(coming: Sequence[Coming]) -> Month | None:
    if not coming:
        return None
    first = clock.local(coming[0].starts_at)
    moments = [clock.local(one.starts_at) for one in coming]
    days = {moment.day for moment in moments if (moment.year, moment.month) == (first.year, first.month)}
    return Month(coming[0].starts_at, tuple(sorted(days)), monthrange(first.year, first.month)[1])


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
