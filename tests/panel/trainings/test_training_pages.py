"""One training: its buttons, its sessions, its people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outbox.told import accept
from tests.registrations.card_world import make_block
from tests.schedule.panel import LIST, as_, one, post
from trainings import clock
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training, TrainingState


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (TrainingState.DRAFT, {"publicar", "ocultar", "borrar", "duplicar", "editar"}),
        (TrainingState.PUBLISHED, {"ocultar", "cancelar", "duplicar", "editar"}),
        (TrainingState.UNLISTED, {"publicar", "cancelar", "duplicar", "editar"}),
        (TrainingState.CANCELLED, {"reabrir", "duplicar"}),
    ],
)
async def test_buttons_are_those_that_will_work(
    client: AsyncClient, cast: Cast, state: TrainingState, buttons: set[str]
) -> None:
    training = await make.make_training(hub=cast.hub, state=state)
    await as_(client, cast, "coordinator")

    page = (await client.get(one(training))).text

    of_other_parts = {"inscribir", "importar", "diplomas", "convocatorias", "tarjetas", "difundir"}
    assert set(re.findall(rf'"{LIST}/{training.id}/([a-z]+)"', page)) - of_other_parts == buttons


async def test_session_of_another_year_is_told_with_its_year(
    client: AsyncClient, cast: Cast, freeze: Callable[[datetime], None]
) -> None:
    freeze(datetime(2026, 12, 7, 9, tzinfo=clock.GUATEMALA))
    days = [datetime(year, month, 31, 9, tzinfo=clock.GUATEMALA) for year, month in ((2026, 12), (2062, 1))]
    training = await make.make_training(hub=cast.hub, sessions=[(day, day + timedelta(hours=2)) for day in days])
    await as_(client, cast, "coordinator")

    page = (await client.get(one(training))).text

    assert "jueves 31 de diciembre, 9:00" in page
    assert "martes 31 de enero de 2062, 9:00" in page


async def test_publish_hide_and_publish_again(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    await as_(client, cast, "coordinator")

    states = []
    for button in ("publicar", "ocultar", "publicar"):
        answer = await post(client, one(training, f"/{button}"))
        states.append((answer.status_code, (await Training.get(id=training.id)).state.value))

    assert states == [(303, "published"), (303, "unlisted"), (303, "published")]
    page = (await client.get(one(training))).text
    assert f'href="/capacitaciones/{training.slug}"' in page
    assert f"localhost:8000/c/{training.short_code}" in page


async def test_publishing_says_that_who_facilitates_is_told_and_where_to_stop_it(
    client: AsyncClient, cast: Cast, freeze: Callable[[datetime], None]
) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, facilitators=[cast.facilitator])
    await as_(client, cast, "coordinator")

    done = await post(client, one(training, "/publicar"))
    page = (await client.get(done.headers["location"])).text
    freeze(clock.now() + STAFF_DELAY)

    assert "A quien facilita se le escribe a la" in page
    assert 'href="/panel/mensajes">Detener el aviso' in page
    assert "A quien facilita se le escribe" not in (await client.get(one(training))).text


async def test_publish_without_sessions_says_what_is_missing(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, sessions=[], state=TrainingState.DRAFT)
    await as_(client, cast, "coordinator")

    answer = await post(client, one(training, "/publicar"))

    assert answer.status_code == 409
    assert "Falta una sesión con fecha" in answer.text
    assert 'role="alert"' in answer.text


async def test_calling_off_says_who_is_told_and_can_be_stopped(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    for n in range(2):
        await make.make_registration(training, given_names=f"Ana {n}", email=f"ana{n}@correo.example")
    await make.make_registration(training, given_names="Sin correo")
    await as_(client, cast, "coordinator")

    asked = await client.get(one(training, "/cancelar"))
    refused = await post(client, one(training, "/cancelar"), {"reason": " "})
    done = await post(client, one(training, "/cancelar"), {"reason": "No hay paso por la lluvia."})
    page = (await client.get(done.headers["location"])).text

    assert "<strong>2 personas</strong> que dejaron su correo" in asked.text
    assert "10 minutos" in asked.text
    assert "A <strong>1 persona</strong> hay que llamarle" in asked.text
    assert refused.status_code == 422
    kept = await Training.get(id=training.id)
    assert (kept.state, kept.cancel_reason) == (TrainingState.CANCELLED, "No hay paso por la lluvia.")
    batch = (await OutboxJob.filter(kind="training_cancelled").first()).batch_id  # type: ignore[union-attr]  # there is one
    assert f'action="{one(training)}/cambios/{batch}/detener"' in page
    assert "Motivo: No hay paso por la lluvia." in (await client.get(one(training))).text


async def test_reopening_tells_people(client: AsyncClient, cast: Cast, freeze: Callable[[datetime], None]) -> None:
    training = await make.make_training(hub=cast.hub, sessions=[(make.tomorrow_at(8), make.tomorrow_at(12))])
    await make.make_registration(training, email="ana@correo.example")
    await as_(client, cast, "coordinator")
    await post(client, one(training, "/cancelar"), {"reason": "Lluvia"})
    freeze(clock.now() + STAFF_DELAY)
    await accept(await OutboxJob.get(kind="training_cancelled"))

    await post(client, one(training, "/reabrir"))

    assert (await Training.get(id=training.id)).state is TrainingState.PUBLISHED
    assert await OutboxJob.filter(kind="training_changed").count() == 1


async def test_move_in_a_draft_tells_nobody(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    await as_(client, cast, "coordinator")

    path = f"/panel/sesiones/{training.sessions[0].id}/mover"
    done = await post(client, path, {"day": "2027-05-03", "starts": "14:00", "ends": "16:00"})

    assert done.headers["location"] == one(training)
    assert await OutboxJob.all().count() == 0


async def test_held_people_are_answered_from_the_list(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, approval_required=True)
    other = await make.make_training(hub=cast.hub)
    ana = await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta")
    await as_(client, cast, "assistant")

    page = (await client.get(one(training))).text
    of_another = await post(client, one(other, f"/personas/{ana.id}/aceptar"))
    accepted = await post(client, one(training, f"/personas/{ana.id}/aceptar"))
    asked = await client.get(one(training, f"/personas/{berta.id}/cancelar"))
    cancelled = await post(client, one(training, f"/personas/{berta.id}/cancelar"))
    again = await post(client, one(training, f"/personas/{ana.id}/aceptar"))

    assert page.count("/aceptar") == 2
    assert [answer.status_code for answer in (of_another, accepted, asked, cancelled)] == [404, 303, 200, 303]
    assert "Berta C. T." in asked.text
    states = {one.id: one.state for one in await Registration.all()}
    assert states == {ana.id: RegistrationState.CONFIRMED, berta.id: RegistrationState.CANCELLED}
    assert again.status_code == 409


async def test_waiting_people_have_their_position(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=1)
    for name in ("Ana", "Berta", "Carla"):
        await make.make_registration(training, given_names=name)

    page = (await (await as_(client, cast, "coordinator")).get(one(training))).text

    order = re.findall(
        r">Caal Tzib, (Ana|Berta|Carla)</a>.*?class=\"state\">([^<]+)(?:<span class=\"num\">([^<]+)</span>)?",
        page,
        re.DOTALL,
    )
    assert [(name, position) for name, _state, position in order] == [
        ("Ana", ""),
        ("Berta", "n.º 1"),
        ("Carla", "n.º 2"),
    ]


async def test_page_tells_places_kept_with_cards(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await make_block(training, 3)
    await as_(client, cast, "coordinator")

    assert "3 apartados con tarjeta" in (await client.get(one(training))).text
