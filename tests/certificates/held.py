"""Trainings that were held, and who came: made in the past, through the same actions as at the door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests import make
from tests.certificates.sheets import said
from trainings import clock
from trainings.attendance import actions as attendance
from trainings.attendance.events import EventKind, FormEvent, SentEvent
from trainings.attendance.models import ScanEvent, ScanHow
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, JobPurpose
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession

HELD = datetime(2027, 3, 4, 14, 30, tzinfo=UTC)
"""Thursday 4 March 2027, 8:30 in Guatemala."""
AFTER = HELD + timedelta(days=10)
BEFORE = HELD - timedelta(days=7)
WITH = ("sessions", "hub__seat", "hub__operator__municipality", "hub__operator__signatories")
"""What is loaded of a training whose people are told how far they are."""


def meetings(*hours: float, start: datetime = HELD) -> list[tuple[datetime, datetime]]:
    """One session a day, so long each."""
    return [(start + timedelta(days=day), start + timedelta(days=day, hours=long)) for day, long in enumerate(hours)]


async def make_held(*hours: float, start: datetime = HELD, **options: Any) -> Training:
    """A training of sessions on days in a row from `start`, 4 hours unless told otherwise, published a week before."""
    with clock.frozen(BEFORE):
        return await make.make_training(sessions=meetings(*(hours or (4,)), start=start), **options)


@make.kept
async def make_attendee(
    training: Training, *, sessions: Sequence[TrainingSession] | None = None, left_after: float = 0, **person: Any
) -> Registration:
    """Somebody who signed up and came to these sessions (to all), leaving the last one after so many hours."""
    came_to = list(training.sessions) if sessions is None else list(sessions)
    with clock.frozen(BEFORE):
        registration = await make.make_registration(training, **person)
    for session in came_to:
        await come(session, registration)
    if left_after:
        at = came_to[-1].starts_at + timedelta(hours=left_after)
        with clock.frozen(at):
            await leave(came_to[-1], registration, at)
    return registration


async def come(session: TrainingSession, *people: Registration) -> None:
    """They arrive when the session begins."""
    with clock.frozen(session.starts_at):
        marks = [mark(session, EventKind.IN, registration=one.id) for one in people]
        await attendance.take(session.id, marks, actor=PROGRAM)


async def leave(session: TrainingSession, registration: Registration, at: datetime) -> None:
    """Somebody marks now that they left then."""
    left = mark(session, EventKind.OUT, registration=registration.id, at=at)
    await attendance.take(session.id, [left], actor=PROGRAM)


async def take_back(session: TrainingSession, event: ScanEvent) -> None:
    await attendance.take(session.id, [mark(session, EventKind.UNDO, target=event.id)], actor=PROGRAM)


def mark(session: TrainingSession, kind: EventKind, **about: Any) -> SentEvent:
    """One in the panel's list, now unless it says when."""
    made = SentEvent if "at" in about else FormEvent
    return made(id=tokens.uuid7(), kind=kind, how=ScanHow.LIST, session=session.id, **about)


async def issue_all(training: Training) -> list[Certificate]:
    """The new papers of one press for everybody, by folio."""
    before = [key for (key,) in await Certificate.filter(registration__training_id=training.id).values_list("id")]
    await bulk.start(training.id, JobPurpose.ISSUE, actor=PROGRAM)
    issued = Certificate.filter(registration__training_id=training.id).exclude(id__in=before)
    return await issued.order_by("year", "number")


async def printed(certificate: Certificate) -> tuple[str, str]:
    """The words of the face and of the back."""
    face, back, *_more = said((await file_of(certificate)).content)
    return face, back


@make.kept
async def a_diploma(training: Training | None = None, **person: Any) -> Certificate:
    """The diploma of somebody who came to all of a training."""
    attendee = await make_attendee(training or await make_held(), **person)
    return await issue(attendee.id, CertificateKind.DIPLOMA, actor=PROGRAM)
