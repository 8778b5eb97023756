from __future__ import annotations

from datetime import time, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings


async def test_moving_what_another_person_moved_meanwhile_shows_that_first(client: AsyncClient, db: Settings) -> None:
    cast = await make_cast()
    day = clock.today() + timedelta(days=20)
    starts_at, ends_at = (clock.at(day, time(hour)) for hour in (8, 12))
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[(starts_at, ends_at)])
    [session] = training.sessions
    path = f"/panel/sesiones/{session.id}/mover"
    await as_(client, cast, "coordinator")
    shown = Page((await client.get(path)).text).one("input", name="known_as")["value"]
    form = {"day": day.isoformat(), "starts": "08:00", "ends": "12:30", "known_as": str(shown)}
    later = timedelta(days=2)
    await rescheduling.move(session.id, starts_at + later, ends_at + later, None, actor=PROGRAM)

    refused = await post(client, path, form)
    untouched = await TrainingSession.get(id=session.id)
    again = form | {"known_as": str(Page(refused.text).one("input", name="known_as")["value"])}
    done = await post(client, path, again)

    assert refused.status_code == 409
    assert "Otra persona cambió esta sesión mientras usted escribía" in refused.text
    assert Page(refused.text).one("input", name="ends")["value"] == "12:30"
    assert untouched.starts_at == starts_at + later
    assert done.status_code == 303
    assert (await TrainingSession.get(id=session.id)).starts_at == starts_at


async def test_moving_to_where_it_is_says_that_nothing_changed(client: AsyncClient, db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    [session] = training.sessions
    path = f"/panel/sesiones/{session.id}/mover"
    await as_(client, cast, "coordinator")
    page = Page((await client.get(path)).text)
    form = {name: str(page.one("input", name=name)["value"]) for name in ("day", "starts", "ends", "known_as")}

    sent = await post(client, path, form)
    answer = (await client.get(sent.headers["location"])).text

    assert "Nada cambió: la sesión sigue el mismo día" in answer
    assert "la sesión cambió." not in answer
