from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from trainings.attendance.models import ScanFlag


class ResultState(StrEnum):
    """`conflict`: its id had another body before, both are kept. `malformed`: nothing could be kept."""

    STORED = "stored"
    ALREADY = "already"
    FLAGGED = "flagged"
    CONFLICT = "conflict"
    MALFORMED = "malformed"


class Trouble(StrEnum):
    """Why an event could not be kept; the phone keeps it."""

    UNREADABLE = "unreadable"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_ACTIVITY = "unknown_activity"


@dataclass(frozen=True, slots=True)
class Result:
    """`id`: as the sender wrote it, or None; `kept_as`: the mark's own."""

    id: str | None
    state: ResultState
    flag: ScanFlag = ScanFlag.NONE
    trouble: Trouble | None = None
    kept_as: UUID | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the phone may forget it."""
        return self.state is not ResultState.MALFORMED
