"""What tests of reminders share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from tests import make
from trainings import clock
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.registrations.telling.mails import COMPOSERS
from trainings.schedule.models import Training

SATURDAY = date(2027, 3, 6)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.at(day, time(hour, minute))


def days_before(n: int, hour: int = 9, minute: int = 0) -> datetime:
    """So many days before the Saturday of the session."""
    return at(SATURDAY - timedelta(days=n), hour, minute)


async def a_training(*days: date, **columns: object) -> Training:
    """Sessions from 8:30 to 12:30 on these days, on Saturday unless told otherwise."""
    sessions = [(at(day, 8, 30), at(day, 12, 30)) for day in days or (SATURDAY,)]
    return await make.make_training(sessions=sessions, **columns)  # type: ignore[arg-type]  # a test's own columns


async def reminders() -> Sequence[OutboxJob]:
    return await OutboxJob.filter(kind="session_reminder").order_by("id")


async def reminded_days() -> list[tuple[str, int]]:
    """For which day, and how many days before, each reminder was written."""
    return [(job.payload["on"], int(job.dedup.rsplit(":", 1)[1])) for job in await reminders()]


async def last_reminder() -> Mail:
    job = (await reminders())[-1]
    mail = await COMPOSERS[job.kind](job)
    assert mail
    return mail
