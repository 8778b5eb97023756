"""The rule of hours: minutes attended over minutes planned, make-up sessions counted at most for what was missed.

Pure: what counts as attended (closed or over, left early) is decided by who calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

from trainings.schedule.models import SessionState


class Meeting(Protocol):
    """A session of the training. `minutes`: its planned length."""

    @property
    def id(self) -> UUID: ...
    @property
    def state(self) -> SessionState: ...
    @property
    def minutes(self) -> int: ...


class Stay(Protocol):
    """One person's stay at one session, in minutes."""

    @property
    def session_id(self) -> UUID: ...
    @property
    def minutes(self) -> int: ...


def minutes_planned(sessions: Iterable[Meeting]) -> int:
    """The denominator: minutes of the training's sessions that were not cancelled."""
    return sum(session.minutes for session in sessions if session.state is SessionState.PLANNED)


def minutes_counted(attendances: Iterable[Stay], sessions: Collection[Meeting]) -> int:
    """The numerator: minutes at the training's own sessions, and at others of the same course up to what was missed.

    `sessions` are the training's; an attendance at any other session is a make-up. A stay counts at most its session.
    """
    lengths = {session.id: session.minutes for session in sessions if session.state is SessionState.PLANNED}
    cancelled = {session.id for session in sessions if session.state is SessionState.CANCELLED}
    own = made_up = 0
    for stay in attendances:
        if stay.session_id in lengths:
            own += min(stay.minutes, lengths[stay.session_id])
        elif stay.session_id not in cancelled:
            made_up += stay.minutes
    return own + min(made_up, sum(lengths.values()) - own)


def is_completed(numerator: int, denominator: int, share: int) -> bool:
    """Whether attended minutes reach the course's share (whole percent) of the planned ones; never where none are."""
    return denominator > 0 and numerator * 100 >= share * denominator
