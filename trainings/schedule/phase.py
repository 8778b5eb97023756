from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from trainings.schedule.models import SessionState, TrainingState


class Phase(StrEnum):
    """`waiting`: waiting list only; `running`: a session is on now."""

    DRAFT = "draft"
    CANCELLED = "cancelled"
    NOT_YET_OPEN = "not_yet_open"
    OPEN = "open"
    WAITING = "waiting"
    FULL = "full"
    CLOSED = "closed"
    HELD = "held"


TAKES_SIGN_UPS = frozenset({Phase.OPEN, Phase.WAITING})


class Session(Protocol):
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def state(self) -> SessionState: ...


class Run(Protocol):
    @property
    def state(self) -> TrainingState: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def capacity(self) -> int: ...
    @property
    def occupied(self) -> int: ...
    @property
    def has_waiting_list(self) -> bool: ...


def end_of(session: Session) -> datetime:
    """As planned, or earlier if closed."""
    return session.ends_at if session.closed_at is None else min(session.closed_at, session.ends_at)


def last_end(sessions: Sequence[Session]) -> datetime | None:
    """Without cancelled sessions."""
    return max((end_of(session) for session in sessions if session.state is SessionState.PLANNED), default=None)


def over_at(sessions: Sequence[Session]) -> datetime | None:
    """If all sessions were cancelled, the planned end."""
    return last_end(sessions) or max((session.ends_at for session in sessions), default=None)


def closing_time(training: Run, sessions: Sequence[Session]) -> datetime | None:
    """The set time, else the last session's end."""
    return training.closes_at or last_end(sessions)


def is_running(sessions: Sequence[Session], now: datetime) -> bool:
    return any(
        session.state is SessionState.PLANNED and session.starts_at <= now < end_of(session) for session in sessions
    )


def phase(training: Run, sessions: Sequence[Session], now: datetime) -> Phase:
    if training.state is TrainingState.DRAFT:
        return Phase.DRAFT
    end = last_end(sessions)
    if training.state is TrainingState.CANCELLED or end is None:
        return Phase.CANCELLED
    if now >= end:
        return Phase.HELD
    closes = closing_time(training, sessions)
    if closes is not None and now >= closes:
        return Phase.CLOSED
    if training.opens_at is not None and now < training.opens_at:
        return Phase.NOT_YET_OPEN
    if training.occupied < training.capacity:
        return Phase.OPEN
    return Phase.WAITING if training.has_waiting_list else Phase.FULL
