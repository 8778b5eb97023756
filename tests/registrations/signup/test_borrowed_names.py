"""A code that stands on a diploma or a list opens nobody: who signs up with it cannot write over that person's name."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.wishes import link_of, wish
from trainings.audit.actor import VISITOR
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def came_back() -> tuple[Registration, Registration]:
    """Rosa, and whoever signed up later with her name and the code of her ticket."""
    first = await make.make_registration(await make.make_training(), given_names="Rosa", surnames="Coc Xol")
    later = wish(given_names="Rosa", surnames="Coc Xol", earlier_code=first.short_code)
    done = await sign_up((await make.make_training()).id, later, actor=VISITOR)
    second = await Registration.get(id=done.registration_id)
    assert second.participant_id == first.participant_id
    return first, second


async def rename(client: AsyncClient, registration: Registration, given_names: str, surnames: str) -> tuple[int, str]:
    typed = urlencode({"given_names": given_names, "surnames": surnames})
    answer = await client.post(f"{await link_of(registration)}/nombre", content=typed, headers=FORM)
    return answer.status_code, answer.text


async def name_of(registration: Registration) -> str:
    return (await Participant.get(id=registration.participant_id)).full_name


async def test_link_of_who_came_back_cannot_give_the_person_another_name(client: AsyncClient) -> None:
    first, second = await came_back()

    status, page = await rename(client, second, "Burro", "Grande")

    assert status == 409
    assert "Llame a la ventanilla" in page
    assert 'value="Burro"' in page
    assert await name_of(first) == "Rosa Coc Xol"


@pytest.mark.both_engines
async def test_link_of_who_came_back_may_correct_how_the_name_is_spelt(client: AsyncClient) -> None:
    first, second = await came_back()

    for spelling in (("Rósa", "Cóc Xól"), ("ROSA", "Coc Xol"), ("Rosa", "Coc Xol’")):
        status, _page = await rename(client, second, *spelling)

        assert status == 303
        assert await name_of(first) == " ".join(spelling)


async def test_first_link_of_a_person_corrects_the_name_everywhere(client: AsyncClient) -> None:
    first, second = await came_back()

    status, _page = await rename(client, first, "Rosalía", "Coc Xol")

    assert status == 303
    assert await name_of(second) == "Rosalía Coc Xol"
