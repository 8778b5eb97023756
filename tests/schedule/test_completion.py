"""The rule of hours, by table."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from trainings.schedule.completion import is_completed, minutes_counted, minutes_planned
from trainings.schedule.models import SessionState

PLANNED, CANCELLED = SessionState.PLANNED, SessionState.CANCELLED
FIRST, SECOND, ELSEWHERE, ELSEWHERE_TOO = (UUID(int=n) for n in range(1, 5))


@dataclass(frozen=True)
class Meeting:
    id: UUID
    minutes: int
    state: SessionState = PLANNED


@dataclass(frozen=True)
class Stay:
    session_id: UUID
    minutes: int


TWO_OF_FOUR_HOURS = [Meeting(FIRST, 240), Meeting(SECOND, 240)]
SECOND_CANCELLED = [Meeting(FIRST, 240), Meeting(SECOND, 240, CANCELLED)]


@pytest.mark.parametrize(
    ("sessions", "minutes"),
    [(TWO_OF_FOUR_HOURS, 480), (SECOND_CANCELLED, 240), ([], 0)],
    ids=["all", "not cancelled", "none"],
)
def test_minutes_planned_leaves_out_cancelled_sessions(sessions: list[Meeting], minutes: int) -> None:
    assert minutes_planned(sessions) == minutes


@pytest.mark.parametrize(
    ("stays", "sessions", "minutes"),
    [
        ([], TWO_OF_FOUR_HOURS, 0),
        ([Stay(FIRST, 240)], TWO_OF_FOUR_HOURS, 240),
        ([Stay(FIRST, 240), Stay(SECOND, 90)], TWO_OF_FOUR_HOURS, 330),
        ([Stay(FIRST, 300)], TWO_OF_FOUR_HOURS, 240),
        ([Stay(FIRST, 240), Stay(ELSEWHERE, 120)], TWO_OF_FOUR_HOURS, 360),
        ([Stay(FIRST, 240), Stay(ELSEWHERE, 240), Stay(ELSEWHERE_TOO, 240)], TWO_OF_FOUR_HOURS, 480),
        ([Stay(FIRST, 240), Stay(SECOND, 240), Stay(ELSEWHERE, 240)], TWO_OF_FOUR_HOURS, 480),
        ([Stay(FIRST, 200), Stay(SECOND, 240), Stay(ELSEWHERE, 240)], TWO_OF_FOUR_HOURS, 480),
        ([Stay(FIRST, 240), Stay(SECOND, 240)], SECOND_CANCELLED, 240),
        ([Stay(FIRST, 100), Stay(SECOND, 240)], SECOND_CANCELLED, 100),
        ([Stay(ELSEWHERE, 240)], [], 0),
    ],
    ids=[
        "nothing attended",
        "one of two",
        "left early",
        "no longer than the session",
        "make-up of part of what was missed",
        "make-up at most what was missed",
        "nothing missed, nothing made up",
        "only the missed minutes are made up",
        "a cancelled session does not count",
        "a cancelled session is no make-up",
        "nothing planned",
    ],
)
def test_minutes_counted(stays: list[Stay], sessions: list[Meeting], minutes: int) -> None:
    assert minutes_counted(stays, sessions) == minutes


@pytest.mark.parametrize(
    ("numerator", "denominator", "share", "completed"),
    [
        (192, 240, 80, True),
        (191, 240, 80, False),
        (240, 240, 100, True),
        (239, 240, 100, False),
        (1, 3, 33, True),
        (1, 3, 34, False),
        (0, 0, 80, False),
    ],
)
def test_is_completed_when_the_share_is_reached(
    numerator: int, denominator: int, share: int, *, completed: bool
) -> None:
    assert is_completed(numerator, denominator, share) is completed
