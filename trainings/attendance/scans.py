"""What is odd about a mark, and what its person at the door is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trainings.attendance.marks import KeptMark
from trainings.attendance.models import ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS, stay_of
from trainings.registrations.cards.queries import SeenCard
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import TrainingSession

CLOCK_TOLERANCE = timedelta(minutes=5)
DOOR_OPENS = timedelta(hours=3)
"""A scan is not odd so long before and after a session."""

NOTHING_ODD = frozenset(
    {ScanFlag.NONE, ScanFlag.CLOCK, ScanFlag.AFTER_CLOSE, ScanFlag.SESSION_OFF, ScanFlag.BEFORE_ARRIVAL}
)
"""Flags that are not told at the door."""


class Outcome(StrEnum):
    PRESENT = "present"
    ALREADY = "already"
    LEFT = "left"
    UNDONE = "undone"
    REVIEW = "review"
    CARD = "card"
    UNKNOWN_CODE = "unknown_code"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one event. `registration`: the one it counts for; None for unknown codes.

    `event_id`: what an undo would take back now: the arrival that counts, or the departure. `card`: a card without a
    registration. `arrived_at` of an undo: another arrival by which the person is still here.
    """

    id: UUID
    outcome: Outcome
    registration: Registration | None = None
    arrived_at: datetime | None = None
    flag: ScanFlag = ScanFlag.NONE
    event_id: UUID | None = None
    card: SeenCard | None = None


class Registered(Protocol):
    @property
    def training_id(self) -> UUID: ...
    @property
    def state(self) -> RegistrationState: ...


@dataclass(frozen=True, slots=True)
class Holder:
    """A registered person, a nameless card (`is_card`), or nobody. `is_replaced`: the old one of a ticket printed
    anew.
    """

    registration: Registered | None = None
    is_replaced: bool = False
    is_card: bool = False


NOBODY = Holder()

ODD_STATES = {
    RegistrationState.WAITLISTED: ScanFlag.WAITLISTED,
    RegistrationState.HELD: ScanFlag.HELD,
    RegistrationState.CANCELLED: ScanFlag.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class When:
    """Times of a mark by our clock: `at` is the client's plus `offset`.

    `stated_at`: when the person left, as said. `now` finds dates in the future. `has_clock`: False for the signed
    paper, whose typing time says nothing.
    """

    at: datetime
    offset: timedelta
    now: datetime | None = None
    stated_at: datetime | None = None
    has_clock: bool = True


def when_of(event: ScanEvent) -> When:
    """As they were when the mark came in."""
    offset = event.at - event.device_at
    return When(event.at, offset, event.created_at, event.stated_at, has_clock=event.how is not ScanHow.SHEET)


def flag_of(holder: Holder, session: TrainingSession, when: When) -> ScanFlag:
    """Why a stored mark is to be reviewed, compared with the session as now known.

    The phone has the same rule (static/js/marcar/rules.js); tests/attendance/cases.json holds both to it.
    """
    person = holder.registration
    if person is None:
        return ScanFlag.UNNAMED if holder.is_card else ScanFlag.UNKNOWN_CODE
    if person.training_id != session.training_id:
        return ScanFlag.OTHER_TRAINING
    if person.state in ODD_STATES:
        return ODD_STATES[person.state]
    if holder.is_replaced:
        return ScanFlag.REPLACED
    return flag_of_time(session, when)


def flag_of_time(session: TrainingSession, when: When) -> ScanFlag:
    """As `flag_of`, for marks of nobody: companions, the notice read aloud, an undo."""
    if not session.is_on:
        return ScanFlag.SESSION_OFF
    if session.closed_at is not None:
        # Whatever its time: certificates may have been computed without it.
        return ScanFlag.AFTER_CLOSE
    return flag_of_clock(session, when)


def flag_of_clock(session: TrainingSession, when: When) -> ScanFlag:
    """Whether the clock was wrong, or the time is outside the session."""
    is_early_or_late = not (session.starts_at - DOOR_OPENS <= when.at <= session.held_until + DOOR_OPENS)
    is_ahead = when.now is not None and when.at > when.now + CLOCK_TOLERANCE
    said = when.stated_at
    # Nobody leaves a session before it begins, or later than it is said.
    is_stated_oddly = said is not None and not session.starts_at <= said <= when.at + CLOCK_TOLERANCE
    is_clock_odd = when.has_clock and (abs(when.offset) > CLOCK_TOLERANCE or is_early_or_late or is_ahead)
    return ScanFlag.CLOCK if is_clock_odd or is_stated_oddly else ScanFlag.NONE


def answer_to(
    event: KeptMark,
    registration: Registration | None,
    events: Iterable[KeptMark],
    undone: Collection[UUID],
    card: SeenCard | None = None,
) -> Answer:
    """The answer about a stored event, now or when sent again. `events`: the person's at the session."""
    if event.kind is ScanKind.UNDO:
        is_of_arrival = any(one.id == event.target_id and one.kind in ARRIVALS for one in events)
        still = stay_of(events, undone).arrived_at if is_of_arrival else None
        return Answer(event.id, Outcome.UNDONE, registration, still, event.flag)
    if event.id in undone or event.conflict_of_id in undone:
        # Sent again, perhaps from an old page: "present" would lose the person at the door.
        return Answer(event.id, Outcome.UNDONE, registration, flag=event.flag)
    if registration is None:
        is_card = event.flag is ScanFlag.UNNAMED or (card is not None and card.is_usable)
        outcome = Outcome.CARD if is_card else Outcome.UNKNOWN_CODE
        return Answer(event.id, outcome, flag=event.flag, card=card)
    stay = stay_of(events, undone)
    earlier = [one for one in events if (one.created_at, one.id) < (event.created_at, event.id)]
    before = stay_of([one for one in earlier if one.id != event.id], undone)
    outcome = _outcome(event, was_present=before.is_present and before.left_at is None)
    return Answer(event.id, outcome, registration, stay.arrived_at, event.flag, stay.event_id)


def _outcome(event: KeptMark, *, was_present: bool) -> Outcome:
    if event.kind not in ARRIVALS:
        return Outcome.LEFT
    if event.flag not in NOTHING_ODD and not was_present:
        return Outcome.REVIEW
    return Outcome.ALREADY if was_present else Outcome.PRESENT
