"""Holders of cards without a name are called for all who will come with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.cast import Cast
from tests.registrations.call_pages import INDEX, NewClient, acts, at_desk, page_of
from tests.registrations.call_world import MONDAY, Freeze, a_list, a_training, session_of
from tests.registrations.card_world import card_of, make_block, named
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia, HolderCall
from trainings.privacy.actions import sweep
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import NotOnList, NoWhyClosed, WhyClosed
from trainings.registrations.calls.people import Holder, audience_of, n_to_tell
from trainings.registrations.seats.cards import release
from trainings.schedule.models import Training

HOLDER: dict[str, Any] = {"phone": "+50255559876", "municipality_id": "1705"}


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def holders(call_list: CallList) -> list[Holder]:
    return list((await audience_of(call_list)).holders)


async def a_list_about(training: Training, reason: CallReason) -> CallList:
    return await a_list(training, reason, is_written=False, session_id=(await session_of(training)).id)


@pytest.mark.parametrize("reason", [CallReason.CHANGED, CallReason.REMINDER])
async def test_holder_is_called_for_the_cards_without_a_name(db: object, reason: CallReason) -> None:
    training = await a_training()
    block = await make_block(training, 12)
    await named(await card_of(block))

    call_list = await a_list_about(training, reason)

    [holder] = await holders(call_list)
    assert (holder.id, holder.n_cards, holder.is_reached) == (block.id, 11, False)
    assert (await n_to_tell(training.id))[1] == 2, "Rosa, who has no address, and the holder"


async def test_holder_hears_nothing_of_what_concerns_people_with_names(db: object) -> None:
    training = await a_training()
    await make_block(training)

    for reason in (CallReason.OFFERED, CallReason.CERTIFICATE):
        assert await holders(await a_list_about(training, reason)) == []


async def test_who_got_the_cards_afterwards_or_gave_them_back_is_not_called(db: object, freeze: Freeze) -> None:
    training = await a_training()
    given_back = await make_block(training, community="El Subín")
    call_list = await a_list_about(training, CallReason.CHANGED)
    freeze(MONDAY + timedelta(minutes=1))
    await make_block(training)
    await release(given_back.id, actor=PROGRAM)

    assert await holders(call_list) == []


async def test_holder_who_knows_stays_on_the_list_and_can_be_taken_back(db: object, freeze: Freeze) -> None:
    training = await a_training()
    block = await make_block(training)
    call_list = await a_list_about(training, CallReason.CHANGED)

    with pytest.raises(NoWhyClosed):
        await call_actions.close(call_list.id, None, actor=PROGRAM)
    for _click in range(2):
        await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await release(block.id, actor=PROGRAM)
    [known] = await holders(call_list)
    freeze(MONDAY + timedelta(minutes=2))
    await call_actions.mark(call_list.id, block.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)

    assert (known.is_reached, len(known.marks)) == (True, 1)
    assert await holders(call_list) == [], "taken back, and there are no cards any more"
    assert await HolderCall.all().count() == 2
    with pytest.raises(NotOnList):
        await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await call_actions.close(call_list.id, WhyClosed.NOT_NEEDED, actor=PROGRAM)


async def test_holder_stands_in_the_community_with_telephone_and_text_and_is_marked(
    cast: Cast, new_client: NewClient
) -> None:
    training = await a_training(cast)
    block = await make_block(training, 12, **HOLDER)
    call_list = await a_list_about(training, CallReason.CHANGED)
    client = await at_desk(new_client, cast)

    page = await page_of(client, f"{INDEX}/{call_list.id}")
    sheet = await page_of(client, f"{INDEX}/{call_list.id}/hoja")
    fields = {"person": str(block.id), "result": "reached", "via": "in_person"}
    marked = await client.post(f"{INDEX}/{call_list.id}/marcar", data=fields)
    after = await page_of(client, f"{INDEX}/{call_list.id}")

    for text in (page.text, sheet.text):
        assert "Las Pozas" in text
        assert "COCODE de Las Pozas" in text
        assert "Tiene 12 tarjetas apartadas, sin nombre" in text
        assert "5555 9876" in text
    assert "0 de 1 avisado" in page.text
    assert "Por favor avise a quienes van a venir con las tarjetas que usted tiene." in page.text
    assert page.one("a", href=f"/panel/tarjetas/bloques/{block.id}")
    assert (marked.status_code, "1 de 1 avisado" in after.text) == (303, True)
    assert (await acts())[-3:] == ["calls.print", "calls.mark", "calls.open"]


async def test_marks_of_holders_go_with_their_list(db: object, freeze: Freeze) -> None:
    training = await a_training()
    block = await make_block(training)
    call_list = await a_list_about(training, CallReason.CHANGED)
    await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    freeze(clock.now() + timedelta(days=60))

    swept = await sweep()

    assert swept.calls == 1
    assert (await HolderCall.all().count(), await CallList.all().count()) == (0, 0)
