"""Who cancelled comes back at the desk: staff are bound by the training's state and places, not by whose link it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of, places_of, waiting
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.lib import tokens
from trainings.registrations.links import claim_link
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.seats import actions
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]


def path_of(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


async def family_of_one_who_left(
    new_client: NewClient, *, capacity: int, children: tuple[str, ...] = (), **training: Any
) -> tuple[AsyncClient, Training, list[Registration]]:
    """Somebody of the desk; Ana with Beto (and children), of whom the last one cancelled and Cruz has the place."""
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, cast.assistant)
    made = await make.make_training(hub=cast.hub, capacity=capacity, admits_minors=True, **training)
    family = await make_family(made, "Ana", "Beto", children=children)
    await actions.cancel(family[-1].id, actor=HOLDER_OF_LINK)
    await make.make_registration(made, given_names="Cruz")
    return client, made, family


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_one_comes_back_to_the_family_where_a_place_is_free(new_client: NewClient, *, is_claimed: bool) -> None:
    client, training, [ana, beto] = await family_of_one_who_left(new_client, capacity=3)
    if is_claimed:
        await claim_link((await link_of(beto)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)
    link = await link_of(beto)

    answer = await client.post(f"{path_of(beto)}/volver")

    again = await Registration.get(id=beto.id)
    assert answer.headers["location"] == path_of(beto)
    assert (again.state, again.group_id) == ("confirmed", ana.group_id)
    assert await places_of(training) == (3, 0)
    assert await link_of(beto) == link


async def test_one_without_a_place_waits_apart_and_the_link_that_the_family_knows_is_void(
    new_client: NewClient,
) -> None:
    client, training, [ana, beto] = await family_of_one_who_left(new_client, capacity=2)
    known = await link_of(beto)

    answer = await client.post(f"{path_of(beto)}/volver")

    again = await Registration.get(id=beto.id).prefetch_related("group")
    assert (answer.status_code, answer.headers["location"]) == (303, path_of(beto))
    assert (again.state, again.group.n_people) == ("waitlisted", 1)
    assert again.group_id != ana.group_id
    assert await waiting(training) == [again.group.wait_number]
    page = Page((await client.get(path_of(beto))).text)
    assert "Lugar 1 en la lista de espera." in page.text
    assert "El enlace de antes ya no abre nada: dele uno nuevo aquí." in page.text
    telephone = new_client()
    assert (await telephone.get(known)).status_code == 404
    assert (await telephone.get(await link_of(beto))).status_code == 200
    assert "Beto" not in (await telephone.get(f"/i/{await group_token(ana)}")).text
    assert await OwnLink.filter(registration_id=beto.id, revoked_at=None).count() == 1


async def test_one_who_made_the_link_their_own_keeps_it_while_waiting_apart(new_client: NewClient) -> None:
    client, _training, [_ana, beto] = await family_of_one_who_left(new_client, capacity=2)
    await claim_link((await link_of(beto)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)
    own = await link_of(beto)

    await client.post(f"{path_of(beto)}/volver")

    assert await link_of(beto) == own
    assert "dele uno nuevo aquí" not in (await client.get(path_of(beto))).text


async def test_one_without_place_or_list_is_refused_and_keeps_the_link(new_client: NewClient) -> None:
    client, training, [_ana, beto] = await family_of_one_who_left(new_client, capacity=2, has_waiting_list=False)
    link = await link_of(beto)

    answer = await client.post(f"{path_of(beto)}/volver")

    assert answer.status_code == 409
    assert "Ya no quedan lugares y no hay lista de espera." in answer.text
    assert (await Registration.get(id=beto.id)).state == "cancelled"
    assert await link_of(beto) == link
    assert await places_of(training) == (2, 0)


async def test_minor_goes_nowhere_without_the_family(new_client: NewClient) -> None:
    client, _training, family = await family_of_one_who_left(new_client, capacity=3, children=("Luz",))
    luz = family[-1]

    answer = await client.post(f"{path_of(luz)}/volver")

    assert answer.status_code == 409
    assert "Ahora no queda lugar para esta persona junto con las demás." in answer.text
    again = await Registration.get(id=luz.id)
    assert (again.state, again.group_id) == ("cancelled", family[0].group_id)
