"""Rule of hours: attended over planned minutes; make-up sessions count at most for what was missed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trainings.schedule.models import Training, TrainingState


class Session(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def is_on(self) -> bool: ...
    @property
    def minutes(self) -> int: ...


class Coming(Protocol):
    @property
    def starts_at(self) -> datetime: ...
    @property
    def minutes(self) -> int: ...


class Stay(Protocol):
    @property
    def session_id(self) -> UUID: ...
    @property
    def minutes(self) -> int: ...


def minutes_planned(sessions: Iterable[Session]) -> int:
    """Denominator: without cancelled sessions."""
    return sum(session.minutes for session in sessions if session.is_on)


def minutes_counted(attendances: Iterable[Stay], sessions: Collection[Session]) -> int:
    """Numerator: minutes at the training's `sessions`, and at others of the course (make-ups) up to what was missed. A
    stay counts at most its session's length; of several at one session the longest counts.
    """
    own, made_up = _own_and_made_up(attendances, sessions)
    return own + made_up


def minutes_made_up(attendances: Iterable[Stay], sessions: Collection[Session]) -> int:
    """Part of `minutes_counted`, at sessions of other trainings."""
    return _own_and_made_up(attendances, sessions)[1]


def _own_and_made_up(attendances: Iterable[Stay], sessions: Collection[Session]) -> tuple[int, int]:
    lengths = {session.id: session.minutes for session in sessions if session.is_on}
    cancelled = {session.id for session in sessions if not session.is_on}
    own = made_up = 0
    longest: dict[UUID, int] = {}
    for stay in attendances:
        longest[stay.session_id] = max(stay.minutes, longest.get(stay.session_id, 0))
    for session_id, minutes in longest.items():
        if session_id in lengths:
            own += min(minutes, lengths[session_id])
        elif session_id not in cancelled:
            made_up += minutes
    return own, min(made_up, sum(lengths.values()) - own)


def share_needed(training: Training) -> int | None:
    """Percent; None: the training is cancelled, never completed."""
    return None if training.state is TrainingState.CANCELLED else training.completion_share


def is_completed(numerator: int, denominator: int, share: int | None) -> bool:
    """`share` in percent; False without one."""
    return share is not None and denominator > 0 and numerator * 100 >= share * denominator


NEVER = 2**31 - 1
"""Minutes, as the database holds them."""


def minutes_needed(denominator: int, share: int | None) -> int:
    """The fewest that complete, as `is_completed`; NEVER if none do."""
    return -(-share * denominator // 100) if share is not None and denominator > 0 else NEVER


class Outlook(StrEnum):
    """What the training's own sessions can still give."""

    COMPLETED = "completed"
    POSSIBLE = "possible"
    OUT_OF_REACH = "out_of_reach"


def outlook_of(attended: int, planned: int, to_come: int, share: int | None) -> Outlook:
    """In minutes; `share` as `share_needed`."""
    if is_completed(attended, planned, share):
        return Outlook.COMPLETED
    return Outlook.POSSIBLE if is_completed(attended + to_come, planned, share) else Outlook.OUT_OF_REACH


@dataclass(frozen=True, slots=True)
class Progress:
    """`missed`: lacking minutes of each session held."""

    attended: int
    planned: int
    share: int | None
    to_come: Sequence[Coming] = ()
    missed: Sequence[int] = ()

    @property
    def outlook(self) -> Outlook:
        return outlook_of(self.attended, self.planned, sum(one.minutes for one in self.to_come), self.share)

    @property
    def needed(self) -> Sequence[Coming]:
        """The next sessions that suffice if attended whole; empty if completed or out of reach."""
        if self.outlook is not Outlook.POSSIBLE:
            return ()
        coming, minutes = sorted(self.to_come, key=lambda one: one.starts_at), self.attended
        for number, one in enumerate(coming, start=1):
            minutes += one.minutes
            if is_completed(minutes, self.planned, self.share):
                return coming[:number]
        return ()

    @property
    def n_to_make_up(self) -> int:
        """How many missed sessions suffice if made up elsewhere, with all coming sessions here."""
        if self.outlook is not Outlook.OUT_OF_REACH:
            return 0
        minutes = self.attended + sum(one.minutes for one in self.to_come)
        for number, lacking in enumerate(sorted(self.missed, reverse=True), start=1):
            minutes += lacking
            if is_completed(minutes, self.planned, self.share):
                return number
        return len(self.missed)

    @property
    def may_make_up(self) -> bool:
        is_missed = self.attended + sum(one.minutes for one in self.to_come) < self.planned
        return is_missed and self.outlook is not Outlook.COMPLETED
