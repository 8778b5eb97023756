"""Attendance from scans, hours from attendance: recomputed, never edited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.models import Attendance, Decision, ScanEvent, ScanFlag, ScanKind
from trainings.db import reads
from trainings.registrations.models import Registration
from trainings.schedule.completion import is_completed, minutes_counted, minutes_planned
from trainings.schedule.models import SessionState, Training, TrainingSession

ARRIVALS = frozenset({ScanKind.IN, ScanKind.WALK_IN})
DEPARTURES = frozenset({ScanKind.OUT, ScanKind.LEFT})
ODD_ARRIVALS = frozenset(
    {
        ScanFlag.WAITLISTED,
        ScanFlag.HELD,
        ScanFlag.CANCELLED,
        ScanFlag.OTHER_TRAINING,
        ScanFlag.CHANGED_BODY,
        ScanFlag.REPLACED,
    }
)
"""Flags that make a person "present, to be reviewed"; clocks and late marks are reviewed by themselves."""

WAIT_FOR_DECISION = frozenset({ScanFlag.REVOKED, ScanFlag.OTHER_SESSION})
"""Flags of events that count only once somebody says so: of a phone that was not, or no more, prepared for them."""


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


def is_counted(event: ScanEvent) -> bool:
    """Whether an event says anything: what was put aside never does, what waits for a decision not yet."""
    if event.decision is Decision.NONE:
        return event.flag not in WAIT_FOR_DECISION
    return event.decision is Decision.COUNTED


def undone_by(events: Iterable[ScanEvent]) -> set[UUID]:
    """The ids that these events take back, also where what they name has not come in yet."""
    undos = (event for event in events if event.kind is ScanKind.UNDO and is_counted(event))
    return {event.target_id for event in undos if event.target_id is not None}


def standing(events: Iterable[ScanEvent], undone: Collection[UUID]) -> list[ScanEvent]:
    """Those that count and were not taken back. An undo takes back all that came under its id."""
    return [
        event for event in events if is_counted(event) and event.id not in undone and event.conflict_of_id not in undone
    ]


def stay_of(events: Iterable[ScanEvent], undone: Collection[UUID]) -> Stay:
    """Present is who has an arrival that stands; arrival is the earliest of those.

    The latest word of a departure counts unless the person came back after it was said. "Se fue antes" (LEFT) says
    when that was, another departure is its own time. What somebody decided about is not to be reviewed again.
    """
    left = standing(events, undone)
    arrivals = sorted((event for event in left if event.kind in ARRIVALS), key=_in_time)
    if not arrivals:
        return Stay()
    departure = max((event for event in left if event.kind in DEPARTURES), key=_in_time, default=None)
    has_left = departure is not None and departure.at > arrivals[-1].at
    return Stay(
        arrived_at=arrivals[0].at,
        left_at=(departure.stated_at or departure.at) if departure is not None and has_left else None,
        to_review=any(event.flag in ODD_ARRIVALS and event.decision is Decision.NONE for event in arrivals),
        event_id=(departure if departure is not None and has_left else arrivals[0]).id,
    )


def _in_time(event: ScanEvent) -> tuple[datetime, datetime, UUID]:
    # Two words about a departure in the same moment: the later departure, whatever the order they came in.
    return event.at, event.stated_at or event.at, event.conflict_of_id or event.id


def heads_of(events: Iterable[ScanEvent], undone: Collection[UUID]) -> int:
    """Companions without a card: the sum of what was counted up and down, never less than nobody."""
    return max(0, sum(event.number or 0 for event in standing(events, undone) if event.kind is ScanKind.HEADS))


def unnamed_of(events: Iterable[ScanEvent], undone: Collection[UUID]) -> int:
    """How many came whom nobody has written down yet: cards without a name, and what somebody decided to count."""
    by_card: dict[str, list[ScanEvent]] = defaultdict(list)
    for event in events:
        if event.registration_id is None and (event.flag is ScanFlag.UNNAMED or event.decision is Decision.COUNTED):
            by_card[event.code_hash or str(event.id)].append(event)
    return sum(stay_of(own, undone).is_present for own in by_card.values())


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
    return (await undone_in([session_id])).get(session_id, set())


async def undone_in(session_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The same for several sessions in one read."""
    waits = Q(flag__in=sorted(WAIT_FOR_DECISION), decision=Decision.NONE)
    undos = reads(ScanEvent).filter(
        ~waits & ~Q(decision=Decision.DISMISSED), session_id__in=sorted(session_ids), kind=ScanKind.UNDO
    )
    undone: dict[UUID, set[UUID]] = defaultdict(set)
    for session_id, target_id in await undos.values_list("session_id", "target_id"):
        if target_id is not None:
            undone[session_id].add(target_id)
    return undone


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
