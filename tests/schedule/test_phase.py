"""What a training is at a moment, by its state, its window, its places and its sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from trainings.schedule.models import SessionState, TrainingState
from trainings.schedule.phase import Phase, is_running, phase

START = datetime(2027, 3, 6, 14, 30, tzinfo=UTC)
END = START + timedelta(hours=4)


@dataclass(frozen=True)
class Meeting:
    starts_at: datetime = START
    ends_at: datetime = END
    closed_at: datetime | None = None
    state: SessionState = SessionState.PLANNED


@dataclass(frozen=True)
class Run:
    state: TrainingState = TrainingState.PUBLISHED
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    capacity: int = 20
    occupied: int = 0
    has_waiting_list: bool = True


PLAIN, MEETING = Run(), Meeting()
BEFORE, DURING, AFTER = START - timedelta(days=1), START + timedelta(hours=1), END


@pytest.mark.parametrize(
    ("run", "meeting", "now", "expected"),
    [
        (PLAIN, MEETING, BEFORE, Phase.OPEN),
        (PLAIN, MEETING, DURING, Phase.OPEN),
        (PLAIN, MEETING, AFTER, Phase.HELD),
        (replace(PLAIN, occupied=20), MEETING, BEFORE, Phase.WAITING),
        (replace(PLAIN, occupied=20, has_waiting_list=False), MEETING, BEFORE, Phase.FULL),
        (replace(PLAIN, closes_at=BEFORE), MEETING, BEFORE, Phase.CLOSED),
        (replace(PLAIN, opens_at=START), MEETING, BEFORE, Phase.NOT_YET_OPEN),
        (replace(PLAIN, state=TrainingState.DRAFT), MEETING, BEFORE, Phase.DRAFT),
        (replace(PLAIN, state=TrainingState.CANCELLED), MEETING, BEFORE, Phase.CANCELLED),
        (PLAIN, replace(MEETING, state=SessionState.CANCELLED), BEFORE, Phase.CANCELLED),
        (PLAIN, replace(MEETING, closed_at=DURING), DURING, Phase.HELD),
        (PLAIN, replace(MEETING, closed_at=AFTER + timedelta(hours=1)), AFTER, Phase.HELD),
    ],
)
def test_phase_at_a_moment(run: Run, meeting: Meeting, now: datetime, expected: Phase) -> None:
    assert phase(run, [meeting], now) is expected


def test_phase_when_one_of_two_sessions_was_closed_then_it_goes_on() -> None:
    next_week = Meeting(START + timedelta(weeks=1), END + timedelta(weeks=1))

    assert phase(PLAIN, [replace(MEETING, closed_at=DURING), next_week], AFTER) is Phase.OPEN


def test_a_closed_session_runs_no_more() -> None:
    assert is_running([MEETING], DURING)
    assert not is_running([replace(MEETING, closed_at=DURING)], DURING)
