"""Attendance from scans, hours from attendance: recomputed, never edited."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance, ScanEvent, ScanFlag, ScanKind
from trainings.db import reads
from trainings.registrations.models import Registration
from trainings.schedule.completion import is_completed, minutes_counted, minutes_planned
from trainings.schedule.models import SessionState, Training, TrainingSession

ARRIVALS = frozenset({ScanKind.IN, ScanKind.WALK_IN})
ODD_ARRIVALS = frozenset(
    {ScanFlag.WAITLISTED, ScanFlag.HELD, ScanFlag.CANCELLED, ScanFlag.OTHER_TRAINING, ScanFlag.CHANGED_BODY}
)
"""Flags that make a person "present, to be reviewed"; clocks and late marks are reviewed by themselves."""


@dataclass(frozen=True, slots=True)
class Stay:
    """What the standing events say of one person at one session. `event_id` is what its state rests on."""

    arrived_at: datetime | None = None
    left_at: datetime | None = None
    to_review: bool = False
    event_id: UUID | None = None

    @property
    def is_present(self) -> bool:
        return self.arrived_at is not None


def stay_of(events: Iterable[ScanEvent], undone: Collection[UUID]) -> Stay:
    """Present is who has an arrival that was not undone; arrival is the earliest of those left.

    The latest departure counts unless the person came back after it. An undo takes back all that came under its id.
    """
    standing = [event for event in events if event.id not in undone and event.conflict_of_id not in undone]
    arrivals = sorted((event for event in standing if event.kind in ARRIVALS), key=_in_time)
    if not arrivals:
        return Stay()
    departure = max((event for event in standing if event.kind is ScanKind.OUT), key=_in_time, default=None)
    has_left = departure is not None and departure.at > arrivals[-1].at
    deciding = departure if departure is not None and has_left else arrivals[0]
    return Stay(
        arrived_at=arrivals[0].at,
        left_at=departure.at if departure is not None and has_left else None,
        to_review=any(event.flag in ODD_ARRIVALS for event in arrivals),
        event_id=deciding.id,
    )


def _in_time(event: ScanEvent) -> tuple[datetime, UUID]:
    return event.at, event.id


def counts(session: TrainingSession) -> bool:
    """Minutes count once the facilitator closed the session, or it ended; a cancelled session never counts."""
    if session.state is SessionState.CANCELLED:
        return False
    return session.closed_at is not None or clock.now() >= session.ends_at


def minutes_of(session: TrainingSession, stay: Stay) -> int:
    """Whole minutes of one stay: the whole session without a departure, else from its start up to it."""
    if not stay.is_present or not counts(session):
        return 0
    until = session.ends_at if stay.left_at is None else min(stay.left_at, session.ends_at)
    return max(0, int((until - session.starts_at).total_seconds() // 60))


async def project(session: TrainingSession, registration_ids: Collection[UUID]) -> None:
    """Recompute these people's attendance at one session from all their events, in the caller's transaction."""
    events: dict[UUID, list[ScanEvent]] = {key: [] for key in registration_ids}
    for event in await ScanEvent.filter(session_id=session.id, registration_id__in=sorted(registration_ids)):
        assert event.registration_id is not None
        events[event.registration_id].append(event)
    undone = await undone_at(session.id)
    await keep_stays(session, {key: stay_of(own, undone) for key, own in events.items()})


async def keep_stays(session: TrainingSession, stays: Mapping[UUID, Stay]) -> None:
    """Write what the events say. Rows that say the same already are left alone."""
    kept = Attendance.filter(session_id=session.id, registration_id__in=sorted(stays))
    rows = {attendance.registration_id: attendance for attendance in await kept}
    new = []
    for key, stay in stays.items():
        columns, attendance = _columns(session, stay), rows.get(key)
        if attendance is None:
            new.append(Attendance(session_id=session.id, registration_id=key, **columns))
        elif any(getattr(attendance, name) != value for name, value in columns.items()):
            await attendance.update_from_dict(columns).save(update_fields=list(columns))
    if new:
        await Attendance.bulk_create(new)


async def undone_at(session_id: UUID) -> set[UUID]:
    """The ids that were taken back at a session, also where what they name has not come in yet."""
    undos = await reads(ScanEvent).filter(session_id=session_id, kind=ScanKind.UNDO).values_list("target_id")
    return {target_id for (target_id,) in undos if target_id is not None}


def _columns(session: TrainingSession, stay: Stay) -> dict[str, object]:
    return {
        "is_present": stay.is_present,
        "arrived_at": stay.arrived_at,
        "left_at": stay.left_at,
        "minutes": minutes_of(session, stay),
        "to_review": stay.to_review,
    }


async def settle_registrations(registration_ids: Collection[UUID]) -> None:
    """Write minutes and, when the course's share is reached, the moment of completion.

    Sessions of other trainings of the same course make up for what was missed. In the caller's transaction, with the
    trainings of these registrations locked.
    """
    registrations = await Registration.filter(id__in=sorted(registration_ids))
    training_ids = sorted({one.training_id for one in registrations})
    trainings = {one.id: one for one in await Training.filter(id__in=training_ids).prefetch_related("course")}
    sessions = await TrainingSession.filter(training_id__in=training_ids)
    attended = await Attendance.filter(registration_id__in=sorted(registration_ids), minutes__gt=0).prefetch_related(
        "session__training"
    )
    for registration in registrations:
        training = trainings[registration.training_id]
        own = [session for session in sessions if session.training_id == training.id]
        stays = [
            one
            for one in attended
            if one.registration_id == registration.id and one.session.training.course_id == training.course_id
        ]
        await _settle_one(registration, stays, own, training.course.completion_share)


async def _settle_one(
    registration: Registration, stays: Sequence[Attendance], sessions: Sequence[TrainingSession], share: int
) -> None:
    minutes = minutes_counted(stays, sessions)
    is_complete = is_completed(minutes, minutes_planned(sessions), share)
    completed_at = (registration.completed_at or clock.now()) if is_complete else None
    if (minutes, completed_at) == (registration.minutes_attended, registration.completed_at):
        return
    registration.minutes_attended, registration.completed_at = minutes, completed_at
    await registration.save(update_fields=["minutes_attended", "completed_at"])
