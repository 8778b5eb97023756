from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import reads, sql
from trainings.lib import dates
from trainings.schedule import towns
from trainings.schedule.holidays import feast_begins, holidays
from trainings.schedule.models import Unavailability
from trainings.schedule.months import days_from, days_touched
from trainings.web.i18n import N_, gettext, language

Notes = Mapping[date, tuple[str, ...]]


@dataclass(frozen=True, slots=True, order=True)
class Feast:
    day: date
    name: str
    town_code: str


async def feasts_between(first: date, last: date, town_codes: Collection[str]) -> list[Feast]:
    """Both ends included."""
    return _feasts(await sql.reads(FEASTS, sorted(town_codes)), first, last)


FEASTS = "SELECT municipality_id, month, day, n_days, name FROM feast_day WHERE municipality_id IN ?list"
FEASTS_SERVED = """
    SELECT municipality_id, month, day, n_days, name FROM feast_day
    WHERE municipality_id IN (SELECT municipality_id FROM hub_service WHERE hub_id IN ?list)
"""


def _feasts(rows: Iterable[dict[str, Any]], first: date, last: date) -> list[Feast]:
    return sorted(
        Feast(day, row["name"], row["municipality_id"])
        for row in rows
        for day in _days_of(row["month"], row["day"], row["n_days"], first, last)
    )


def _days_of(month: int, number: int, n_days: int, first: date, last: date) -> list[date]:
    """A feast that lasts into January began in the year before."""
    found: set[date] = set()
    for year in range(first.year - 1, last.year + 1):
        begins = feast_begins(month, number, year)
        found |= {day for day in days_from(begins, begins + timedelta(days=n_days - 1)) if first <= day <= last}
    return sorted(found)


async def feasts_served(first: date, last: date, hub_ids: Collection[UUID]) -> list[Feast]:
    return _feasts(await sql.reads(FEASTS_SERVED, list(hub_ids), are_few=True), first, last)


async def times_away(user_id: UUID, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    found = reads(Unavailability).filter(user_id=user_id, starts_at__lt=end, ends_at__gt=start)
    return [(begins, ends) for begins, ends in await found.order_by("starts_at").values_list("starts_at", "ends_at")]


def day_notes(
    first: date,
    last: date,
    feasts: Iterable[Feast] = (),
    away: Iterable[tuple[datetime, datetime]] = (),
) -> Notes:
    notes: dict[date, list[str]] = {}
    for year in range(first.year, last.year + 1):
        for holiday in holidays(year):
            if first <= holiday.day <= last:
                words = N_("%(name)s, desde mediodía") if holiday.is_half else N_("%(name)s, feriado")
                notes.setdefault(holiday.day, []).append(gettext(words) % {"name": gettext(holiday.name)})
    for feast in feasts:
        town = towns.by_code()[feast.town_code].full_name
        words = gettext(N_("%(name)s, fiesta de %(place)s"))
        notes.setdefault(feast.day, []).append(words % {"name": feast.name, "place": town})
    for starts_at, ends_at in away:
        for day in days_touched(starts_at, ends_at):
            if first <= day <= last:
                notes.setdefault(day, []).append(_away_on(day, starts_at, ends_at))
    return {day: tuple(words) for day, words in notes.items()}


def _away_on(day: date, starts_at: datetime, ends_at: datetime) -> str:
    begins, ends = max(starts_at, clock.midnight(day)), min(ends_at, clock.midnight(day + timedelta(days=1)))
    if ends - begins >= timedelta(days=1):
        return gettext(N_("No disponible"))
    times = [dates.time_of_day(moment, language()) for moment in (begins, ends)]
    return gettext(N_("No disponible de %(start)s a %(end)s")) % {"start": times[0], "end": times[1]}
