"""The day before, who answers for an activity is told where, what to bring and what to do if it rains."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outreach.make_activity import plan_of
from trainings import jobs
from trainings.accounts.models import User
from trainings.audit.actor import PROGRAM
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.outreach.actions import TimeAndPlace, cancel_activity, create_activity, publish_activity
from trainings.outreach.models import OutreachActivity
from trainings.places.models import Hub
from trainings.registrations.telling.eve_notes import ACTIVITY_EVE as EVE
from trainings.registrations.telling.eve_notes import write_activity_eves
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
SATURDAY = datetime.fromisoformat("2027-03-06T14:30:00+00:00")
FRIDAY_AT_FOUR = datetime.fromisoformat("2027-03-05T22:00:00+00:00")
HOUR = timedelta(hours=1)


async def an_activity(hub: Hub, responsible: User) -> OutreachActivity:
    """A fair on Saturday from 8:30 to 12:30 in the park."""
    when = TimeAndPlace(SATURDAY, SATURDAY + 4 * HOUR, hub.seat_id, None, "Parque central")
    plan = await plan_of(
        hub, when=when, responsible=responsible, materials="Mesa\n\nVolantes", rain_plan="En el salón municipal"
    )
    made = await create_activity(plan, actor=PROGRAM)
    return await publish_activity(made.id, actor=PROGRAM)


async def mail() -> Mail | None:
    job = await OutboxJob.filter(kind=EVE).order_by("-id").first()
    assert job is not None
    return await jobs.COMPOSERS[EVE](job)


async def test_who_answers_for_an_activity_is_told_the_day_before_at_four(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY_AT_FOUR - 7 * 24 * HOUR)
    cast = await make_cast()
    activity = await an_activity(cast.hub, cast.coordinator)
    written = []

    for moment in (FRIDAY_AT_FOUR - HOUR, FRIDAY_AT_FOUR, FRIDAY_AT_FOUR + HOUR, SATURDAY - HOUR, SATURDAY + HOUR):
        freeze(moment)
        written.append(await write_activity_eves())
    freeze(FRIDAY_AT_FOUR)
    told = await mail()

    assert written == [0, 1, 0, 0, 0]
    assert told is not None
    assert told.to == cast.coordinator.email
    assert told.subject == "Su actividad: sábado 6 de marzo, 8:30 a. m."
    for words in (
        "Lugar: Parque central, La Libertad, Petén",
        "Hora: de 8:30 a. m. a 12:30 p. m.",
        "Si llueve: En el salón municipal",
        *("Mesa", "Volantes", "Preparar este teléfono"),
        f"http://localhost:8000/panel/actividades/{activity.id}/conteo",
    ):
        assert words in told.text, words
    assert activity.title not in told.subject + told.text + told.html


async def test_note_is_overtaken_by_the_cancellation_and_is_for_who_answers_now(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY_AT_FOUR - 7 * 24 * HOUR)
    cast = await make_cast()
    activity = await an_activity(cast.hub, cast.coordinator)
    freeze(FRIDAY_AT_FOUR)
    await write_activity_eves()

    await OutreachActivity.filter(id=activity.id).update(responsible_id=cast.facilitator.id)
    of_another = await mail()
    n_again = await write_activity_eves()
    await cancel_activity(activity.id, "Lluvia.", actor=PROGRAM)
    cancelled = await mail()
    await User.filter(id=cast.facilitator.id).update(wants_digest=False)

    assert of_another is None
    assert n_again == 1
    assert cancelled is not None
    assert cancelled.to == cast.facilitator.email
    assert cancelled.is_overtaken
    assert await mail() is None


async def test_queue_names_the_note_its_reader_and_the_activity(client: AsyncClient, freeze: Freeze) -> None:
    freeze(FRIDAY_AT_FOUR)
    cast = await make_cast()
    activity = await an_activity(cast.hub, cast.coordinator)
    await write_activity_eves()
    await make.sign_in(client, cast.coordinator)

    page = (await client.get("/panel/mensajes")).text

    assert "Para la actividad de mañana" in page
    assert "Rosa Xol, responde por la actividad" in page
    assert activity.title in page
