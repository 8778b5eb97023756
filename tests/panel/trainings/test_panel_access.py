"""The panel: who may open and change what."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import EVERYBODY, LIST, NEW, NOWHERE, as_, one, post
from trainings.schedule.models import Training, TrainingState

PAGES = ["/panel", "/panel/semana?desde=2027-03-04", LIST, "/panel/cursos"]


EDITOR_PAGES = [NEW]


@pytest.mark.parametrize("path", [*PAGES, *EDITOR_PAGES, "/panel/cursos/nuevo"])
async def test_visitors_are_led_to_sign_in(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/entrar")


@pytest.mark.parametrize("who", EVERYBODY)
async def test_pages_by_role(client: AsyncClient, cast: Cast, who: str) -> None:
    await as_(client, cast, who)

    seen = {path: (await client.get(path)).status_code for path in PAGES}
    edited = {path: (await client.get(path)).status_code for path in EDITOR_PAGES}
    course = await client.get("/panel/cursos/nuevo")

    assert seen == dict.fromkeys(PAGES, 200)
    assert edited == dict.fromkeys(EDITOR_PAGES, 200 if who in ("coordinator", "admin") else 403)
    assert course.status_code == (200 if who in ("coordinator", "admin", "platform") else 403)


@pytest.mark.parametrize("rest", ["", "/editar", "/duplicar", "/cancelar"])
async def test_training_of_another_hub_is_not_found(client: AsyncClient, cast: Cast, rest: str) -> None:
    training = await make.make_training(hub=cast.hub)

    await as_(client, cast, "coordinator_elsewhere")

    assert (await client.get(one(training, rest))).status_code == 404
    assert (await client.get(f"{LIST}/{NOWHERE}{rest}")).status_code == 404


@pytest.mark.parametrize("rest", ["/publicar", "/ocultar", "/reabrir", "/duplicar", "/cancelar", "/editar"])
async def test_nobody_but_who_leads_the_hub_changes_a_training(client: AsyncClient, cast: Cast, rest: str) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], state=TrainingState.DRAFT)
    form = {"reason": "x", "first_day": "2027-05-01"}

    seen = {}
    for who in ("facilitator", "assistant", "monitor", "platform", "coordinator_elsewhere"):
        seen[who] = (await post(await as_(client, cast, who), one(training, rest), form)).status_code

    assert seen == {"facilitator": 403, "assistant": 403, "monitor": 403, "platform": 403, "coordinator_elsewhere": 404}
    assert (await Training.get(id=training.id)).state is TrainingState.DRAFT


@pytest.mark.parametrize("rest", ["/mover", "/cancelar"])
async def test_nobody_but_who_leads_the_hub_changes_a_session(client: AsyncClient, cast: Cast, rest: str) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    path = f"/panel/sesiones/{training.sessions[0].id}{rest}"

    seen = {who: (await (await as_(client, cast, who)).get(path)).status_code for who in EVERYBODY}
    seen["coordinator_elsewhere"] = (await (await as_(client, cast, "coordinator_elsewhere")).get(path)).status_code

    assert seen == {
        "facilitator": 403,
        "assistant": 403,
        "coordinator": 200,
        "admin": 200,
        "monitor": 403,
        "platform": 403,
        "coordinator_elsewhere": 404,
    }


async def test_names_are_for_the_desk_and_who_holds_the_training(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.make_registration(
        training, given_names="María Elena", surnames="Caal Tzib", community="Las Pozas", phone="5555 1234"
    )

    pages = {who: (await (await as_(client, cast, who)).get(one(training))).text for who in EVERYBODY}

    assert {who for who, page in pages.items() if "María Elena C. T." in page} == {
        "facilitator", "assistant", "coordinator", "admin"
    }  # fmt: skip
    assert all("Las Pozas" in pages[who] for who in ("facilitator", "coordinator"))
    assert not any("Caal" in page or "5555" in page for page in pages.values())
