"""A scan as it came from a client, what it refers to, and what the person at the door is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from trainings.attendance.models import ScanFlag, ScanHow, ScanKind
from trainings.lib import tokens
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import TrainingSession

CLOCK_TOLERANCE = timedelta(minutes=5)
DOOR_OPENS = timedelta(hours=3)
"""How long before and after a session a scan is nothing odd."""


class Outcome(StrEnum):
    """The answer at the door."""

    PRESENT = "present"
    ALREADY = "already"
    LEFT = "left"
    UNDONE = "undone"
    REVIEW = "review"
    UNKNOWN_CODE = "unknown_code"
    NOT_A_TICKET = "not_a_ticket"


@dataclass(frozen=True, slots=True)
class Scan:
    """One event under the id that the client made. `at` is the client's clock; either `code` or `registration_id`."""

    id: UUID
    kind: ScanKind
    how: ScanHow
    at: datetime
    code: str | None = None
    registration_id: UUID | None = None
    target_id: UUID | None = None
    seq: int | None = None
    device: str = ""

    @property
    def body_hash(self) -> str:
        """Tells a repeat of this event from another one under the same id."""
        parts = (self.kind, self.how, self.at.isoformat(), self.code, self.registration_id, self.target_id)
        return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one event. `registration` is whom it counts for; none for unknown codes."""

    id: UUID
    outcome: Outcome
    is_stored: bool
    registration: Registration | None = None
    arrived_at: datetime | None = None
    flag: ScanFlag = ScanFlag.NONE


def readable_code(code: str) -> str | None:
    """The code as kept: a QR token (20) or a short code with a right check character (9); none for anything else."""
    return tokens.read_qr(code) or tokens.read_short_code(code)


def flag_of(
    scan: Scan, registration: Registration | None, session: TrainingSession, *, at: datetime, offset: timedelta
) -> ScanFlag:
    """Why this scan is to be looked at; it is stored all the same."""
    if registration is None:
        return ScanFlag.UNKNOWN_CODE
    if registration.training_id != session.training_id:
        return ScanFlag.OTHER_TRAINING
    by_state = {
        RegistrationState.WAITLISTED: ScanFlag.WAITLISTED,
        RegistrationState.HELD: ScanFlag.HELD,
        RegistrationState.CANCELLED: ScanFlag.CANCELLED,
    }
    if registration.state in by_state:
        return by_state[registration.state]
    if session.closed_at is not None and at > session.closed_at and scan.kind is ScanKind.IN:
        return ScanFlag.AFTER_CLOSE
    is_early_or_late = not (session.starts_at - DOOR_OPENS <= at <= session.ends_at + DOOR_OPENS)
    return ScanFlag.CLOCK if abs(offset) > CLOCK_TOLERANCE or is_early_or_late else ScanFlag.NONE
