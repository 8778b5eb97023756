"""Sessions as the panel shows them in time, read in one statement: hundreds of them stand on one page."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.sql import Table, as_moment, as_uuid
from trainings.schedule.models import SessionState, TrainingState


class StaffTraining(NamedTuple):
    """What is the same for all sessions of a training; `n_sessions` counts cancelled ones too. `key` is its id as the
    database told it.
    """

    key: UUID | str
    hub_id: UUID
    title: str
    state: TrainingState
    opens_at: datetime | None
    closes_at: datetime | None
    capacity: int
    taken: int
    n_sessions: int


class StaffSession(NamedTuple):
    """A session as the week and the lists of the panel show it. Times UTC, `key` is its id as the database told it.

    A tuple, because a page makes hundreds of them.
    """

    key: UUID | str
    training: StaffTraining
    starts_at: datetime
    ends_at: datetime
    state: SessionState
    closed_at: datetime | None
    position: int
    place: str

    @property
    def id(self) -> UUID:
        return as_uuid(self.key)

    @property
    def training_id(self) -> UUID:
        return as_uuid(self.training.key)

    @property
    def hub_id(self) -> UUID:
        return self.training.hub_id

    @property
    def title(self) -> str:
        return self.training.title

    @property
    def n_sessions(self) -> int:
        return self.training.n_sessions

    @property
    def capacity(self) -> int:
        return self.training.capacity

    @property
    def taken(self) -> int:
        return self.training.taken

    @property
    def is_cancelled(self) -> bool:
        return self.state is SessionState.CANCELLED or self.training.state is TrainingState.CANCELLED

    @property
    def is_draft(self) -> bool:
        return self.training.state is TrainingState.DRAFT

    @property
    def day(self) -> date:
        """The local date."""
        return clock.local(self.starts_at).date()

    def is_running(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: datetime) -> bool:
        return self.closed_at is not None or now >= self.ends_at


SESSIONS = """
    SELECT s.id, s.training_id, s.starts_at, s.ends_at, s.state, s.closed_at, s.position, v.name
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE {}
    ORDER BY s.starts_at, s.id
"""
TRAINING, STARTS, ENDS = 1, 2, 3
"""Columns of it."""
TRAININGS = """
    SELECT t.id, t.hub_id, t.title, t.state, t.opens_at, t.closes_at, t.capacity, t.taken + t.reserved,
        (SELECT COUNT(*) FROM training_session s WHERE s.training_id = t.id)
    FROM training t
    WHERE t.id IN ?list
"""
"""Read apart: what is the same for all sessions of a training is told once."""
STATES: Mapping[str, SessionState] = {state.value: state for state in SessionState}
TRAINING_STATES: Mapping[str, TrainingState] = {state.value: state for state in TrainingState}


@dataclass(frozen=True, slots=True)
class ReadSessions:
    """Sessions and their trainings as the database told them: two readings are equal where a page of them would be.

    The trainings alone make its hash: each of thousands of values would be looked through before it is compared.
    """

    rows: Table = field(hash=False)
    trainings: frozenset[tuple[Any, ...]]

    def shown(self) -> list[StaffSession]:
        """The same, as pages show them."""
        trainings = {row[0]: _training(row) for row in self.trainings}
        return [_staff_session(row, trainings[row[TRAINING]]) for row in self.rows]

    def turns(self, before: datetime) -> list[datetime]:
        """When those begin and end that have begun by then: they are in order of their begin."""
        begun = itertools.takewhile(lambda row: as_moment(row[STARTS]) < before, self.rows)
        return [as_moment(told) for row in begun for told in (row[STARTS], row[ENDS])]


async def read_where(condition: str, values: Sequence[object], *, limit: int | None = None) -> ReadSessions:
    """The (first) sessions by start of which this condition is true, `s` being the session, `t` its training.

    Not yet turned into what pages show: most of the time that is on a page already.
    """
    text = SESSIONS.format(condition)
    rows = await (sql.tuples(text, *values) if limit is None else sql.tuples(f"{text} LIMIT ?", *values, limit))
    return ReadSessions(rows, frozenset(await sql.tuples(TRAININGS, list({row[TRAINING] for row in rows}))))


def _training(row: tuple[Any, ...]) -> StaffTraining:
    key, hub_id, title, state, opens_at, closes_at, *numbers = row
    opens, closes = as_moment(opens_at) if opens_at else None, as_moment(closes_at) if closes_at else None
    return StaffTraining(key, as_uuid(hub_id), title, TRAINING_STATES[state], opens, closes, *numbers)


def _staff_session(row: tuple[Any, ...], training: StaffTraining) -> StaffSession:
    key, _training_id, starts_at, ends_at, state, closed_at, position, place = row
    return StaffSession(
        key,
        training,
        as_moment(starts_at),
        as_moment(ends_at),
        STATES[state],
        as_moment(closed_at) if closed_at else None,
        position,
        place or "",
    )
