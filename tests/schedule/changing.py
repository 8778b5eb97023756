"""A training whose sessions are about to change, and pages as a person reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP
from trainings.schedule.models import Training, TrainingSession

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MORNING = datetime.fromisoformat("2027-03-04T14:30:00+00:00")


async def a_training(cast: Cast, n_sessions: int = 1, **columns: object) -> Training:
    """On Thursday 4 March 2027 at 8:30, and on the next days."""
    days = [(MORNING + n * DAY, MORNING + n * DAY + 4 * HOUR) for n in range(n_sessions)]
    return await make.make_training(hub=cast.hub, venue=cast.venue, sessions=days, **columns)  # type: ignore[arg-type]


async def with_people(client: AsyncClient, cast: Cast, freeze: Freeze) -> Training:
    """One with Ana, who left her address, and Beto, who left none, nine days before, as the coordinator sees it."""
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, given_names="Beto")
    await as_(client, cast, "coordinator")
    return training


def first(training: Training) -> TrainingSession:
    return min(training.sessions, key=lambda session: session.starts_at)


async def shift(session_id: UUID, by: timedelta, venue_id: UUID | None = None) -> UUID | None:
    """Move a session, and tell it; returns the batch."""
    now = await TrainingSession.get(id=session_id)
    return await rescheduling.move(
        now.id, now.starts_at + by, now.ends_at + by, venue_id or now.venue_id, actor=PROGRAM
    )


async def text_of(client: AsyncClient, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200, path
    return response.text.replace(NBSP, " ")
