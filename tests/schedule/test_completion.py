"""The rule of hours, by table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from trainings.schedule.completion import Outlook, Progress, is_completed, minutes_counted, minutes_planned

FIRST, SECOND, ELSEWHERE, ELSEWHERE_TOO = (UUID(int=n) for n in range(1, 5))


@dataclass(frozen=True)
class Meeting:
    id: UUID
    minutes: int
    is_on: bool = True


@dataclass(frozen=True)
class Stay:
    session_id: UUID
    minutes: int


TWO_OF_FOUR_HOURS = [Meeting(FIRST, 240), Meeting(SECOND, 240)]
SECOND_CANCELLED = [Meeting(FIRST, 240), Meeting(SECOND, 240, is_on=False)]


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


@dataclass(frozen=True)
class Coming:
    day: int
    minutes: int = 240

    @property
    def starts_at(self) -> datetime:
        return datetime(2027, 3, self.day, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attended", "planned", "to_come", "outlook", "needed", "make_up"),
    [
        (240, 480, [Coming(11)], Outlook.POSSIBLE, [11], False),
        (240, 720, [Coming(11)], Outlook.OUT_OF_REACH, [], True),
        (0, 480, [], Outlook.OUT_OF_REACH, [], True),
        (384, 480, [], Outlook.COMPLETED, [], False),
        (383, 480, [], Outlook.OUT_OF_REACH, [], True),
        (240, 1200, [Coming(18), Coming(4), Coming(11)], Outlook.POSSIBLE, [4, 11, 18], True),
        (720, 1200, [Coming(11), Coming(4)], Outlook.POSSIBLE, [4], False),
        (0, 0, [], Outlook.OUT_OF_REACH, [], False),
        (0, 480, [Coming(4), Coming(11)], Outlook.POSSIBLE, [4, 11], False),
        (384, 480, [Coming(4, 96)], Outlook.COMPLETED, [], False),
    ],
    ids=[
        "one is enough",
        "out of reach here",
        "all was missed",
        "exactly the share",
        "a minute short",
        "all of them, and something was missed",
        "the first is enough",
        "nothing planned",
        "nothing held yet",
        "enough before the end",
    ],
)
def test_progress_says_whether_it_can_be_completed_and_with_which_sessions(
    attended: int, planned: int, to_come: list[Coming], outlook: Outlook, needed: list[int], *, make_up: bool
) -> None:
    progress = Progress(attended, planned, 80, to_come)

    assert progress.outlook is outlook
    assert [one.starts_at.day for one in progress.needed] == needed
    assert progress.may_make_up is make_up
