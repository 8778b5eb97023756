"""What the page says of leaving: why others took somebody off, who may have left no address, and what is lost by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family
from tests.registrations.waiting_world import MONDAY, Freeze, one_offered, staff
from tests.registrations.wishes import link_of
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.own import group_actions
from trainings.registrations.seats import actions
from trainings.registrations.seats.waiting import close_waiting_list, expire_offers

CLOSED = "Se cerró la lista de espera de esta fecha"
EXPIRED = "no supimos si venía"
REJECTED = "para esta fecha no pudo aceptarla"
OWN_WISH = "Ya no se cuenta con usted ese día."


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def shown(client: AsyncClient, address: str) -> str:
    return Page((await client.get(address)).text).text


async def said(client: AsyncClient, address: str) -> list[str]:
    text = await shown(client, address)
    return [why for why in (CLOSED, EXPIRED, REJECTED, OWN_WISH) if why in text]


async def test_closed_list_is_told_on_the_page_of_who_was_on_it(client: AsyncClient) -> None:
    training, [_ana, _berta, cruz] = await one_offered()
    family = await make_family(training, "Dora", "Elmer")
    left = await make.make_registration(training, given_names="Fina")
    await actions.cancel(left.id, actor=HOLDER_OF_LINK)

    await close_waiting_list(training.id, actor=await staff())

    together = await shown(client, f"/i/{await group_token(family[0])}")
    assert await said(client, await link_of(cruz)) == [CLOSED]
    assert CLOSED in together
    assert "canceló" not in together
    assert await said(client, await link_of(left)) == [OWN_WISH]


async def test_offer_that_ran_out_is_told_on_the_page_of_whose_it_was(client: AsyncClient) -> None:
    _training, [_ana, berta, _cruz] = await one_offered()
    past = clock.now() - timedelta(minutes=1)
    await RegistrationGroup.filter(id=berta.group_id).update(reached_at=past, offered_until=past)

    await expire_offers()

    assert await said(client, await link_of(berta)) == [EXPIRED]
    page = await shown(client, await link_of(berta))
    assert "Fue el " in page
    assert "Si tiene dudas, llame al " in page


async def test_who_was_not_let_in_reads_whom_to_call(client: AsyncClient) -> None:
    training = await make.make_training(approval_required=True)
    family = await make_family(training, "Dora", "Elmer")
    alone = await make.make_registration(training)
    actor = await staff()

    for group_id in (family[0].group_id, alone.group_id):
        await actions.reject(group_id, actor=actor)

    for address in (f"/i/{await group_token(family[0])}", await link_of(alone)):
        text = await shown(client, address)
        assert REJECTED in text
        assert "Llamar al" in text


async def test_who_came_back_and_cancels_themselves_reads_nothing_of_before(client: AsyncClient) -> None:
    training, [_ana, _berta, cruz] = await one_offered()
    actor = await staff()
    await close_waiting_list(training.id, actor=actor)
    await actions.resize(training.id, 9, 0, actor=actor)
    await group_actions.rejoin_member(cruz.id, actor=HOLDER_OF_LINK)

    await actions.cancel(cruz.id, actor=HOLDER_OF_LINK)

    assert await said(client, await link_of(cruz)) == [OWN_WISH]


async def test_who_had_cancelled_alone_did_so_although_the_list_was_closed_later(client: AsyncClient) -> None:
    training, _people = await one_offered()
    family = await make_family(training, "Dora", "Elmer", "Fina")
    await actions.cancel(family[1].id, actor=HOLDER_OF_LINK)

    await close_waiting_list(training.id, actor=await staff())

    together = await shown(client, f"/i/{await group_token(family[0])}")
    assert CLOSED in together
    assert together.count("canceló con su propio enlace.") == 1


async def test_who_is_being_looked_at_is_not_told_of_a_list_before_cancelling(client: AsyncClient) -> None:
    training = await make.make_training(approval_required=True)
    alone, family = await make.make_registration(training), await make_family(training, "Dora", "Elmer")
    group = f"/i/{await group_token(family[0])}"

    asked = [
        await shown(client, f"{address}/cancelar")
        for address in (await link_of(alone), group, f"{group}/{family[1].id}")
    ]

    assert ["la lista" in page for page in asked] == [False] * 3
    assert "la ventanilla ya no revisa su inscripción" in asked[0]
    assert "la ventanilla ya no revisa sus inscripciones" in asked[1]
    assert "la ventanilla ya no revisa su inscripción" in asked[2]
