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
        return self.state == SessionState.CANCELLED or self.training_state == TrainingState.CANCELLED

    @property
    def is_draft(self) -> bool:
        return self.training_state == TrainingState.DRAFT

    @property
    def day(self) -> date:
        """The local date."""
        return clock.local(self.starts_at).date()

    def is_running(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: datetime) -> bool:
        return self.closed_at is not None or now >= self.ends_at


_SESSION = (
    "id",
    "training_id",
    "starts_at",
    "ends_at",
    "state",
    "closed_at",
    "position",
    "venue__name",
    "training__hub_id",
    "training__title",
    "training__state",
    "training__opens_at",
    "training__closes_at",
    "training__capacity",
    "training__taken",
    "training__reserved",
)
COUNTS = "SELECT training_id, COUNT(*) AS n FROM training_session WHERE training_id IN ?list GROUP BY training_id"
STATES: Mapping[str, SessionState] = {state.value: state for state in SessionState}
TRAINING_STATES: Mapping[str, TrainingState] = {state.value: state for state in TrainingState}
READ_AGAIN = 4096
"""So many ids and moments are kept as read: a page that is made anew has nearly all of them again."""
STARTS, ENDS = _SESSION.index("starts_at"), _SESSION.index("ends_at")


@dataclass(frozen=True, slots=True)
class ReadSessions:
    """Sessions as the database told them: two readings are equal where a page of them would be."""

    rows: tuple[tuple[Any, ...], ...]
    counts: frozenset[tuple[UUID, int]]

    def shown(self) -> list[StaffSession]:
        """The same, as pages show them."""
        counts = dict(self.counts)
        return [_staff_session(*row, counts=counts) for row in self.rows]

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
    counts = await _as_told(sql.translated(COUNTS, dialect), [ids if dialect == "postgres" else json.dumps(ids)])
    return ReadSessions(rows, frozenset((_uuid(training_id), n) for training_id, n in counts))


async def _as_told(text: str, values: list[Any]) -> tuple[tuple[Any, ...], ...]:
    """Rows as the database tells them."""
    _n_rows, rows = await get_connection("read").execute_query(text, values)
    return tuple(map(tuple, rows))


async def staff_sessions(found: QuerySet[TrainingSession]) -> list[StaffSession]:
    """These sessions as the panel shows them, by start."""
    return (await read_sessions(found)).shown()


def _staff_session(
    session_id: UUID | str,
    training_id: UUID | str,
    starts_at: datetime | str,
    ends_at: datetime | str,
    state: str,
    closed_at: datetime | str | None,
    position: int,
    place: str | None,
    hub_id: UUID | str,
    title: str,
    training_state: str,
    opens_at: datetime | str | None,
    closes_at: datetime | str | None,
    capacity: int,
    taken: int,
    reserved: int,
    *,
    counts: Mapping[UUID, int],
) -> StaffSession:
    training = _uuid(training_id)
    return StaffSession(
        id=_uuid(session_id),
        training_id=training,
        hub_id=_uuid(hub_id),
        title=title,
        starts_at=_moment(starts_at),
        ends_at=_moment(ends_at),
        state=STATES[state],
        training_state=TRAINING_STATES[training_state],
        closed_at=_moment(closed_at) if closed_at else None,
        opens_at=_moment(opens_at) if opens_at else None,
        closes_at=_moment(closes_at) if closes_at else None,
        position=position,
        n_sessions=counts[training],
        place=place or "",
        capacity=capacity,
        taken=taken + reserved,
    )


@lru_cache(maxsize=READ_AGAIN)
def _uuid(stored: UUID | str) -> UUID:
    """SQLite keeps text."""
    return UUID(stored) if isinstance(stored, str) else stored


@lru_cache(maxsize=READ_AGAIN)
def _moment(stored: datetime | str) -> datetime:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
