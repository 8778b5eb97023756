"""Attendance from scans, hours from attendance: recomputed, never edited."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance, ScanEvent, ScanFlag, ScanKind
from trainings.registrations.models import Registration
from trainings.schedule.completion import is_completed
from trainings.schedule.models import Course, SessionState, Training, TrainingSession

ARRIVALS = frozenset({ScanKind.IN, ScanKind.WALK_IN})
REVIEWED_BY_PERSON = frozenset({ScanFlag.WAITLISTED, ScanFlag.HELD, ScanFlag.CANCELLED, ScanFlag.OTHER_TRAINING})


async def project(session: TrainingSession, registration_id: UUID) -> Attendance:
    """Recompute one person's attendance at one session from all their events, in the caller's transaction.

    Present is who has an arrival that was not undone; arrival is the earliest, departure the latest of those left.
    """
    events = await ScanEvent.filter(session_id=session.id, registration_id=registration_id, conflict_of_id=None)
    undone = set(await ScanEvent.filter(session_id=session.id, kind=ScanKind.UNDO).values_list("target_id", flat=True))
    standing = [event for event in events if event.id not in undone]
    arrivals = [event for event in standing if event.kind in ARRIVALS]
    arrived_at = min((event.at for event in arrivals), default=None)
    left_at = max((event.at for event in standing if event.kind is ScanKind.OUT), default=None)
    attendance, _is_new = await Attendance.get_or_create(
        session_id=session.id, registration_id=registration_id, defaults={"is_present": False}
    )
    attendance.is_present = bool(arrivals)
    attendance.arrived_at = arrived_at
    attendance.left_at = left_at if arrived_at is not None and left_at is not None and left_at > arrived_at else None
    attendance.minutes = minutes_counted(session, attendance)
    attendance.to_review = any(event.flag in REVIEWED_BY_PERSON for event in arrivals)
    await attendance.save(update_fields=["is_present", "arrived_at", "left_at", "minutes", "to_review"])
    if counts(session):
        await settle_registration(registration_id)
    return attendance


def counts(session: TrainingSession) -> bool:
    """Minutes count once the facilitator closed the session, or it ended; a cancelled session never counts."""
    if session.state is SessionState.CANCELLED:
        return False
    return session.closed_at is not None or clock.now() >= session.ends_at


def minutes_counted(session: TrainingSession, attendance: Attendance) -> int:
    """Minutes of one attendance: the whole session without a departure, else up to it."""
    if not attendance.is_present or not counts(session):
        return 0
    if attendance.left_at is None:
        return session.minutes
    return _minutes_between(session.starts_at, min(attendance.left_at, session.ends_at))


def _minutes_between(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds() // 60))


async def settle_registration(registration_id: UUID) -> None:
    """Write a registration's minutes and, when the course's share is reached, the moment of completion."""
    registration = await Registration.get(id=registration_id)
    sessions = await TrainingSession.filter(training_id=registration.training_id, state=SessionState.PLANNED)
    attended = await Attendance.filter(
        registration_id=registration_id, session_id__in=[session.id for session in sessions]
    ).values_list("minutes")
    minutes = sum(int(one) for (one,) in attended)
    training = await Training.get(id=registration.training_id)
    course = await Course.get(id=training.course_id)
    planned = sum(session.minutes for session in sessions)
    completed = is_completed(minutes, planned, course.completion_share)
    registration.minutes_attended = minutes
    registration.completed_at = (registration.completed_at or clock.now()) if completed else None
    await registration.save(update_fields=["minutes_attended", "completed_at"])
