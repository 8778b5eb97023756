"""Sessions as the panel shows them in time, read in one statement: hundreds of them stand on one page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.connection import get_connection
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.db import sql
from trainings.schedule.models import SessionState, TrainingSession, TrainingState


class StaffSession(NamedTuple):
    """A session as the week and the lists of the panel show it. Times UTC; `n_sessions` counts cancelled ones too.

    A tuple, because a page makes hundreds of them.
    """

    id: UUID
    training_id: UUID
    hub_id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    state: SessionState
    training_state: TrainingState
    closed_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime | None
    position: int
    n_sessions: int
    place: str
    capacity: int
    taken: int

    @property
    def is_cancelled(self) -> bool:
        return self.state is SessionState.CANCELLED or self.training_state is TrainingState.CANCELLED

    @property
    def is_draft(self) -> bool:
        return self.training_state is TrainingState.DRAFT

    @property
    def day(self) -> date:
        """The local date."""
        return clock.local(self.starts_at).date()

    def is_running(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: datetime) -> bool:
        return self.closed_at is not None or now >= self.ends_at


_SESSION = ("id", "training_id", "starts_at", "ends_at", "state", "closed_at", "position", "venue__name")
TRAININGS = """
    SELECT t.id, t.hub_id, t.title, t.state, t.opens_at, t.closes_at, t.capacity, t.taken + t.reserved,
        (SELECT COUNT(*) FROM training_session s WHERE s.training_id = t.id)
    FROM training t
    WHERE t.id IN ?list
"""
"""Read apart: what is the same for all sessions of a training is told once."""
STATES: Mapping[str, SessionState] = {state.value: state for state in SessionState}
TRAINING_STATES: Mapping[str, TrainingState] = {state.value: state for state in TrainingState}
READ_AGAIN = 4096
"""So many ids and moments are kept as read: a page that is made anew has nearly all of them again."""
STARTS, ENDS = _SESSION.index("starts_at"), _SESSION.index("ends_at")


@dataclass(frozen=True, slots=True)
class ReadSessions:
    """Sessions and their trainings as the database told them: two readings are equal where a page of them would be."""

    rows: tuple[tuple[Any, ...], ...]
    trainings: frozenset[tuple[Any, ...]]

    def shown(self) -> list[StaffSession]:
        """The same, as pages show them."""
        trainings = {row[0]: _training(*row) for row in self.trainings}
        return [_staff_session(row, trainings[row[1]]) for row in self.rows]

    def spans(self) -> set[tuple[datetime, datetime]]:
        """Between which moments they are."""
        return {(_moment(start), _moment(end)) for start, end in {(row[STARTS], row[ENDS]) for row in self.rows}}


async def read_sessions(found: QuerySet[TrainingSession]) -> ReadSessions:
    """These sessions by start, not yet turned into what pages show: most of the time that is on a page already."""
    query: Any = found.order_by("starts_at", "id").values_list(*_SESSION)
    query.sql()
    rows = await _as_told(*query.query.get_parameterized_sql())
    dialect = get_connection("read").capabilities.dialect
    ids = list({row[1] for row in rows})
    trainings = await _as_told(sql.translated(TRAININGS, dialect), [ids if dialect == "postgres" else json.dumps(ids)])
    return ReadSessions(rows, frozenset(trainings))


async def _as_told(text: str, values: list[Any]) -> tuple[tuple[Any, ...], ...]:
    """Rows as the database tells them."""
    _n_rows, rows = await get_connection("read").execute_query(text, values)
    return tuple(map(tuple, rows))


async def staff_sessions(found: QuerySet[TrainingSession]) -> list[StaffSession]:
    """These sessions as the panel shows them, by start."""
    return (await read_sessions(found)).shown()


def _training(
    training_id: UUID | str,
    hub_id: UUID | str,
    title: str,
    state: str,
    opens_at: datetime | str | None,
    closes_at: datetime | str | None,
    *numbers: int,
) -> dict[str, Any]:
    """What each session says of its training."""
    capacity, taken, n_sessions = numbers
    return {
        "training_id": _uuid(training_id),
        "hub_id": _uuid(hub_id),
        "title": title,
        "training_state": TRAINING_STATES[state],
        "opens_at": _moment(opens_at) if opens_at else None,
        "closes_at": _moment(closes_at) if closes_at else None,
        "n_sessions": n_sessions,
        "capacity": capacity,
        "taken": taken,
    }


def _staff_session(row: tuple[Any, ...], training: Mapping[str, Any]) -> StaffSession:
    session_id, _training_id, starts_at, ends_at, state, closed_at, position, place = row
    return StaffSession(
        id=_uuid(session_id),
        starts_at=_moment(starts_at),
        ends_at=_moment(ends_at),
        state=STATES[state],
        closed_at=_moment(closed_at) if closed_at else None,
        position=position,
        place=place or "",
        **training,
    )


@lru_cache(maxsize=READ_AGAIN)
def _uuid(stored: UUID | str) -> UUID:
    """SQLite keeps text."""
    return UUID(stored) if isinstance(stored, str) else stored


@lru_cache(maxsize=READ_AGAIN)
def _moment(stored: datetime | str) -> datetime:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
