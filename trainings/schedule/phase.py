"""What a training is right now: computed from its stored state, its window, its places and its sessions' times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from trainings.schedule.models import SessionState, TrainingState


class Phase(StrEnum):
    """`open` takes sign-ups with places left, `waiting` for the list only; `running` says a session is on now."""

    DRAFT = "draft"
    CANCELLED = "cancelled"
    NOT_YET_OPEN = "not_yet_open"
    OPEN = "open"
    WAITING = "waiting"
    FULL = "full"
    CLOSED = "closed"
    HELD = "held"


TAKES_SIGN_UPS = frozenset({Phase.OPEN, Phase.WAITING})


class Meeting(Protocol):
    """A session, as far as the phase depends on it."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def state(self) -> SessionState: ...


class Run(Protocol):
    """A training, as far as its phase depends on it."""

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


def end_of(meeting: Meeting) -> datetime:
    """When a session ends: as planned, or earlier where the facilitator closed it."""
    return meeting.ends_at if meeting.closed_at is None else min(meeting.closed_at, meeting.ends_at)


def last_end(sessions: Sequence[Meeting]) -> datetime | None:
    """When the last session that was not cancelled ends."""
    return max((end_of(meeting) for meeting in sessions if meeting.state is SessionState.PLANNED), default=None)


def over_at(sessions: Sequence[Meeting]) -> datetime | None:
    """When the last session ended; where none took place, when the last of them would have."""
    return last_end(sessions) or max((meeting.ends_at for meeting in sessions), default=None)


def closing_time(training: Run, sessions: Sequence[Meeting]) -> datetime | None:
    """Until when people may sign up: the set time, else the end of the last session."""
    return training.closes_at or last_end(sessions)


def is_running(sessions: Sequence[Meeting], now: datetime) -> bool:
    """Whether a session is going on."""
    return any(
        meeting.state is SessionState.PLANNED and meeting.starts_at <= now < end_of(meeting) for meeting in sessions
    )


def phase(training: Run, sessions: Sequence[Meeting], now: datetime) -> Phase:
    """The training's phase at `now`."""
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
