"""Messages to who holds a session: named as such in the queue, and counted apart from the people of the training."""

from __future__ import annotations

import re
from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.told import FRIDAY, SATURDAY, Freeze, a_training
from trainings.accounts.models import Role, RoleGrant
from trainings.attendance.sessions import rescheduling
from trainings.outbox.models import OutboxJob
from trainings.registrations.telling.eve_notes import write_eve_notes
from trainings.schedule.models import SessionFacilitator

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


async def test_people_and_who_facilitates_are_counted_apart_and_named_in_the_queue(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(FRIDAY)
    cast = await make_cast()
    gone = await make.make_user(Role.FACILITATOR, cast.hub, email="gone@x.example")
    people = [cast.facilitator, cast.coordinator, gone]
    training = await a_training(2, hub=cast.hub, venue=cast.venue, facilitators=people)
    await RoleGrant.filter(user_id=gone.id).delete()
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, given_names="Beto", email="beto@x.example")
    session = min(training.sessions, key=lambda one: one.starts_at)
    await make.sign_in(client, cast.coordinator)

    before = [
        words_of((await client.get(path)).text)
        for path in (
            f"/panel/sesiones/{session.id}/mover",
            f"/panel/sesiones/{session.id}/cancelar",
            f"/panel/capacitaciones/{training.id}/cancelar",
        )
    ]
    await SessionFacilitator.filter(user_id=gone.id).delete()
    actor = await make.actor_of(cast.coordinator)
    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, session.venue_id, actor=actor)
    after = words_of((await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text)
    queue = words_of((await client.get("/panel/mensajes")).text)

    for page in before:
        assert "Se les escribe a 2 personas que dejaron su correo." in page
        assert "Aparte se le escribe a 1 persona que facilita." in page
    assert "Se les avisa por correo a 2 personas a las" in after
    assert "A quien facilita, también por correo, a las" in after
    assert "a 2 personas · a 1 que facilita · sale en 10 minutos" in queue
    assert f"Cambio, a quien facilita Ana Coc, facilita {training.title} Sale a su hora" in queue


async def test_facilitator_alone_is_told_of_a_training_without_people(client: AsyncClient, freeze: Freeze) -> None:
    freeze(FRIDAY)
    cast = await make_cast()
    training = await a_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    [session] = training.sessions
    await make.sign_in(client, cast.coordinator)

    before = words_of((await client.get(f"/panel/sesiones/{session.id}/mover")).text)
    actor = await make.actor_of(cast.coordinator)
    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, session.venue_id, actor=actor)
    after = words_of((await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text)

    assert "Nadie está en la lista. Aparte se le escribe a 1 persona que facilita." in before
    assert "A quien facilita, también por correo, a las" in after
    assert "Nadie dejó su correo" not in after


async def test_note_for_tomorrow_says_to_whom_it_goes_and_about_what(client: AsyncClient, freeze: Freeze) -> None:
    freeze(FRIDAY + 8 * HOUR)
    cast = await make_cast()
    training = await a_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    await write_eve_notes()
    job = await OutboxJob.get(kind="facilitator_eve")
    await make.sign_in(client, cast.coordinator)

    listed = words_of((await client.get("/panel/mensajes")).text)
    opened = words_of((await client.get(f"/panel/mensajes/{job.id}")).text)

    assert f"Para la sesión de mañana Ana Coc, facilita {training.title}" in listed
    assert "Ana Coc, facilita" in opened
    assert cast.facilitator.email not in listed
