"""A training that gives time to say yes, with somebody who has to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests import make
from tests.cast import make_cast
from trainings.audit.actor import HOLDER_OF_LINK, Actor
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]
DAY = timedelta(hours=24)
SATURDAY = datetime.fromisoformat("2027-03-06T14:30:00+00:00")
MONDAY = SATURDAY - timedelta(days=5)


async def a_training(**columns: Any) -> Training:
    """On Saturday morning; who moves up has 24 hours to say yes."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    return await make.make_training(sessions=sessions, **({"capacity": 1, "offer_hours": 24} | columns))


async def one_offered(*, capacity: int = 1, **columns: Any) -> tuple[Training, list[Registration]]:
    """Ana gave her place back: it is kept for Berta. Cruz waits behind her."""
    training = await a_training(capacity=capacity, **columns)
    names = ("Ana", "Berta", "Cruz")
    people = [await make.make_registration(training, given_names=name, email=f"{name}@x.example") for name in names]
    await actions.cancel(people[0].id, actor=HOLDER_OF_LINK)
    await OutboxJob.all().delete()
    return training, people


async def staff() -> Actor:
    return await make.actor_of((await make_cast()).assistant)


async def told() -> list[tuple[str, object]]:
    return await OutboxJob.all().order_by("id").values_list("kind", "subject_id")


async def acts() -> list[str]:
    lines = await AuditLine.filter(act__startswith="registrations.").order_by("id").values_list("act")
    return [act.removeprefix("registrations.") for (act,) in lines]
