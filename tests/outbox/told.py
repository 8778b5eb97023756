"""Messages about sign-ups, made and read as their readers do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from tests import make
from trainings import clock, jobs
from trainings.db import transaction
from trainings.outbox.mailer import Mail, build
from trainings.outbox.models import OutboxJob, Outcome
from trainings.registrations.messages import announce
from trainings.registrations.models import OwnLink, Registration, RegistrationState
from trainings.schedule.changes import standing
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.snapshots import keep_facts, last_number
from trainings.settings import get_settings

SATURDAY = datetime.fromisoformat("2027-03-06T14:30:00+00:00")
FRIDAY = SATURDAY - timedelta(days=1)
FOUR_HOURS = timedelta(hours=4)

Freeze = Callable[[datetime], None]


async def a_training(n_sessions: int = 1, **columns: Any) -> Training:
    """On Saturday morning, and on the following Saturdays."""
    starts = [SATURDAY + timedelta(weeks=n) for n in range(n_sessions)]
    return await make.make_training(sessions=[(one, one + FOUR_HOURS) for one in starts], **columns)


async def last_job(kind: str) -> OutboxJob:
    job = await OutboxJob.filter(kind=kind).order_by("-id").first()
    assert job
    return job


async def last_mail(kind: str) -> Mail:
    job = await last_job(kind)
    mail = await jobs.COMPOSERS[kind](job)
    assert mail
    return mail


async def end_later_than_known(training_id: UUID) -> None:
    """Each session was to end an hour earlier, as far as people know."""
    before = await standing(training_id)
    for session in before.sessions.values():
        session.ends_at -= timedelta(hours=1)
    await keep_facts(before)


async def tell(registration: Registration, kind: str) -> Mail:
    """Announce and compose at once."""
    await announced(registration, kind)
    return await last_mail(kind)


async def announced(registration: Registration, kind: str) -> None:
    await registration.fetch_related("participant", "training")
    async with transaction():
        if kind == "training_changed" and await last_number(registration.training_id) is None:
            await end_later_than_known(registration.training_id)
        await announce(registration, registration.participant, registration.training, kind)


async def accept(job: OutboxJob) -> Mail:
    """The mail server takes this message."""
    mail = await jobs.COMPOSERS[job.kind](job)
    assert mail
    assert mail.on_sent
    await mail.on_sent()
    await OutboxJob.filter(id=job.id).update(attempts=1, done_at=clock.now(), outcome=Outcome.SENT)
    return mail


async def change(registration: Registration, state: RegistrationState) -> None:
    registration.state = state
    if state is RegistrationState.CANCELLED:
        registration.cancelled_at = clock.now()
    await registration.save(update_fields=["state", "cancelled_at"])


async def call_off(registration: Registration) -> None:
    await Training.filter(id=registration.training_id).update(state=TrainingState.CANCELLED)


async def cancel(registration: Registration) -> None:
    await change(registration, RegistrationState.CANCELLED)


async def put_on_waiting_list(registration: Registration) -> None:
    await change(registration, RegistrationState.WAITLISTED)


async def token_of(registration: Registration) -> str:
    token = (await OwnLink.get(registration_id=registration.id, revoked_at=None)).token
    assert token
    return token


def received(mail: Mail) -> EmailMessage:
    """The message as a reader gets it."""
    sent = build(mail, sender=get_settings().mail_from, message_id="1@v.example", date=clock.now())
    message = message_from_bytes(sent, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def everything(mail: Mail) -> str:
    """All that is readable in a message, decoded."""
    parts = [part for part in received(mail).walk() if not part.is_multipart()]
    bodies = [part.get_payload(decode=True).decode() for part in parts]  # type: ignore[union-attr]
    return "\n".join([*(f"{name}: {value}" for name, value in received(mail).items()), *bodies]).replace("\r\n ", "")
