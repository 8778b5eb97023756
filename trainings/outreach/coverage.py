"""Municipalities without a training or activity in a quarter, by department."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from trainings.db import reads, sql
from trainings.places.data import departments
from trainings.places.models import HubService
from trainings.schedule import towns
from trainings.schedule.quarters import Quarter
from trainings.schedule.towns import Town

_EVENTS = """
    WITH event AS (
        SELECT COALESCE(v.municipality_id, h.seat_id) AS town_code, h.name AS hub, s.starts_at, s.ends_at
        FROM training_session s
        JOIN training t ON t.id = s.training_id
        JOIN hub h ON h.id = t.hub_id
        LEFT JOIN venue v ON v.id = s.venue_id
        WHERE s.state = 'planned' AND s.called_off_at IS NULL AND t.state IN ('published', 'unlisted', 'cancelled')
        UNION ALL
        SELECT a.municipality_id, h.name, a.starts_at, a.ends_at
        FROM outreach_activity a
        JOIN hub h ON h.id = a.hub_id
        WHERE a.state = 'published'
    )
"""
SEEN = f"""
    {_EVENTS}
    SELECT town_code, hub,
        SUM(CASE WHEN starts_at < ? AND ends_at > ? THEN 1 ELSE 0 END) AS n_within,
        MAX(CASE WHEN ends_at <= ? THEN starts_at END) AS last_at,
        MIN(CASE WHEN starts_at >= ? THEN starts_at END) AS next_at
    FROM event
    GROUP BY town_code, hub
    ORDER BY town_code, hub
"""  # noqa: S608 (both texts are constants of the program)
"""Held or planned, and announced; no drafts, nothing cancelled."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """The last event before a quarter, or the first after it, and whose it is."""

    starts_at: datetime
    hub: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """A municipality without anything in the quarter. `hubs` serve it."""

    town: Town
    last: Nearby | None
    next: Nearby | None
    hubs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    """Municipalities of a department with something in the quarter, and with nothing."""

    code: str
    name: str
    n_towns: int
    n_busy: int

    @property
    def n_quiet(self) -> int:
        return self.n_towns - self.n_busy


@dataclass(slots=True)
class Coverage:
    """`busy`: INE codes of municipalities with something in the quarter."""

    busy: set[str]
    last: dict[str, Nearby]
    next: dict[str, Nearby]


async def coverage_of(quarter: Quarter) -> Coverage:
    """What is in, before and after the quarter, of all hubs: this is no secret."""
    found = Coverage(set(), {}, {})
    start, end = quarter.starts_at, quarter.ends_at
    for row in await sql.rows(SEEN, end, start, start, end):
        _add(found, row)
    return found


def _add(found: Coverage, row: Mapping[str, Any]) -> None:
    code, hub = row["town_code"], row["hub"]
    if row["n_within"]:
        found.busy.add(code)
    last, following = _moment(row["last_at"]), _moment(row["next_at"])
    if last is not None and (code not in found.last or found.last[code].starts_at < last):
        found.last[code] = Nearby(last, hub)
    if following is not None and (code not in found.next or found.next[code].starts_at > following):
        found.next[code] = Nearby(following, hub)


def counts_of(coverage: Coverage, codes: Iterable[str]) -> list[DepartmentCount]:
    """By name."""
    counted = []
    for code in codes:
        in_it = [town for town in towns.by_code() if town.startswith(code)]
        counted.append(DepartmentCount(code, departments()[code], len(in_it), len(coverage.busy.intersection(in_it))))
    return sorted(counted, key=lambda one: one.name)


async def quiet_in(coverage: Coverage, department: str) -> list[Quiet]:
    """By name."""
    serving = await _hubs_by_town(department)
    found = [
        Quiet(town, coverage.last.get(code), coverage.next.get(code), tuple(serving.get(code, ())))
        for code, town in towns.by_code().items()
        if town.department_code == department and code not in coverage.busy
    ]
    return sorted(found, key=lambda one: one.town.sort_key)


async def _hubs_by_town(department: str) -> dict[str, list[str]]:
    rows = await (
        reads(HubService)
        .filter(municipality__department_code=department, hub__is_active=True)
        .order_by("hub__name")
        .values_list("municipality_id", "hub__name")
    )
    found: dict[str, list[str]] = {}
    for code, hub in rows:
        found.setdefault(code, []).append(hub)
    return found


async def departments_served(hub_ids: Collection[UUID]) -> set[str]:
    """Codes of departments with a municipality that these hubs serve."""
    rows = await reads(HubService).filter(hub_id__in=list(hub_ids)).values_list("municipality_id")
    return {code[:2] for (code,) in rows}


def _moment(stored: str | datetime | None) -> datetime | None:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return None if moment is None else moment.astimezone(UTC)
