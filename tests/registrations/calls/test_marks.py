"""The buttons of call lists: marks and what they say, undo, the filter, closing and opening again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.call_pages import INDEX, NewClient, at_desk, mark, one_to_call, page_of
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_list, a_training
from tests.registrations.families import make_family
from tests.registrations.wishes import state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.audit.models import AuditLine
from trainings.outbox.models import Call, CallList, CallVia
from trainings.registrations.calls.actions import open_for_offers
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


# -- marking


async def test_mark_says_who_told_them_how_and_when_and_leads_back_to_the_row(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast)

    before = await page_of(client, f"{INDEX}/{call_list.id}")
    assert before.one("a", rel="noopener noreferrer"), "WhatsApp is opened, which marks nothing"
    assert await Call.all().count() == 0
    answer = await mark(client, call_list, person, via="whatsapp")
    page = await page_of(client, f"{INDEX}/{call_list.id}")

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{INDEX}/{call_list.id}?anotada={person.id}#sigue"
    assert "Avisado por medio de WhatsApp · Hoy, 9:00\xa0a.\xa0m. · Luis Ba" in page.text
    assert "1 de 1 avisado" in page.text
    [line] = await AuditLine.filter(act="calls.mark")
    assert line.detail == {"call_list": str(call_list.id), "result": "reached", "via": "whatsapp", "n": 1}


async def test_family_of_one_telephone_is_marked_once_for_all(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    rosa, diego = await make_family(training, "Rosa", "Diego", phone="5555 1234")
    call_list = await a_list(training)

    await mark(await at_desk(new_client, cast), call_list, diego)

    marked = {one.registration_id for one in await Call.all()}
    assert marked == {rosa.id, diego.id}


async def test_list_shows_who_is_left_and_keeps_the_one_just_noted_in_place_to_undo(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    ana, berta = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta")]
    call_list = await a_list(training)
    client = await at_desk(new_client, cast)
    where = f"{INDEX}/{call_list.id}"

    answer = await mark(client, call_list, ana)
    noted = await page_of(client, answer.headers["location"].partition("#")[0])
    assert noted.one("a", id="sigue")["href"] == f"/panel/inscripciones/{berta.id}", "the next to be called"
    taken_back = await mark(client, call_list, ana, result="not_reached", **seen_on(noted))
    again = await page_of(client, taken_back.headers["location"].partition("#")[0])
    assert again.one("a", id="sigue")["href"] == f"/panel/inscripciones/{ana.id}"
    await mark(client, call_list, ana)
    left, everybody = [await page_of(client, f"{where}{view}") for view in ("", "?ver=todas")]

    assert answer.headers["location"] == f"{where}?anotada={ana.id}#sigue"
    assert ("Deshacer: Ana" in noted.text, "Berta" in noted.text) == (True, True)
    assert ("Ana" in left.text, "Berta" in left.text) == (False, True)
    assert ("Ana" in everybody.text, "Berta" in everybody.text) == (True, True)


async def test_undo_is_a_new_mark_and_all_tries_are_counted(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast)
    for number, result in enumerate(("not_reached", "reached", "not_reached", "not_reached")):
        freeze(MONDAY + timedelta(minutes=5 * number))
        page = await page_of(client, f"{INDEX}/{call_list.id}?ver=todas")
        await mark(client, call_list, person, result=result, **seen_on(page))

    page = await page_of(client, f"{INDEX}/{call_list.id}")

    assert await Call.all().count() == 4
    assert "0 de 1 avisado" in page.text
    assert "2 intentos" in page.text


def seen_on(page: Page) -> dict[str, str]:
    return {str(one["name"]): str(one["value"]) for one in page.all("input", name="seen")}


async def test_call_in_vain_when_a_colleague_told_them_meanwhile_then_the_colleague_s_word_stands(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    mine, colleague = [await at_desk(new_client, cast, who) for who in ("assistant", "coordinator")]
    await mark(mine, call_list, person, result="not_reached")
    old = seen_on(await page_of(mine, f"{INDEX}/{call_list.id}"))
    freeze(MONDAY + timedelta(minutes=5))
    await mark(colleague, call_list, person)

    refused = await mark(mine, call_list, person, result="not_reached", **old)
    same = await mark(mine, call_list, person, **old)
    now = Page(refused.text)

    assert (refused.status_code, same.status_code) == (409, 303)
    said = f"{cast.coordinator.name} anotó el lunes 1 de marzo, 9:05 a. m. que sí se avisó a Ana"
    assert said in now.text.replace("\xa0", " ")
    assert "Deshacer: Ana" in now.text, "also where the page shows only people left"
    assert "1 de 1 avisado" in now.text
    again = await mark(
        mine,
        call_list,
        person,
        result="not_reached",
        **seen_on(await page_of(mine, f"{INDEX}/{call_list.id}?ver=todas")),
    )
    assert again.status_code == 303
    assert "0 de 1 avisado" in (await page_of(mine, f"{INDEX}/{call_list.id}")).text


NO_SENSE: list[dict[str, str]] = [{"via": "telepatía"}, {"result": "x"}, {"person": "x"}, {"person": ""}]


async def test_mark_that_makes_no_sense_or_is_about_somebody_of_another_training_is_refused(
    new_client: NewClient,
) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    stranger = await make.make_registration(await a_training(cast), given_names="Zoila")
    client = await at_desk(new_client, cast)

    answers = [await mark(client, call_list, person, **fields) for fields in NO_SENSE]
    of_stranger = await mark(client, call_list, stranger)

    assert [answer.status_code for answer in answers] == [422] * len(NO_SENSE)
    assert (of_stranger.status_code, "Ya no hace falta" in of_stranger.text) == (409, True)
    assert await Call.all().count() == 0


# -- closing


async def test_closing_with_people_left_asks_why_and_takes_no_marks_until_opened_again(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast)
    path = f"{INDEX}/{call_list.id}"

    without = await client.post(f"{path}/cerrar", data={})
    with_reason = await client.post(f"{path}/cerrar", data={"reason": "no_answer"})
    page = await page_of(client, path)

    assert (without.status_code, with_reason.status_code) == (422, 303)
    assert "Escoja por qué cierra la lista" in without.text
    assert "Faltaban personas: No contestan." in page.text
    [line] = await AuditLine.filter(act="calls.close")
    assert line.detail == {"n": 1, "n_left": 1, "reason": "no_answer"}
    refused = await mark(client, call_list, person)
    await client.post(f"{path}/abrir")
    taken = await mark(client, call_list, person)
    assert (refused.status_code, taken.status_code) == (409, 303)


async def test_closed_list_can_be_read_for_thirty_days(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana")
    call_list = await a_list(training)
    await CallList.filter(id=call_list.id).update(closed_at=MONDAY)

    answers = {}
    for days in (29, 31):
        freeze(MONDAY + timedelta(days=days))
        client = await at_desk(new_client, cast)
        answers[days] = (
            (await client.get(f"{INDEX}/{call_list.id}")).status_code,
            str(call_list.id) in (await client.get(INDEX)).text,
        )

    assert answers == {29: (200, True), 31: (404, False)}


async def test_list_of_what_is_over_is_no_longer_to_be_called(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    call_list, _person = await one_to_call(cast)

    freeze(SATURDAY + timedelta(hours=5))
    client = await at_desk(new_client, cast)
    page = await page_of(client, f"{INDEX}/{call_list.id}")

    assert "Esto ya pasó" in page.text
    assert not page.all("select", name="via")
    assert "por llamar" not in (await page_of(client, "/panel")).text


# -- offered places


async def one_offered(cast: Cast) -> tuple[CallList, Registration]:
    """Ana gave her place back: it is offered to Berta, who is to be called."""
    training = await a_training(cast, capacity=1, offer_hours=24)
    ana = await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta", phone="5555 1234")
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await open_for_offers()
    return await CallList.get(training_id=training.id), berta


async def test_no_to_an_offer_is_a_button_that_writes_down_call_and_answer(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, berta = await one_offered(cast)
    client = await at_desk(new_client, cast)
    page = await page_of(client, f"{INDEX}/{call_list.id}")
    button = page.one("button", name="said_no")
    [behind] = re.findall(r"<details><summary>Dijo que no.*?</details>", page.source, re.DOTALL)
    assert "Su lugar pasa enseguida a quien sigue en la lista" in behind
    assert 'name="said_no"' in behind

    await mark(client, call_list, berta, said_no=str(button["value"]), via="whatsapp")

    assert await state_of(berta) == "cancelled"
    assert [(one.registration_id, one.via) for one in await Call.all()] == [(berta.id, CallVia.WHATSAPP)]
    assert "Anotado: dijo que no. El lugar pasa a quien sigue." in (await page_of(client, INDEX)).text


async def test_second_yes_says_that_the_place_is_held_already(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, berta = await one_offered(cast)
    phones = [await at_desk(new_client, cast, who) for who in ("assistant", "coordinator")]
    said = {"said_yes": str(berta.id)}

    answers = [await mark(phone, call_list, berta, **said) for phone in phones]

    assert [one.status_code for one in answers] == [303, 303]
    seen = [(await page_of(phone, f"{INDEX}/{call_list.id}")).text for phone in phones]
    assert "Deshacer" not in seen[0], "the place would stay theirs"
    assert "Anotado: dijo que sí, y el lugar es suyo." in seen[0]
    assert "Ya estaba anotado: el lugar es suyo." in seen[1]
    assert await state_of(berta) == "confirmed"


async def test_two_offers_of_one_telephone_are_answered_and_released_one_by_one(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=2, offer_hours=24)
    first = [await make.make_registration(training, given_names=name) for name in ("Ana", "Zoila")]
    both = [await make.make_registration(training, given_names=name, phone="5555 1234") for name in ("Berta", "Carla")]
    for one in first:
        await actions.cancel(one.id, actor=HOLDER_OF_LINK)
    await open_for_offers()
    call_list = await CallList.get(training_id=training.id)
    for hours in (1, 2, 25):
        freeze(MONDAY + timedelta(hours=hours))
        client = await at_desk(new_client, cast)
        await mark(client, call_list, both[0], result="not_reached")

    page = await page_of(client, f"{INDEX}/{call_list.id}")

    for name in ("said_yes", "said_no"):
        assert [button["value"] for button in page.all("button", name=name)] == [str(one.id) for one in both]
    groups = [str(one.group_id) for one in both]
    releases = [str(form["action"]) for form in page.all("form") if str(form["action"]).endswith("/soltar")]
    assert [path.split("/")[-2] for path in releases] == groups
    assert len(page.all("button", value="not_reached")) == 1, "one call, one result"
