"""Signing people up at the desk, by call and by WhatsApp: one person, a family, and the ticket that they get."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import zxingcpp
from httpx2 import AsyncClient, Response
from PIL import Image
from tortoise.exceptions import OperationalError

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.forms import errors_of
from tests.registrations.wishes import KEY, link_of
from tests.web.pages import Page
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.people.communities import confirm
from trainings.people.models import Assent, Consent, Guardian
from trainings.registrations.desk import routes as desk_routes
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup
from trainings.registrations.seats.actions import Crowded
from trainings.schedule.models import Training, TrainingState

NewClient = Callable[[], AsyncClient]
ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "1705",
    "actor_type": "cocode",
    "consent_data": "yes",
}
LUZ = {
    "members-1-given_names": "Luz",
    "members-1-surnames": "Coc Xol",
    "members-1-age_group": "14-17",
    "members-1-ask_age": "yes",
    "members-1-assent": "yes",
    "guardian_relation": "madre",
    "guardian_consent": "yes",
}


async def at_desk(new_client: NewClient, who: str = "assistant", **training: Any) -> tuple[Cast, AsyncClient, Training]:
    """Somebody of the desk, signed in, and a training of their hub."""
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return cast, client, await make.make_training(hub=cast.hub, **training)


def path_of(training: Training) -> str:
    return f"/panel/capacitaciones/{training.id}/inscribir"


def place_of(answer: Response) -> tuple[str, dict[str, list[str]]]:
    """Where an answer leads: the path, and what its address carries."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return parts.path, parse_qs(parts.query)


def next_of(page: Page) -> str:
    """The link that has the focus: Enter leads to the next person."""
    [following] = [str(link["href"]) for link in page.all("a") if "autofocus" in link]
    return following


# -- one person


