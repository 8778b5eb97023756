"""Hours on the own page and for staff: what is still to be done, and where else; nothing of protected places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.certificates.held import BEFORE, HELD, make_attendee, make_held, meetings
from trainings import clock
from trainings.certificates.outlooks import MakeUp, Standing
from trainings.registrations.models import OwnLink, Registration
from trainings.schedule.completion import Progress
from trainings.schedule.models import PlaceShown, Training, TrainingState

Freeze = Callable[[datetime], None]


async def elsewhere(training: Training, days: int, **columns: object) -> Training:
    """The same course at another hub, so many days later."""
    hub = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    with clock.frozen(BEFORE):
        return await make.make_training(
            hub=hub,
            course=await training.course,
            sessions=meetings(4, start=HELD + timedelta(days=days)),
            **columns,  # type: ignore[arg-type]
        )


async def own_page(client: AsyncClient, registration: Registration) -> str:
    link = await OwnLink.get(registration_id=registration.id)
    return (await client.get(f"/i/{link.token}")).text.replace("\xa0", " ")


async def test_first_of_two_came_then_the_second_is_enough_and_nothing_is_offered_elsewhere(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    await elsewhere(training, 20)
    ana = await make_attendee(training, sessions=[training.sessions[0]])
    freeze(HELD + timedelta(hours=6))

    page = await own_page(client, ana)

    assert "4 de 8 horas; falta 1 sesión, el viernes 5 de marzo, 8:30 a. m." in page
    assert "Tacaná" not in page


async def test_first_was_missed_then_out_of_reach_here_and_where_to_make_up(
    client: AsyncClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, 4)
    open_one = await elsewhere(training, 20, title="Riesgos en Tacaná")
    hidden = await elsewhere(training, 21, place_shown=PlaceShown.AFTER_CONFIRMATION, title="Protegida")
    draft = await elsewhere(training, 22, state=TrainingState.DRAFT, title="Borrador")
    others = await elsewhere(training, 23, audience=["radio"], title="Radios")
    with clock.frozen(BEFORE):
        ana = await make.make_registration(training, given_names="Ana")
    freeze(HELD + timedelta(hours=6))

    page = await own_page(client, ana)
    await make.sign_in(client, cast.assistant)
    staff = (await client.get(f"/panel/inscripciones/{ana.id}")).text.replace("\xa0", " ")

    for text in (page, staff):
        assert "0 de 8 horas; falta 1 sesión, puede reponerla en Tacaná, San Marcos." in text
        assert f"/capacitaciones/{open_one.slug}" in text
        assert "miércoles 24 de marzo, 8:30 a. m., Tacaná, San Marcos" in text
        assert f"/capacitaciones/{hidden.slug}" in text, "that it is held is public"
        assert "Salón" not in text.split("Otras fechas")[1].split("</ul>")[0], "where it is held is not"
        assert draft.slug not in text
        assert others.slug not in text


async def test_nothing_held_yet_then_nothing_is_said_of_hours(client: AsyncClient, freeze: Freeze) -> None:
    training = await make_held(4, 4)
    with clock.frozen(BEFORE):
        ana = await make.make_registration(training)
    freeze(HELD - timedelta(hours=1))

    assert "Sus horas" not in await own_page(client, ana)


@pytest.mark.parametrize(
    ("attended", "missed", "mark", "sentence"),
    [
        (420, (60,), None, "7 de 8 horas; falta 1 sesión, puede reponerla en Melchor de Mencos, Petén."),
        (120, (240, 60, 60), None, "2 de 8 horas; faltan 3 sesiones, puede reponerlas en Melchor de Mencos, Petén."),
        (480, (), None, "8 de 8 horas; ya cumple, falta la nota de la evaluación."),
        (480, (), 59, "8 de 8 horas; ya cumple, pero sacó 59 puntos y se aprueba con 60."),
        (480, (), 60, "8 de 8 horas; ya cumple, y aprobó con 60 puntos."),
    ],
)
def test_why_then_hours_what_is_lacking_and_where_it_can_be_made_up(
    attended: int, missed: tuple[int, ...], mark: int | None, sentence: str
) -> None:
    where = MakeUp("otra", "Otra", "Melchor de Mencos, Petén", HELD)
    progress = Progress(attended, 480, 100, missed=missed)

    assert Standing(progress, [where], 60, mark).sentence == sentence


def test_hours_made_up_then_told_apart() -> None:
    progress = Progress(480, 480, 80)

    assert Standing(progress, made_up=120).sentence == "8 de 8 horas, 2 horas en otra fecha; ya cumple."
