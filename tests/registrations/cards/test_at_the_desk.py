"""Cards at the desk: reserving places, one block with its link, spare cards, a name for one that lies there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient
from tortoise.exceptions import OperationalError

from tests import make
from tests.cast import Cast
from tests.registrations.card_world import card_of, make_block, make_spare_cards, named, places_of, states_of
from tests.registrations.cards.test_bearer_pages import DIEGO, ROSA
from tests.registrations.forms import errors_of
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.models import AttendanceSheet, ScanEvent, SheetRow
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.lib.tokens import show_short_code
from trainings.people.models import Consent, Guardian, Participant
from trainings.registrations.cards import spare_routes as spare_card_routes
from trainings.registrations.models import Card, CardState, Registration, ReservedBlock
from trainings.registrations.seats import cards
from trainings.registrations.telling import changes
from trainings.schedule.models import Training, TrainingState

NewClient = Callable[[], AsyncClient]
POZAS = {"n": "3", "community": "Las Pozas", "municipality": "1705", "holder": "Presidenta del COCODE"}


@pytest.fixture
async def desk(new_client: NewClient, cast: Cast) -> AsyncClient:
    """The browser of who attends the desk."""
    client = new_client()
    await make.sign_in(client, cast.assistant)
    return client


async def make_reserved(cast: Cast, n: int = 3, **details: Any) -> tuple[Training, ReservedBlock]:
    training = await make.make_training(hub=cast.hub)
    return training, await make_block(training, n, **details)


def text_of(source: str) -> str:
    return " ".join(Page(source).text.split())


# -- reserving


async def test_reserve_page_then_what_is_free_and_the_usual_time_of_release(desk: AsyncClient, cast: Cast) -> None:
    sessions = [(make.tomorrow_at(8, days=5), make.tomorrow_at(12, days=5))]
    training = await make.make_training(hub=cast.hub, capacity=7, sessions=sessions)
    await make_block(training, 2)

    source = (await desk.get(f"/panel/capacitaciones/{training.id}/tarjetas")).text

    page, day = Page(source), clock.local(make.tomorrow_at(8, days=4))
    assert "Quedan 5 lugares sin apartar." in text_of(source)
    assert "0 con nombre, 2 sin nombre Se sueltan el " in text_of(source)
    assert page.one("input", name="release_on")["value"] == day.date().isoformat()
    assert page.one("input", name="release_time")["value"] == "08:00"


async def test_reserve_then_block_page_with_link_qr_and_sheet(desk: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)

    response = await desk.post(f"/panel/capacitaciones/{training.id}/tarjetas", data=POZAS | {"phone": "5555 1234"})

    block = await ReservedBlock.get()
    assert (response.status_code, response.headers["location"]) == (303, f"/panel/tarjetas/bloques/{block.id}")
    assert (block.holder, block.phone, block.municipality_id) == ("Presidenta del COCODE", "+50255551234", "1705")
    assert block.created_by_id == cast.assistant.id
    assert await places_of(training) == (0, 3)
    source = (await desk.get(response.headers["location"])).text
    page = Page(source)
    address = f"http://localhost:8000/tarjetas/{block.token}"
    assert page.one("button", **{"data-copy": address})
    assert address in page.text
    assert "Código QR del enlace para dar nombres" in source
    assert page.all("a", href=f"/panel/tarjetas/bloques/{block.id}/tarjetas.pdf")
    assert show_short_code((await card_of(block)).short_code) in page.text


async def test_reserve_page_when_the_first_session_began_then_says_why_and_shows_no_form(
    desk: AsyncClient, cast: Cast, freeze: Callable[[datetime], None]
) -> None:
    sessions = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (1, 2)]
    training = await make.make_training(hub=cast.hub, sessions=sessions)
    freeze(make.tomorrow_at(9))
    await make.sign_in(desk, cast.assistant)

    page = Page((await desk.get(f"/panel/capacitaciones/{training.id}/tarjetas")).text)

    assert not page.all("input", name="n")
    assert "se sueltan, a más tardar, cuando empieza la primera sesión" in page.text


async def test_reserve_sent_twice_then_reserved_once(desk: AsyncClient, cast: Cast) -> None:
    training, other = [await make.make_training(hub=cast.hub) for _n in range(2)]
    path = f"/panel/capacitaciones/{training.id}/tarjetas"
    form = POZAS | {"key": str(Page((await desk.get(path)).text).one("input", name="key")["value"])}

    answers = [await desk.post(path, data=form) for _click in range(2)]
    elsewhere = await desk.post(f"/panel/capacitaciones/{other.id}/tarjetas", data=form)

    assert len({answer.headers["location"] for answer in answers}) == 1
    assert elsewhere.headers["location"] != answers[0].headers["location"]
    assert await places_of(training) == await places_of(other) == (0, 3)


async def test_reserve_when_something_is_wrong_then_said_and_nothing_kept(desk: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    path = f"/panel/capacitaciones/{training.id}/tarjetas"
    late = {"release_on": (clock.today() + timedelta(days=9)).isoformat(), "release_time": "08:00"}

    wrong = [
        await desk.post(path, data=POZAS | changed)
        for changed in ({"n": "61"}, {"n": "0"}, {"community": ""}, {"n": "3"}, {"n": "1"} | late)
    ]

    assert [answer.status_code for answer in wrong] == [422, 422, 422, 409, 409]
    assert [set(errors_of(Page(answer.text))) for answer in wrong] == [
        {"n"},
        {"n"},
        {"community"},
        {"n"},
        {"release_on"},
    ]
    assert "Lugares que quedan sin apartar: 2." in text_of(wrong[3].text)
    assert await Card.all().count() == 0


async def test_reserve_page_of_a_draft_then_says_why_not(desk: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    path = f"/panel/capacitaciones/{training.id}/tarjetas"

    page, answer = await desk.get(path), await desk.post(path, data=POZAS)

    assert "Aquí ya no se apartan lugares" in text_of(page.text)
    assert answer.status_code == 409
    assert "Publíquela" in text_of(answer.text)


# -- one block


async def test_release_then_asked_once_with_the_number(desk: AsyncClient, cast: Cast) -> None:
    training, block = await make_reserved(cast, 3)
    path = f"/panel/tarjetas/bloques/{block.id}"

    asked = await desk.get(f"{path}/soltar")
    done = await desk.post(f"{path}/soltar")

    assert "¿Soltar 3 lugares?" in text_of(asked.text)
    assert done.headers["location"] == path
    page = text_of((await desk.get(path)).text)
    assert "Listo. Se soltaron 3 lugares." in page
    assert "Suelta" in page
    assert await places_of(training) == (0, 0)
    assert (await desk.get(f"{path}/soltar")).status_code == 303, "nothing is left to ask"


async def test_renew_link_then_the_page_shows_another(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await make_reserved(cast)

    await desk.post(f"/panel/tarjetas/bloques/{block.id}/enlace")

    page = (await desk.get(f"/panel/tarjetas/bloques/{block.id}")).text
    now = await ReservedBlock.get()
    assert str(block.token) not in page
    assert str(now.token) in page
    assert (await desk.get(f"/tarjetas/{block.token}")).status_code == 404


async def test_sheet_then_printing_is_on_record(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await make_reserved(cast)
    spare = await make_spare_cards(await make.make_training(hub=cast.hub), 8)

    answers = [
        await desk.get(f"/panel/tarjetas/bloques/{block.id}/tarjetas.pdf"),
        await desk.get(f"/panel/tarjetas/hojas/{spare[0].sheet_id}.pdf"),
    ]

    for answer in answers:
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"%PDF-")
    lines = await AuditLine.filter(act="registrations.print_cards").order_by("id")
    assert [(line.actor_id, line.detail) for line in lines] == [
        (cast.assistant.id, {"n": 3}),
        (cast.assistant.id, {"n": 8}),
    ]


async def test_void_then_asked_once_and_the_place_is_free(desk: AsyncClient, cast: Cast) -> None:
    training, block = await make_reserved(cast, 2)
    card = await card_of(block)

    asked = await desk.get(f"/panel/tarjetas/{card.id}/anular")
    done = await desk.post(f"/panel/tarjetas/{card.id}/anular")

    assert f"¿Anular la tarjeta {show_short_code(card.short_code)}?" in text_of(asked.text)
    assert done.headers["location"] == f"/panel/tarjetas/bloques/{block.id}"
    assert "1 sin nombre, 1 suelta o anulada." in text_of((await desk.get(done.headers["location"])).text)
    assert (await states_of(block), await places_of(training)) == ([CardState.VOID, CardState.OPEN], (0, 1))


# -- spare cards


async def test_make_spare_then_on_the_list_with_its_sheet(desk: AsyncClient, cast: Cast) -> None:
    response = await desk.post("/panel/tarjetas", data={"hub": str(cast.hub.id), "n": "8"})

    card = await Card.filter(block_id=None).first()
    assert card is not None
    assert response.headers["location"] == "/panel/tarjetas#hojas"
    source = (await desk.get("/panel/tarjetas")).text
    assert "8 de 8" in text_of(source)
    assert Page(source).all("a", href=f"/panel/tarjetas/hojas/{card.sheet_id}.pdf")


async def test_make_spare_sent_twice_then_made_once(desk: AsyncClient, cast: Cast) -> None:
    key = str(Page((await desk.get("/panel/tarjetas")).text).one("input", name="key")["value"])

    for _click in range(2):
        await desk.post("/panel/tarjetas", data={"hub": str(cast.hub.id), "n": "8", "key": key})

    assert await Card.all().count() == 8


async def test_make_spare_when_too_many_or_for_another_hub_then_none(desk: AsyncClient, cast: Cast) -> None:
    answers = [
        await desk.post("/panel/tarjetas", data={"hub": str(hub.id), "n": n})
        for hub, n in ((cast.hub, "7"), (cast.hub, "81"), (cast.elsewhere, "8"))
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 404]
    assert await Card.all().count() == 0


# -- a card that lies on the desk


async def test_slips_typed_in_then_of_the_training_chosen_before_or_of_their_sheet_one_after_another(
    new_client: NewClient, cast: Cast, freeze: Callable[[datetime], None]
) -> None:
    held, other = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.hub)
    session, of_sheet = await held.sessions.all().first(), await other.sessions.all().first()
    assert session is not None
    assert of_sheet is not None
    [loose, on_row] = await make_spare_cards(held, 2)
    sheet = await AttendanceSheet.create(session_id=of_sheet.id, code="7K2QM")
    await SheetRow.create(sheet_id=sheet.id, number=12, card_id=on_row.id)
    freeze(session.ends_at + timedelta(days=2))
    desk = new_client()
    await make.sign_in(desk, cast.assistant)
    page = Page((await desk.get(f"/panel/tarjetas/usar?capacitacion={held.id}")).text)
    assert [one["value"] for one in page.all("option") if "selected" in one] == [str(held.id)]

    found = [
        (await desk.post("/panel/tarjetas/usar", data={"code": card.short_code, "training": str(held.id)})).headers
        for card in (loose, on_row)
    ]

    door = "/panel/sesiones/{}/asistencia/sin-boleto?tarjeta={}&sigue=" + str(held.id)
    ways = [door.format(session.id, loose.id), door.format(of_sheet.id, on_row.id)]
    assert [one["location"] for one in found] == ways
    form = Page((await desk.get(ways[0])).text)
    asked = {name: [one["value"] for one in form.all("input", name=name)] for name in ("sex", "sigue")}
    assert asked == {"sex": ["mujer", "hombre", "nd"], "sigue": [str(held.id)]}
    ages = [one["value"] for one in form.all("option")]
    assert ages[-5:] == ["18-24", "25-34", "35-59", "60+", "18+"]
    typed = ROSA | {"id": str(tokens.uuid7()), "card": str(loose.id), "sigue": str(held.id), "ask_age": "yes"}
    refused = await desk.post(ways[0].partition("?")[0], data=typed | {"age_group": ""})
    assert (refused.status_code, "Escoja la edad." in refused.text) == (422, True)
    done = await desk.post(ways[0].partition("?")[0], data=typed | {"age_group": "35-59"})
    assert done.headers["location"] == f"/panel/tarjetas/usar?capacitacion={held.id}"
    came = await ScanEvent.get(registration__short_code=loose.short_code)
    assert (came.at, came.flag) == (session.starts_at, ""), "typed in afterwards: nobody has to decide"


async def test_slip_that_has_a_name_or_a_reserved_place_then_the_training_chosen_stays(
    desk: AsyncClient, cast: Cast
) -> None:
    training, block = await make_reserved(cast)
    used, fresh = await named(await card_of(block, 1)), await card_of(block, 2)
    taken = await card_of(block, 1)
    sheet = await AttendanceSheet.create(session_id=(await training.sessions.all().get()).id, code="7K2QM")
    await SheetRow.create(sheet_id=sheet.id, number=1, card_id=taken.id)
    chosen = f"?capacitacion={training.id}"

    of_sheet, of_other = [
        await desk.post("/panel/tarjetas/usar", data={"code": card.short_code} | more)
        for card, more in ((taken, {}), (fresh, {"training": str(training.id)}))
    ]
    again = Page((await desk.get(of_sheet.headers["location"])).text)
    form = Page((await desk.get(of_other.headers["location"])).text)
    hidden = str(form.one("input", name="training")["value"])
    done = await desk.post(f"/panel/tarjetas/{fresh.id}/usar", data=ROSA | {"training": hidden})

    assert of_sheet.headers["location"] == f"/panel/tarjetas/{taken.id}/usar{chosen}"
    assert [one["value"] for one in again.all("option") if "selected" in one] == [str(training.id)]
    assert again.one("form", action="/panel/tarjetas/usar")
    assert again.one("a", href=f"/panel/inscripciones/{used.registration_id}")
    assert form.one("a", href=f"/panel/tarjetas/usar{chosen}")
    assert done.headers["location"] == f"/panel/tarjetas/usar{chosen}"


async def test_code_of_a_card_then_its_form_or_the_registration_whose_ticket_it_is(
    desk: AsyncClient, cast: Cast
) -> None:
    _training, block = await make_reserved(cast)
    used = await named(await card_of(block, 1))
    fresh, taken = await card_of(block, 2), await card_of(block, 1)

    typed = await desk.post("/panel/tarjetas/usar", data={"code": show_short_code(fresh.short_code).lower()})
    scanned = await desk.post("/panel/tarjetas/usar", data={"code": taken.qr_token})

    assert typed.headers["location"] == f"/panel/tarjetas/{fresh.id}/usar"
    assert scanned.headers["location"] == f"/panel/tarjetas/{taken.id}/usar"
    led = Page((await desk.get(scanned.headers["location"])).text)
    assert led.one("a", href=f"/panel/inscripciones/{used.registration_id}")


async def test_code_of_nothing_or_of_another_hubs_card_then_the_same_words(desk: AsyncClient, cast: Cast) -> None:
    [elsewhere] = await make_spare_cards(await make.make_training(hub=cast.elsewhere))

    answers = [
        await desk.post("/panel/tarjetas/usar", data={"code": code})
        for code in (elsewhere.short_code, elsewhere.qr_token, "K7Q2-9XMD-C", "hola")
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert all("No encontramos esa tarjeta en su ventanilla." in answer.text for answer in answers)
    assert (await desk.post("/panel/tarjetas/usar", data={})).status_code == 422


@pytest.mark.parametrize(("way", "how"), [("paper", "paper"), ("read_aloud", "read_aloud"), ("form", "read_aloud")])
async def test_spare_card_given_a_name_then_registered_where_it_was_chosen(
    desk: AsyncClient, cast: Cast, way: str, how: str
) -> None:
    training = await make.make_training(hub=cast.hub)
    [card] = await make_spare_cards(training)
    path = f"/panel/tarjetas/{card.id}/usar"

    form = Page((await desk.get(path)).text)
    response = await desk.post(path, data=ROSA | {"training": str(training.id), "consent_how": way})

    assert [option["value"] for option in form.all("option", value=str(training.id))] == [str(training.id)]
    registration = await Registration.get()
    assert response.headers["location"] == f"/panel/tarjetas/usar?capacitacion={training.id}", "the next slip"
    assert (registration.training_id, registration.short_code) == (training.id, card.short_code)
    consent = await Consent.get(purpose="data")
    assert (consent.how, consent.recorded_by_id) == (how, cast.assistant.id)


async def test_reserved_card_given_a_name_then_its_place_and_no_training_to_choose(
    desk: AsyncClient, cast: Cast
) -> None:
    training, block = await make_reserved(cast, 2)
    card = await card_of(block)
    path = f"/panel/tarjetas/{card.id}/usar"

    form = Page((await desk.get(path)).text)
    response = await desk.post(path, data=ROSA | {"consent_how": "read_aloud"})

    assert not form.all("select", name="training")
    assert form.one("input", name="community")["value"] == "Las Pozas"
    assert response.status_code == 303
    assert await places_of(training) == (1, 1)


async def test_card_form_when_something_is_wrong_then_all_of_it_is_said_at_once(desk: AsyncClient, cast: Cast) -> None:
    [card] = await make_spare_cards(await make.make_training(hub=cast.hub))

    response = await desk.post(f"/panel/tarjetas/{card.id}/usar", data=ROSA | {"surnames": "", "training": ""})

    assert response.status_code == 422
    assert set(errors_of(Page(response.text))) == {"surnames", "training"}
    assert await Participant.all().count() == 0


async def test_card_form_when_the_database_is_locked_then_kept_with_when_to_try_again(
    desk: AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _training, block = await make_reserved(cast)
    card = await card_of(block)

    async def fail(*_args: object, **_how: object) -> object:
        raise OperationalError("database is locked")

    monkeypatch.setattr(spare_card_routes, "name_card", fail)
    answer = await desk.post(f"/panel/tarjetas/{card.id}/usar", data=ROSA)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert Page(answer.text).one("input", name="surnames")["value"] == "Coc Xol"


async def test_card_given_to_a_minor_then_guardian_as_staff_wrote_it_down(desk: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True)
    [card] = await make_spare_cards(training)

    response = await desk.post(
        f"/panel/tarjetas/{card.id}/usar", data=DIEGO | {"training": str(training.id), "consent_how": "paper"}
    )

    assert response.status_code == 303
    guardian = await Guardian.get()
    assert (guardian.how, guardian.recorded_by_id) == ("paper", cast.assistant.id)


async def test_card_for_a_training_of_another_hub_then_refused(desk: AsyncClient, cast: Cast) -> None:
    there = await make.make_training(hub=cast.elsewhere)
    [card] = await make_spare_cards(await make.make_training(hub=cast.hub))

    response = await desk.post(f"/panel/tarjetas/{card.id}/usar", data=ROSA | {"training": str(there.id)})

    assert response.status_code == 404
    assert await Participant.all().count() == 0


async def test_card_given_to_somebody_else_meanwhile_then_said_so(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await make_reserved(cast, 1)
    path = f"/panel/tarjetas/{(await Card.get(block_id=block.id)).id}/usar"
    answers = [await desk.post(path, data=ROSA | {"given_names": name}) for name in ("Rosa", "Elena")]
    told = [words in answers[1].text for words in ("Esta tarjeta ya es de otra persona.", "se anuló")]
    assert ([answer.status_code for answer in answers], told) == ([303, 409], [True, False])


async def test_card_that_is_void_then_said_and_no_form(desk: AsyncClient, cast: Cast) -> None:
    [card] = await make_spare_cards(await make.make_training(hub=cast.hub))
    await cards.void(card.id, actor=PROGRAM)

    page = Page((await desk.get(f"/panel/tarjetas/{card.id}/usar")).text)

    assert "Esta tarjeta ya no vale" in page.text
    assert not page.all("input", name="given_names")


async def test_training_called_off_then_no_page_of_the_desk_asks_for_anybody(desk: AsyncClient, cast: Cast) -> None:
    training, block = await make_reserved(cast)
    of_training, of_block = f"/panel/capacitaciones/{training.id}", f"/panel/tarjetas/bloques/{block.id}"
    use = f"/panel/tarjetas/{(await card_of(block)).id}/usar"
    await changes.call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    pages = [
        Page((await desk.get(path)).text)
        for path in (f"{of_training}/inscribir", f"{of_training}/importar", use, of_block)
    ]

    for page in pages:
        assert "Esta capacitación se canceló. Si al final se realiza" in page.text
        assert [form["action"] for form in page.all("form")] == ["/panel/buscar", "/salir"]
        assert "Quedan" not in page.text
    assert not [link for link in pages[-1].all("a") if str(link["href"]).endswith(("usar", "tarjetas.pdf", "soltar"))]