async def test_form_begins_where_the_names_are_typed_with_the_seat_chosen(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    await confirm(cast.hub.seat_id, "Las Pozas", actor=await make.actor_of(cast.coordinator))

    form, odd = [
        Page((await client.get(path_of(training) + query)).text)
        for query in ("", "?actor_type=jefe&municipality=<b>&source=web")
    ]

    assert [box["name"] for box in form.all("input") if "autofocus" in box] == ["given_names"]
    assert [option["value"] for option in form.all("option") if option["value"] == "Las Pozas"] == ["Las Pozas"]
    for page in (form, odd):
        assert [option["value"] for option in page.all("option") if "selected" in option] == [cast.hub.seat_id]
        assert "checked" in page.one("input", name="source", value="desk")
    assert "Lea en voz alta:" in form.text
    assert "Queda anotado que se lo leyó Luis Ba." in form.text
    [first, *_others] = [attrs for tag, attrs in form.elements if tag == "button" and attrs.get("tabindex") == "-1"]
    assert first.get("name") is None, "Enter saves, whatever other buttons stand on the form"


async def test_desk_signs_somebody_up_and_shows_the_ticket_to_print(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    form = Page((await client.get(path_of(training))).text)
    key = form.one("input", name="idempotency_key")["value"]

    answer, again = [
        await client.post(path_of(training), data=ROSA | {"idempotency_key": key, "source": "desk"})
        for _click in range(2)
    ]

    assert again.headers["location"] == answer.headers["location"]
    registration = await Registration.get().prefetch_related("participant")
    assert place_of(answer)[0] == f"/panel/inscripciones/{registration.id}/boleto"
    assert (registration.source, registration.state) == ("desk", "confirmed")
    assert registration.participant.phone is None
    [consent] = await Consent.all()
    assert (consent.purpose, consent.how, consent.recorded_by_id) == ("data", "read_aloud", cast.assistant.id)
    assert "Rosa Amalia Coc Xol" in (await client.get(answer.headers["location"])).text


async def test_next_person_begins_with_what_the_last_one_said(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    await make.make_municipality("1207")

    answer = await client.post(path_of(training), data=ROSA | {"actor_type": "docente", "municipality": "1207"})
    following = next_of(Page((await client.get(answer.headers["location"])).text))
    form = Page((await client.get(following)).text)

    assert urlsplit(following).path == path_of(training)
    assert [option["value"] for option in form.all("option") if "selected" in option] == ["1207", "docente"]
    assert form.one("input", name="given_names")["value"] == ""


async def test_desk_puts_on_the_waiting_list_and_shows_the_number(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, "coordinator", capacity=0)

    answer = await client.post(path_of(training), data=ROSA)

    registration = await Registration.get()
    assert place_of(answer)[0] == f"/panel/inscripciones/{registration.id}"
    page = Page((await client.get(answer.headers["location"])).text)
    assert "Lugar 1 en la lista de espera." in page.text
    assert urlsplit(next_of(page)).path == path_of(training)


async def test_desk_refusals_keep_what_was_typed(new_client: NewClient) -> None:
    cast, client, full = await at_desk(new_client, capacity=0, has_waiting_list=False)
    off = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)

    for training, sentence in ((full, "Ya no quedan lugares"), (off, "Esta capacitación se canceló")):
        answer = await client.post(path_of(training), data=ROSA)
        page = Page(answer.text)
        assert answer.status_code == 409
        assert sentence in page.text
        assert page.one("input", name="surnames")["value"] == "Coc Xol"
    incomplete = await client.post(path_of(full), data={"given_names": "Rosa"})
    assert incomplete.status_code == 422
    assert set(errors_of(Page(incomplete.text))) == {"surnames", "municipality", "consent_data"}


@pytest.mark.parametrize(("trouble", "seconds"), [(Crowded(), "10"), (OperationalError("database is locked"), "30")])
async def test_crowd_gives_the_form_back_with_when_to_try_again(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch, trouble: Exception, seconds: str
) -> None:
    _cast, client, training = await at_desk(new_client)

    async def fail(*_args: object, **_how: object) -> object:
        raise trouble

    monkeypatch.setattr(desk_routes, "sign_up", fail)
    answer = await client.post(path_of(training), data=ROSA | {"idempotency_key": KEY})
    monkeypatch.undo()

    page = Page(answer.text)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, seconds)
    assert page.one("input", name="surnames")["value"] == "Coc Xol"
    assert page.one("input", name="idempotency_key")["value"] == KEY


# -- a family


async def test_adding_a_person_keeps_all_and_saves_nothing(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True)

    answer = await client.post(path_of(training), data=ROSA | {"do": "add"})

    page = Page(answer.text)
    assert answer.status_code == 200
    assert page.one("input", name="given_names")["value"] == "Rosa Amalia"
    assert [box["name"] for box in page.all("input") if "autofocus" in box] == ["members-1-given_names"]
    ages = [box["value"] for box in page.all("input", name="members-1-age_group")]
    assert ages == ["18+", "12-13", "14-17"]
    assert await Registration.all().count() == 0


async def test_ninth_person_needs_another_form(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    seven = {f"members-{n}-given_names": f"Persona {n}" for n in range(1, 8)}

    page = Page((await client.post(path_of(training), data=ROSA | seven | {"do": "add"})).text)

    assert "caben hasta 8 personas" in page.text
    assert page.all("input", name="members-8-given_names") == []
    assert page.all("button", value="add") == []


async def test_family_with_a_minor_is_signed_up_whole_and_gets_all_its_tickets(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client, admits_minors=True)

    answer = await client.post(path_of(training), data=ROSA | LUZ | {"phone": "5555 1234"})

    rosa, luz = await Registration.all().order_by("id").prefetch_related("participant")
    path, told = place_of(answer)
    assert (path, told["todos"]) == (f"/panel/inscripciones/{rosa.id}/boleto", ["si"])
    assert (luz.participant.phone, luz.participant.phone_key) == (None, rosa.participant.phone_key)
    [guardian], [assent] = await Guardian.all(), await Assent.all()
    assert (guardian.name, guardian.relation, guardian.how) == ("Rosa Amalia Coc Xol", "madre", "read_aloud")
    assert (guardian.recorded_by_id, assent.recorded_by_id) == (cast.assistant.id, cast.assistant.id)
    sheet = Page((await client.get(answer.headers["location"])).text)
    for registration in (rosa, luz):
        assert tokens.show_short_code(registration.short_code) in sheet.text
    assert await AuditLine.filter(act="registrations.print_ticket").count() == 2


async def test_minor_alone_is_asked_for_who_looks_after_them(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True)

    answer = await client.post(path_of(training), data=ROSA | {"age_group": "14-17"})

    page = Page(answer.text)
    assert answer.status_code == 409
    assert {"guardian_name", "guardian_relation", "assent"} <= {str(attrs.get("name")) for _tag, attrs in page.elements}
    assert await Registration.all().count() == 0


# -- by call and by WhatsApp


@pytest.mark.parametrize(("source", "how"), [("call", "call"), ("whatsapp", "message")])
async def test_by_telephone_the_ticket_is_a_picture_to_send(new_client: NewClient, source: str, how: str) -> None:
    cast, client, training = await at_desk(new_client)

    answer = await client.post(path_of(training), data=ROSA | {"source": source, "phone": "5555 1234"})

    registration = await Registration.get()
    path, told = place_of(answer)
    assert path == f"/panel/inscripciones/{registration.id}/enviar"
    assert told["source"] == [source], "the next one most likely comes the same way"
    assert registration.source == source
    [consent] = await Consent.all()
    assert (consent.how, consent.recorded_by_id) == (how, cast.assistant.id)
    page = Page((await client.get(answer.headers["location"])).text)
    assert "5555 1234" in page.text
    assert page.one("img")["src"] == f"/panel/inscripciones/{registration.id}/boleto.png"


async def test_text_beside_the_picture_names_neither_topic_nor_link(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training, phone="+50255551234")

    page = Page((await client.get(f"/panel/inscripciones/{rosa.id}/enviar")).text)

    [whatsapp, message] = [
        unquote(str(link["href"])) for link in page.all("a") if re.match(r"https://wa\.me|sms:", str(link["href"]))
    ]
    assert whatsapp.startswith("https://wa.me/50255551234?text=Ventanilla de La Libertad: su lugar está apartado (")
    assert message.startswith("sms:+50255551234?body=Ventanilla de La Libertad")
    token = (await link_of(rosa)).removeprefix("/i/")
    for secret in (token, training.title, "/i/", "María", str(rosa.qr_token), rosa.short_code):
        assert secret not in whatsapp + message
    assert token not in page.source


async def test_picture_is_the_ticket_and_kept_by_nobody(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training)

    answer = await client.get(f"/panel/inscripciones/{rosa.id}/boleto.png")

    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/png", "no-store")
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
    assert code.text == rosa.qr_token


async def test_family_by_telephone_gets_a_picture_each(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True)

    answer = await client.post(
        path_of(training), data=ROSA | LUZ | {"source": "whatsapp", "guardian_phone": "5555 1234"}
    )

    page = Page((await client.get(answer.headers["location"])).text)
    pictures = [str(one["src"]) for one in page.all("img")]
    everybody = await Registration.all().order_by("id")
    assert pictures == [f"/panel/inscripciones/{one.id}/boleto.png" for one in everybody]
    assert "5555 1234" in page.text
    assert await AuditLine.filter(act="registrations.send_ticket").count() == 2


async def test_without_a_place_there_is_nothing_to_send(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, capacity=0)
    rosa = await make.make_registration(training)

    for name in ("enviar", "boleto", "boleto.png"):
        assert (await client.get(f"/panel/inscripciones/{rosa.id}/{name}")).status_code == 409

    assert await OwnLink.all().count() == 1
    assert (await RegistrationGroup.get()).state == "waitlisted"
