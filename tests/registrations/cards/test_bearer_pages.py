"""Who holds a community's cards: the page behind its secret address, names given and cards given back on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from tortoise.exceptions import OperationalError

from tests import make
from tests.registrations.card_world import card_of, make_block, named, places_of, states_of
from tests.registrations.forms import errors_of
from tests.registrations.wishes import state_of
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.limits.actions import CountingBusy, TooManyTries
from trainings.people.models import Consent, Guardian, Participant
from trainings.registrations.cards import bearer_routes
from trainings.registrations.models import CardState, OwnLink, Registration, ReservedBlock
from trainings.registrations.seats import cards
from trainings.registrations.telling import changes
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]
ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "1705",
    "community": "Las Pozas",
    "actor_type": "cocode",
    "age_group": "18+",
    "ask_age": "yes",
    "consent_data": "yes",
}
DIEGO = ROSA | {
    "given_names": "Diego",
    "actor_type": "juventud",
    "age_group": "14-17",
    "guardian_name": "Ana Xol",
    "guardian_relation": "madre",
    "guardian_phone": "5555 1234",
    "guardian_consent": "yes",
    "assent": "yes",
}
OPEN, USED, RELEASED = CardState.OPEN, CardState.USED, CardState.RELEASED


def path_of(block: ReservedBlock) -> str:
    return f"/tarjetas/{block.token}"


async def make_world(n: int = 3, **columns: Any) -> tuple[Training, ReservedBlock]:
    training = await make.make_training(**columns)
    return training, await make_block(training, n, municipality_id="1705")


async def give(client: AsyncClient, block: ReservedBlock, number: int = 1, **fields: Any) -> Response:
    return await client.post(f"{path_of(block)}/{number}", data=ROSA | fields)


async def test_bearer_page_then_cards_and_their_states_and_no_code_of_any(client: AsyncClient) -> None:
    _training, block = await make_world(3)
    await named(await card_of(block, 1))
    await cards.void((await card_of(block, 2)).id, actor=PROGRAM)

    response = await client.get(path_of(block))

    page = Page(response.text)
    words = " ".join(page.text.split())
    assert response.status_code == 200
    assert "Tarjetas para Las Pozas" in words
    assert "1 con nombre, 1 sin nombre." in words
    assert "Rosa Amalia C. X." in words
    assert "Anulada" in words
    assert [link["href"] for link in page.all("a", **{"class": "button quiet mini"})] == [f"{path_of(block)}/3"]
    for number in (1, 2, 3):
        card = await card_of(block, number)
        assert card.short_code not in response.text
        assert str(card.id) not in response.text


async def test_bearer_page_then_kept_by_nobody_and_told_to_nobody(client: AsyncClient) -> None:
    _training, block = await make_world(1)

    for path in ("", "/1", "/1/devolver", "/tarjetas.pdf"):
        headers = (await client.get(path_of(block) + path)).headers
        assert headers["cache-control"] == "no-store", path
        assert headers["x-robots-tag"] == "noindex", path
        assert headers["referrer-policy"] == "same-origin", path
    sheet = await client.get(f"{path_of(block)}/tarjetas.pdf")
    assert sheet.headers["content-disposition"] == 'inline; filename="tarjetas.pdf"'
    assert sheet.content.startswith(b"%PDF-")
    assert "Disallow: /tarjetas/" in (await client.get("/robots.txt")).text


@pytest.mark.parametrize("address", ["unknown", "renewed", "malformed", "own", "old"])
async def test_bearer_page_when_the_address_is_not_one_then_404(
    client: AsyncClient, freeze: Freeze, address: str
) -> None:
    training, block = await make_world(1)
    own = await OwnLink.get(registration_id=(await make.make_registration(training)).id)
    token = {"unknown": tokens.own_link(), "malformed": "x" * 400, "own": own.token}.get(address, block.token)
    if address == "renewed":
        await cards.renew_link(block.id, actor=PROGRAM)
    if address == "old":
        freeze(clock.now() + timedelta(days=33))

    for path in ("", "/1", "/tarjetas.pdf", "/1/devolver"):
        assert (await client.get(f"/tarjetas/{token}{path}")).status_code == 404, path
    assert (await client.post(f"/tarjetas/{token}/1", data=ROSA)).status_code == 404
    assert (await client.get(f"/i/{block.token}")).status_code == 404, "nor do cards open a registration"
    assert await Participant.all().count() == 1


async def test_bearer_page_then_no_name_that_staff_wrote_or_a_person_took_over(client: AsyncClient) -> None:
    training, block = await make_world(4)
    staff = await make.actor_of(await make.make_user(hub=await make.make_hub()))
    await named(await card_of(block, 1), actor=staff, given_names="Ana")
    claimed = await named(await card_of(block, 2), body_hash="b", given_names="Berta")
    detached = await named(await card_of(block, 3), body_hash="c", given_names="Cruz")
    await OwnLink.filter(registration_id=claimed.registration_id).update(claimed_at=clock.now())
    await Registration.filter(id=detached.registration_id).update(detached_at=clock.now())

    page = (await client.get(path_of(block))).text

    assert not any(name in page for name in ("Ana", "Berta", "Cruz", "C. X."))
    assert page.count("<strong>Con nombre</strong>") == 3
    assert training.hub_id


# -- giving a name


async def test_name_form_then_short_with_the_block_filled_in(client: AsyncClient) -> None:
    _training, block = await make_world(1)

    page = Page((await client.get(f"{path_of(block)}/1")).text)

    assert page.one("input", name="community")["value"] == "Las Pozas"
    [chosen] = [option for option in page.all("option") if "selected" in option and option["value"] == "1705"]
    assert chosen["value"] == "1705"
    assert not page.all("input", name="email")
    assert not page.all("input", name="guardian_name"), "this training is for adults"
    assert page.one("form", action=f"{path_of(block)}/1")


async def test_name_given_then_shown_short_and_confirmed(client: AsyncClient) -> None:
    training, block = await make_world(2)

    response = await give(client, block, 2, phone="5555 1234")

    assert (response.status_code, response.headers["location"]) == (303, path_of(block))
    page = (await client.get(path_of(block))).text
    assert "Listo. La tarjeta 2 ya tiene nombre." in page
    assert "Rosa Amalia C. X." in page
    assert not [shown for shown in ("5555 1234", "55551234") if shown in page]
    assert "¿Un nombre quedó mal escrito, o alguien ya no va? Llame a la ventanilla." in page
    registration = await Registration.get().prefetch_related("participant")
    assert (registration.participant.full_name, registration.participant.community) == (
        "Rosa Amalia Coc Xol",
        "Las Pozas",
    )
    assert await Consent.all().values_list("purpose", "how", "recorded_by_id") == [("data", "form", None)]
    assert await places_of(training) == (1, 1)


async def test_name_given_to_a_minor_then_the_guardian_alone_is_reached(client: AsyncClient) -> None:
    _training, block = await make_world(1, admits_minors=True)

    response = await client.post(f"{path_of(block)}/1", data=DIEGO | {"phone": "5555 9999"})

    assert response.status_code == 303
    person = await Participant.get()
    assert (person.phone, person.age_group) == (None, "14-17")
    guardian = await Guardian.get()
    assert (guardian.name, guardian.phone, guardian.how) == ("Ana Xol", "+50255551234", "message")
    assert "Diego C. X." in (await client.get(path_of(block))).text


async def test_name_form_when_something_is_wrong_then_said_at_its_field_and_kept(client: AsyncClient) -> None:
    training, block = await make_world(1, admits_minors=True)

    response = await give(client, block, 1, given_names="", age_group="", consent_data="")

    page = Page(response.text)
    assert response.status_code == 422
    assert {"given_names", "consent_data"} <= set(errors_of(page))
    assert "Escoja la edad." in page.text
    assert page.one("input", name="surnames")["value"] == "Coc Xol"
    assert await states_of(block) == [OPEN]
    assert await places_of(training) == (0, 1)


async def test_name_form_of_a_minor_when_a_permission_lacks_then_refused_and_nothing_kept(client: AsyncClient) -> None:
    _training, block = await make_world(1, admits_minors=True)

    response = await client.post(f"{path_of(block)}/1", data=DIEGO | {"guardian_consent": ""})

    assert response.status_code in (409, 422)
    assert "Falta el permiso de la madre" in " ".join(Page(response.text).text.split())
    assert await Participant.all().count() == 0


@pytest.mark.parametrize(
    ("name", "trouble", "status", "seconds"),
    [
        ("name_card", OperationalError("database is locked"), 503, "30"),
        ("check_rate", OperationalError("database is locked"), 503, "30"),
        ("check_rate", CountingBusy(), 503, "10"),
        ("check_rate", TooManyTries(retry_after=60, minutes=1), 429, "60"),
    ],
)
async def test_name_form_when_it_cannot_be_taken_now_then_kept_with_when_to_try_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str, trouble: Exception, status: int, seconds: str
) -> None:
    _training, block = await make_world()

    async def fail(*_args: object, **_how: object) -> object:
        raise trouble

    monkeypatch.setattr(bearer_routes, name, fail)
    answer = await give(client, block)

    assert (answer.status_code, answer.headers["retry-after"]) == (status, seconds)
    assert Page(answer.text).one("input", name="surnames")["value"] == "Coc Xol"
    assert await Registration.all().count() == 0


async def test_name_given_twice_then_the_same_form_is_one_person_and_another_is_refused(client: AsyncClient) -> None:
    training, block = await make_world(2)

    answers = [await give(client, block), await give(client, block), await give(client, block, given_names="Berta")]

    assert [answer.status_code for answer in answers] == [303, 303, 409]
    assert "ya es de otra persona" in answers[2].text
    assert await Participant.all().count() == 1
    assert await places_of(training) == (1, 1)


async def test_name_given_to_a_look_alike_then_the_same_answer(client: AsyncClient) -> None:
    training, block = await make_world(2, capacity=3)
    await make.make_registration(
        training, given_names="Rosa Amalia", surnames="Coc Xol", municipality="1705", phone="5555 1234"
    )

    alike = await give(client, block, 1, phone="5555 1234")
    other = await give(client, block, 2, given_names="Berta", phone="5555 4321")

    assert (alike.status_code, alike.headers["location"]) == (other.status_code, other.headers["location"])
    assert await places_of(training) == (3, 0)


async def test_name_form_of_a_card_that_is_none_or_taken_then_led_back_or_unknown(client: AsyncClient) -> None:
    _training, block = await make_world(1)
    await named(await card_of(block, 1))

    taken = await client.get(f"{path_of(block)}/1")

    assert (taken.status_code, taken.headers["location"]) == (303, path_of(block))
    assert "Esa tarjeta ya tiene nombre" in (await client.get(path_of(block))).text
    for number in ("2", "0", "9" * 30):
        assert (await client.get(f"{path_of(block)}/{number}")).status_code == 404


# -- giving back


async def test_give_back_then_asked_once_and_its_place_goes_to_who_waits(client: AsyncClient) -> None:
    training, block = await make_world(2, capacity=2)
    waiting = await make.make_registration(training)

    asked = await client.get(f"{path_of(block)}/1/devolver")
    assert await states_of(block) == [OPEN, OPEN], "looking at the question changes nothing"
    done = await client.post(f"{path_of(block)}/1/devolver")

    assert "¿Devolver la tarjeta 1?" in asked.text
    assert (done.status_code, done.headers["location"]) == (303, path_of(block))
    assert await states_of(block) == [RELEASED, OPEN]
    assert await state_of(waiting) == "confirmed"


async def test_give_back_of_a_card_with_a_name_then_refused_in_words(client: AsyncClient) -> None:
    _training, block = await make_world(1)
    await named(await card_of(block, 1))

    await client.post(f"{path_of(block)}/1/devolver")

    assert "Esta tarjeta ya tiene nombre" in (await client.get(path_of(block))).text
    assert await states_of(block) == [USED]


async def test_bearer_page_when_released_or_called_off_then_says_so_and_offers_nothing(client: AsyncClient) -> None:
    released, called_off = await make_world(1), await make_world(1)
    await cards.release(released[1].id, actor=PROGRAM)
    await changes.call_off_training(called_off[0].id, "No hay quien facilite.", actor=PROGRAM)

    pages = [(await client.get(path_of(block))).text for _training, block in (released, called_off)]

    assert "ya se soltaron" in pages[0]
    assert "se canceló" in pages[1]
    assert not any("Poner nombre" in page for page in pages)
    assert (await client.get(f"{path_of(released[1])}/tarjetas.pdf")).status_code == 404
