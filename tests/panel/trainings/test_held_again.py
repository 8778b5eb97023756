"""What everybody is told of a session that was called off and is held after all."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training, first, text_of
from tests.schedule.panel import as_, one
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM

HELD = "Se había cancelado, pero sí se realiza."


async def test_held_after_all_is_said_for_a_week_once_people_were_told_that_it_was_off(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    await make.make_registration(training)
    session, other = first(training), max(training.sessions, key=lambda session: session.starts_at)
    pages = [f"/capacitaciones/{training.slug}", "/capacitaciones", "/calendario?mes=2027-03"]
    await rescheduling.cancel(session.id, actor=PROGRAM)
    freeze(clock.now() + HOUR)

    await rescheduling.restore(session.id, actor=PROGRAM)
    await rescheduling.cancel(other.id, actor=PROGRAM)
    await rescheduling.restore(other.id, actor=PROGRAM)

    shown = [await text_of(client, page) for page in pages]
    assert [page.count(HELD) for page in shown] == [1, 1, 1], "of the other nobody heard that it was off"
    await as_(client, cast, "coordinator")
    panel = await text_of(client, one(training, "/cambios"))
    assert "SÍ SE REALIZA" in panel
    assert panel.count('/cambio.png">') == 1
    assert (await client.get(f"/panel/sesiones/{session.id}/cambio.png")).status_code == 200
    freeze(clock.now() + HOUR)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    assert "Se canceló: era el jueves 4 de marzo, 8:30 a. m." in await text_of(client, pages[0])
    freeze(clock.now() + 7 * DAY)
    assert HELD not in await text_of(client, pages[0])
