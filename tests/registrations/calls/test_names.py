"""What a list of calls about sessions is called."""

from __future__ import annotations

import re
from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.call_pages import INDEX, NewClient, at_desk, mark
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList
from trainings.places.models import Venue
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def move(session: TrainingSession, by: timedelta, venue: Venue | None = None) -> None:
    now = await TrainingSession.get(id=session.id)
    where = venue.id if venue else now.venue_id
    await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, where, actor=PROGRAM, override_reason="x")


async def name_of_newest(client: AsyncClient, person: Registration, freeze: Freeze) -> str:
    """What the newest list is called; half an hour later the person is reached."""
    newest = await CallList.filter(closed_at=None).order_by("-created_at").first()
    assert newest is not None
    page = (await client.get(f"{INDEX}/{newest.id}")).text
    freeze(clock.now() + HOUR / 2)
    await mark(client, newest, person)
    [name] = re.findall(r"<h1>(.+?):", page)
    return str(name)


async def test_list_of_changes_is_called_by_what_became_of_the_sessions(new_client: NewClient, freeze: Freeze) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    days = [(SATURDAY + n * DAY, SATURDAY + n * DAY + 4 * HOUR) for n in range(3)]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=days)
    person = await make.make_registration(training, phone="5555 1234")
    hall = await make.make_venue(cast.hub, "Salón nuevo")
    one, two, three = sorted(training.sessions, key=lambda session: session.starts_at)
    client = await at_desk(new_client, cast)
    acts = (
        ("Sesión cancelada", [rescheduling.cancel(one.id, actor=PROGRAM)]),
        ("Sesión que sí se realiza", [rescheduling.restore(one.id, actor=PROGRAM)]),
        ("Cambio de hora", [move(one, HOUR)]),
        ("Cambio de fecha", [move(three, DAY)]),
        ("Cambio de lugar", [move(two, 0 * DAY, hall)]),
        ("Cambio de fecha o lugar", [move(one, -HOUR, hall)]),
        ("Sesiones canceladas", [rescheduling.cancel(session.id, actor=PROGRAM) for session in (one, two)]),
        ("Varios cambios", [rescheduling.restore(two.id, actor=PROGRAM), move(three, DAY)]),
        ("Cancelación", [rescheduling.call_off(training.id, "Por la lluvia.", actor=PROGRAM)]),
        ("Sesiones que sí se realizan", [rescheduling.reopen(training.id, actor=PROGRAM)]),
    )

    for name, at_once in acts:
        for act in at_once:
            await act

        assert await name_of_newest(client, person, freeze) == name
