"""Cards named for a training that asks for an earlier course: staff decide, and the place stays reserved until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import qr_of, scan
from tests.cast import make_cast
from tests.registrations.card_world import (
    ask_course_before,
    card_of,
    make_block,
    named,
    places_of,
    registration_of,
    states_of,
)
from tests.registrations.wishes import state_of, wish
from tests.web.pages import Page
from trainings.attendance import actions as attendance
from trainings.attendance.models import ScanFlag
from trainings.attendance.scans import Outcome
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.registrations.cards.use import CardClosed, CardTaken, name_card, use_at_door
from trainings.registrations.models import Card, CardState, HoldReason, Registration, ReservedBlock
from trainings.registrations.own import group_actions
from trainings.registrations.seats import actions, cards
from trainings.registrations.seats.cards import HasName
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
OPEN, HELD, USED, RELEASED, VOID = CardState


async def held_card(**about: Any) -> tuple[Training, ReservedBlock, Registration]:
    """The first of two cards, with a name, in a training of two places; an earlier course was not shown."""
    training = await make.make_training(capacity=2)
    await ask_course_before(training)
    block = await make_block(training, 2)
    used = await named(await card_of(block), **about)
    assert (used.is_new, used.is_held) == (True, True)
    return training, block, await registration_of(used)


async def test_name_card_where_a_course_goes_before_then_held_with_its_place_reserved(db: Settings) -> None:
    training, block, registration = await held_card(email="rosa@example.org")

    assert (registration.state, registration.group.hold_reason) == ("held", HoldReason.PREREQUISITE)
    assert registration.confirmed_at is None
    assert await states_of(block) == [HELD, OPEN]
    assert await places_of(training) == (0, 2)
    assert [job.kind for job in await OutboxJob.all()] == ["registration_held"]
    again = await named(await card_of(block), email="rosa@example.org")
    assert (again.registration_id, again.is_new, again.is_held) == (registration.id, False, True)
    with pytest.raises(CardTaken):
        await named(await card_of(block), body_hash="berta", given_names="Berta")
    with pytest.raises(HasName):
        await cards.give_back((await card_of(block)).id, actor=HOLDER_OF_LINK)


async def test_release_when_a_card_is_held_then_its_place_stays(db: Settings, freeze: Freeze) -> None:
    training, block, registration = await held_card()
    waiting = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta")]
    for one in waiting:
        await actions.approve(one.group_id, actor=PROGRAM)

    freeze(block.release_at)
    assert await cards.release_due() == 1

    assert await states_of(block) == [HELD, RELEASED]
    assert [await state_of(one) for one in waiting] == ["confirmed", "waitlisted"]
    assert await places_of(training) == (1, 1)
    await actions.approve(registration.group_id, actor=PROGRAM)
    assert [await state_of(one) for one in (registration, waiting[1])] == ["confirmed", "waitlisted"]
    assert await states_of(block) == [USED, RELEASED]
    assert await places_of(training) == (2, 0)


@pytest.mark.parametrize("by", ["staff", "person"])
async def test_held_card_that_is_rejected_or_cancelled_then_its_place_goes_to_who_waits(db: Settings, by: str) -> None:
    training, block, registration = await held_card()
    waiting = await make.make_registration(training, given_names="Espera")
    await actions.approve(waiting.group_id, actor=PROGRAM)

    if by == "staff":
        await actions.reject(registration.group_id, actor=PROGRAM)
    else:
        await actions.cancel(registration.id, actor=HOLDER_OF_LINK)

    assert await state_of(registration) == "cancelled"
    assert await state_of(waiting) == "confirmed"
    assert await states_of(block) == [RELEASED, OPEN]
    assert await places_of(training) == (1, 1)
    with pytest.raises(CardClosed):
        await named(await card_of(block))


async def test_held_card_whose_person_comes_back_then_waits_without_a_place(db: Settings) -> None:
    training, block, registration = await held_card()
    await actions.cancel(registration.id, actor=HOLDER_OF_LINK)

    await group_actions.rejoin_member(registration.id, actor=HOLDER_OF_LINK)
    await actions.cancel(registration.id, actor=HOLDER_OF_LINK)

    assert await states_of(block) == [RELEASED, OPEN]
    assert await places_of(training) == (0, 1)


async def test_ticket_of_a_held_card_replaced_then_its_place_stays_and_the_old_card_is_void(db: Settings) -> None:
    training, block, registration = await held_card()
    await actions.replace_ticket(registration.id, actor=PROGRAM)
    assert await places_of(training) == (0, 2)

    await actions.approve(registration.group_id, actor=PROGRAM)

    assert await state_of(registration) == "confirmed"
    assert await states_of(block) == [VOID, OPEN]
    assert await places_of(training) == (1, 1)


async def test_card_named_at_the_door_then_nobody_waits_for_an_earlier_course(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(capacity=2)
    await ask_course_before(training)
    block = await make_block(training, 2)
    freeze(training.sessions[0].starts_at)

    used = await use_at_door((await card_of(block)).id, training.id, wish(), actor=PROGRAM)

    assert not used.is_held
    assert (await registration_of(used)).state == "confirmed"
    assert await states_of(block) == [USED, OPEN]
    assert await places_of(training) == (1, 1)


async def test_name_card_with_childcare_that_no_form_asks_for_then_none_is_counted(db: Settings) -> None:
    training = await make.make_training(childcare_capacity=4)
    card = await card_of(await make_block(training))

    used = await name_card(card.id, replace(wish(), childcare_places=3), actor=HOLDER_OF_LINK)
    await actions.cancel(used.registration_id, actor=HOLDER_OF_LINK)

    assert (await registration_of(used)).group.childcare_places == 0
    assert (await Training.get(id=training.id)).childcare_taken == 0


# -- what the pages say


GIVEN = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "0000",
    "actor_type": "cocode",
    "age_group": "18+",
    "ask_age": "yes",
    "consent_data": "yes",
}
WAITS = "Espera respuesta de la ventanilla. Su lugar sigue apartado."


async def test_page_of_the_bearer_says_who_waits_for_an_answer_and_what_came_of_it(client: AsyncClient) -> None:
    training = await make.make_training(capacity=3)
    before = await ask_course_before(training)
    block = await make_block(training, 3)
    path = f"/tarjetas/{block.token}"
    form = Page((await client.get(f"{path}/1")).text)
    assert f"Antes hay que completar «{before.title}»." in form.text

    answer = await client.post(f"{path}/1", data=GIVEN)

    assert answer.status_code == 303
    page = Page((await client.get(path)).text)
    assert "La tarjeta 1 ya tiene nombre y espera respuesta de la ventanilla." in page.text
    assert WAITS in page.text
    assert "Rosa Amalia C. X." in page.text
    assert "1 con nombre, 2 sin nombre." in page.text
    registration = await Registration.get()
    await actions.approve(registration.group_id, actor=PROGRAM)
    page = Page((await client.get(path)).text)
    assert WAITS not in page.text
    assert "Rosa Amalia C. X." in page.text


async def test_page_of_the_bearer_says_that_who_was_rejected_does_not_come(client: AsyncClient) -> None:
    _training, block, registration = await held_card()

    await actions.reject(registration.group_id, actor=PROGRAM)

    page = Page((await client.get(f"/tarjetas/{block.token}")).text)
    assert "Canceló, o no se aprobó" in page.text
    assert WAITS not in page.text
    assert "0 con nombre, 1 sin nombre." in page.text


async def test_card_of_who_waits_is_not_printed_until_the_answer(client: AsyncClient) -> None:
    _training, block, registration = await held_card()
    await cards.release(block.id, actor=PROGRAM)
    path = f"/tarjetas/{block.token}/tarjetas.pdf"

    before = await client.get(path)
    await actions.approve(registration.group_id, actor=PROGRAM)

    assert before.status_code == 404
    assert (await client.get(path)).headers["content-type"] == "application/pdf"


async def test_desk_is_led_to_who_waits_and_the_block_says_so(client: AsyncClient) -> None:
    cast = await make_cast()
    await make.make_municipalities()
    training = await make.make_training(hub=cast.hub)
    before = await ask_course_before(training)
    block = await make_block(training)
    card = await card_of(block)
    await make.sign_in(client, cast.assistant)
    assert f"Antes hay que completar «{before.title}»." in Page((await client.get(use_path(card))).text).text

    answer = await client.post(use_path(card), data=GIVEN)

    page = Page((await client.get(answer.headers["location"])).text)
    assert "Listo. La inscripción espera respuesta: apruébela o rechácela en su página." in page.text
    assert "Falta un curso que va antes." in page.text
    page = Page((await client.get(f"/panel/tarjetas/bloques/{block.id}")).text)
    assert "Espera respuesta" in page.text
    review = Page((await client.get("/panel/revisar")).text)
    assert "Rosa Amalia C. X." in review.text


def use_path(card: Card) -> str:
    return f"/panel/tarjetas/{card.id}/usar"


async def test_held_card_at_the_door_is_known_as_a_ticket_that_waits(db: Settings, freeze: Freeze) -> None:
    training, block, registration = await held_card()
    session = training.sessions[0]
    freeze(session.starts_at)

    [answer] = await attendance.take(
        session.id, [scan(qr_of(registration), session.starts_at, session=session.id)], actor=PROGRAM
    )

    assert (answer.outcome, answer.flag) == (Outcome.REVIEW, ScanFlag.HELD)
    assert await states_of(block) == [HELD, OPEN]
