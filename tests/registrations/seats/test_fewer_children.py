"""Fewer children come than childcare was asked for: the places go to others, and who waited for them may get in."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.seats.actions import fewer_places
from trainings.registrations.telling import changes
from trainings.settings import Settings


async def test_place_that_nobody_needs_goes_to_the_family_that_waits_for_it(client: AsyncClient, db: Settings) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)
    [ana, _beto] = await make_family(training, "Ana", "Beto", childcare_places=3)
    waits = await make.make_registration(training, given_names="Luz", childcare_places=1)
    base = f"/i/{await group_token(ana)}"

    page = Page((await client.get(base)).text)
    answer = await client.post(f"{base}/cuidado", data={"childcare_places": "2"})
    more = await client.post(f"{base}/cuidado", data={"childcare_places": "3"})

    assert [one["value"] for one in page.all("option")] == ["2", "1", "0"]
    assert (answer.status_code, answer.headers["location"]) == (303, base)
    assert more.status_code == 303
    assert (await RegistrationGroup.get(id=ana.group_id)).childcare_places == 2
    assert await state_of(waits) == "confirmed"
    assert await places_of(training) == (3, 3)
    assert (await AuditLine.get(act="registrations.fewer_childcare")).detail == {"places": 2}


async def test_who_waits_for_childcare_alone_gets_in_with_fewer(client: AsyncClient) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)
    await make.make_registration(training, given_names="Ana", childcare_places=2)
    waits = await make.make_registration(training, given_names="Luz", childcare_places=2)
    base = await link_of(waits)

    page = (await client.get(base)).text
    await client.post(f"{base}/cuidado", data={"childcare_places": "1"})

    assert "Si puede venir con menos, dígalo abajo: no pierde su lugar en la lista." in page
    assert "Listo, ya tiene su lugar" in (await client.get(base)).text
    assert await places_of(training) == (2, 3)


NO_NUMBERS: list[str] = ["", "x", "-1", "9"]


async def test_what_is_no_number_of_children_changes_nothing(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)
    ana = await make.make_registration(training, childcare_places=2)

    for typed in NO_NUMBERS:
        answer = await client.post(f"{await link_of(ana)}/cuidado", data={"childcare_places": typed})

        assert answer.status_code == 422, typed
        assert await places_of(training) == (1, 2), typed


async def test_one_of_a_family_does_not_change_it_for_all_nor_anybody_what_is_called_off(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)
    ana, beto = await make_family(training, "Ana", "Beto", childcare_places=2)
    alone = await link_of(beto)
    claimed = (await client.post(f"{alone}/mio", data={})).headers["location"]

    answer = await client.post(f"{claimed}/cuidado", data={"childcare_places": "0"})
    await changes.call_off_training(training.id, "Llovió", actor=PROGRAM)

    assert answer.status_code == 409
    with pytest.raises(CannotChange):
        await fewer_places(ana.group_id, 0, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (2, 2)
