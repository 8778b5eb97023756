"""The number of places left is public: it is the true one, for whoever signs up."""

from __future__ import annotations

import re

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import ROSA, link_of
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.schedule.models import Training

CURIOUS = {"email": "curioso@correo.example"}
ANOTHER = {"given_names": "Ana", "surnames": "Pop", "phone": "+50244440000"}


async def sign_up(training: Training, **fields: str) -> Registration:
    return await make.make_registration(training, **(ROSA | fields), childcare_places=1)


async def shown(client: AsyncClient, training: Training) -> tuple[str, ...]:
    """What the training's page, the list, the municipality's page and the form say of its places."""
    own = f"/capacitaciones/{training.slug}"
    pages = [
        (await client.get(path)).text
        for path in (own, "/capacitaciones", "/municipios/la-libertad-peten", f"{own}/inscripcion")
    ]
    words = [" ".join(re.sub(r"<[^>]+>", " ", page).split()) for page in pages]
    left = re.findall(r"Quedan? \d+ de \d+ lugares|Lleno|quedan? \d+ lugar(?:es)?\. Pídalo", words[0])
    lists = (", ".join(re.findall(r"Quedan? \d+ de \d+ lugares|Lleno", page)) for page in words[1:3])
    return ", ".join(left), *lists, ", ".join(re.findall(r"Quedan? \d+ lugar(?:es)?|Lleno|ocupados", words[3]))


@pytest.mark.parametrize("person", [CURIOUS, ANOTHER])
async def test_look_alike_takes_a_place_like_anybody(client: AsyncClient, person: dict[str, str]) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=5)
    await sign_up(training)
    before = await shown(client, training)

    second = await sign_up(training, **person)
    after = await shown(client, training)
    await actions.cancel(second.id, actor=HOLDER_OF_LINK)

    assert before[0] == "Quedan 9 de 10 lugares, quedan 4 lugares. Pídalo"
    assert after == (
        "Quedan 8 de 10 lugares, quedan 3 lugares. Pídalo",
        *["Quedan 8 de 10 lugares"] * 2,
        "Quedan 8 lugares, Quedan 3 lugares",
    )
    assert await shown(client, training) == before


async def test_who_waits_only_for_childcare_is_told_so_in_the_numbers_that_everybody_sees(client: AsyncClient) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)
    await sign_up(training)
    await sign_up(training, **CURIOUS)
    alone = await make.make_registration(training, **(ROSA | ANOTHER), childcare_places=3)
    family = await make_family(training, "Elvira", "Beto", childcare_places=3)
    paths = [await link_of(alone), f"/i/{await group_token(family[0])}"]

    told = [(await client.get(path)).text for path in paths]
    await make.make_registration(training, given_names="Luz", childcare_places=1)
    with_none_left = (await client.get(paths[0])).text
    await make_family(training, *"ABCDEFG")
    without_seats = (await client.get(paths[0])).text

    assert "Lo que falta es cuidado infantil: pidió 3 y queda 1." in told[0]
    assert "Lo que falta es cuidado infantil: pidió 3 y queda 1." in told[1]
    assert "pidió 3 y quedan 0." in with_none_left
    assert "Lo que falta es" not in without_seats
