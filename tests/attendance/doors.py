"""A door to check people in at, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests import make
from trainings import clock
from trainings.attendance import actions
from trainings.attendance.actions import NO_OFFSET
from trainings.attendance.events import FormEvent, SentEvent
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.attendance.scans import Answer
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession


@dataclass(frozen=True, slots=True)
class Opened:
    """A training of one or more sessions of four hours, and Ana on it."""

    training: Training
    session: TrainingSession
    ana: Registration

    @property
    def starts_at(self) -> datetime:
        return self.session.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.session.ends_at

    @property
    def key(self) -> UUID:
        return self.session.id


async def open_door(*, n_sessions: int = 1, **columns: Any) -> Opened:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in range(1, n_sessions + 1)]
    training = await make.make_training(sessions=days, **columns)
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    return Opened(training, training.sessions[0], ana)


def qr_of(registration: Registration) -> str:
    assert registration.qr_token is not None
    return registration.qr_token


def scan(
    code: str | None = None,
    at: datetime | None = None,
    *,
    kind: ScanKind = ScanKind.IN,
    event_id: UUID | None = None,
    registration: Registration | None = None,
    target: UUID | None = None,
    how: ScanHow = ScanHow.CAMERA,
    stated_at: datetime | None = None,
    session: UUID | None = None,
) -> SentEvent:
    """One event under a fresh id unless one is given, of the session at which it is taken (`take`); without a time as a
    form without script makes it.
    """
    about: dict[str, Any] = {
        "id": event_id or tokens.uuid7(),
        "kind": kind.value,
        "how": how,
        "session": session or tokens.uuid7(),
        "code": code,
        "registration": registration.id if registration else None,
        "target": target,
        "stated_at": stated_at,
    }
    return FormEvent(**about) if at is None else SentEvent(**about, at=at)


def undo(target: UUID, at: datetime | None = None) -> SentEvent:
    return scan(kind=ScanKind.UNDO, target=target, at=at)


async def take(
    door: Opened, *scans: SentEvent, session: UUID | None = None, offset: timedelta = NO_OFFSET
) -> list[str]:
    """The outcomes, in order."""
    return [one.outcome.value for one in await answers(door, *scans, session=session, offset=offset)]


async def answers(
    door: Opened, *scans: SentEvent, session: UUID | None = None, offset: timedelta = NO_OFFSET
) -> list[Answer]:
    """Taken no earlier than they were made, and after those that were taken before."""
    key = session or door.key
    events = [one.model_copy(update={"session": key}) for one in scans]
    made = [at for one in events if (at := one.at + offset) < clock.now() + timedelta(days=60)]
    before = await ScanEvent.all().order_by("-created_at").limit(1).values_list("created_at")
    with clock.frozen(max([clock.now(), *made, *(at for (at,) in before)])):
        return await actions.take(key, events, actor=PROGRAM, offset=offset)


async def stay(door: Opened, registration: Registration | None = None, session: UUID | None = None) -> Attendance:
    """The projection of one person's scans at one session."""
    return await Attendance.get(session_id=session or door.key, registration_id=(registration or door.ana).id)


async def flags(door: Opened) -> list[str]:
    """The flags of the session's events in the order they came."""
    rows = await ScanEvent.filter(session_id=door.key).order_by("created_at", "id").values_list("flag")
    return [flag.value for (flag,) in rows]


async def hours(registration: Registration) -> tuple[int, bool]:
    """Minutes that count, and whether the course is completed."""
    row = await Registration.get(id=registration.id)
    return row.minutes_attended, row.completed_at is not None
