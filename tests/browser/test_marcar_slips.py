"""Who comes without a registration: green at once, the slip later, sealed so that this phone can read nothing of it."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Request, expect

from tests.browser.marcar import Phone, Village
from tests.browser.test_marcar_shell import DUMP
from tests.database import KEY
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealedBox

TYPED = {"Nombres": "Ixchel Marisol", "Apellidos": "Tzunún Xalín", "Comunidad": "Caserío El Zapote"}
PHONE_TYPED = "4141 7373"
FIELDS = "() => [...document.querySelectorAll('input, select')].map((one) => `${one.value}#`)"


def _fill(phone: Phone, village: Village) -> None:
    for label, text in TYPED.items():
        phone.page.get_by_label(label).first.fill(text)
    phone.page.get_by_label("Municipio donde vive").select_option(village.made["municipality"])
    phone.page.get_by_label("¿De parte de quién viene?").select_option("cocode")
    phone.page.get_by_label("Edad").select_option("35-59")


def _slips_sent(phone: Phone) -> dict[str, dict[str, Any]]:
    """From now on: the slips that leave this phone or try to, each by its id, as our key opens them."""
    slips: dict[str, dict[str, Any]] = {}
    box = SealedBox(Keyring([KEY]))

    def look(request: Request) -> None:
        if request.url.endswith("/marcar/api/marcas"):
            events = (request.post_data_json or {})["events"]
            sealed = [(one["id"], one["sealed"]) for one in events if one["kind"] == "slip"]
            slips.update((key, json.loads(box.open(text, f"slip|{key}"))) for key, text in sealed)

    phone.page.on("request", look)
    return slips


def _registered(village: Village, card: str) -> list[tuple[Any, ...]]:
    """Whom the slip for this card became."""
    return village.ask(
        "SELECT p.given_names, p.surnames, p.community FROM walk_in_slip s "
        "JOIN registration r ON r.id = s.registration_id JOIN participant p ON p.id = r.participant_id "
        "WHERE s.state = 'registered' AND s.code_hash = ?",
        card,
    )


def _spare_marked(phone: Phone, village: Village) -> str:
    """A card without a name: green at once, and its slip is offered. Its hash in the list."""
    phone.type_code(village.spare())
    phone.expect_answer("present", "Tarjeta sin nombre")
    link = phone.page.get_by_role("link", name="Llenar su ficha")
    card = str(link.get_attribute("href")).rsplit("/", 1)[1]
    link.click()
    phone.expect_screen("ficha")
    return card


def _sent(phone: Phone) -> None:
    phone.page.context.set_offline(False)
    phone.send_now()
    phone.expect_queue("Todo enviado")


def _save(phone: Phone) -> None:
    phone.page.get_by_role("button", name="Guardar y sellar").click()


def _expect_refused(phone: Phone, sentence: str) -> None:
    expect(phone.page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()


def test_slips_are_whole_and_sealed_at_once_and_stand_in_a_list_without_names(phone: Phone, village: Village) -> None:
    sent = _slips_sent(phone)
    phone.context.set_offline(True)
    card = say_what_is_missing(phone, village)
    seal_at_once(phone, village, card, sent)
    phone.visit("marcar", village.made["session"])
    list_what_is_missing(phone, village)
    phone.visit("marcar", village.made["session"])
    ask_more_of_a_minor(phone, village, sent)


def say_what_is_missing(phone: Phone, village: Village) -> str:
    """And who reads what aloud. Gives the card."""
    card = _spare_marked(phone, village)
    expect(phone.page.locator("[data-consent] [data-text]")).to_contain_text("¿Está de acuerdo?")
    expect(phone.page.locator("[data-form]")).to_be_hidden()
    phone.page.get_by_role("button", name="Ya lo leí en voz alta").click()

    _save(phone)
    _expect_refused(phone, "Falta este dato: Nombres")
    expect(phone.page.get_by_label("Nombres")).to_be_focused()
    _fill(phone, village)
    phone.page.get_by_label("Teléfono (opcional)").fill("4141 73")
    _save(phone)
    _expect_refused(phone, "Escriba los 8 números")
    phone.page.get_by_label("Teléfono (opcional)").fill("")
    _save(phone)
    _expect_refused(phone, "cuando la persona diga que sí")
    return card


def seal_at_once(phone: Phone, village: Village, card: str, sent: dict[str, dict[str, Any]]) -> None:
    """Nothing readable is left."""
    phone.page.get_by_label("Teléfono (opcional)").fill(PHONE_TYPED)
    phone.page.get_by_label("La persona acepta").check()
    _save(phone)
    expect(phone.page.get_by_text("Ficha guardada y sellada", exact=True)).to_be_visible()

    kept = "".join([*phone.page.evaluate(DUMP), phone.page.content(), *phone.page.evaluate(FIELDS)])
    assert [text for text in (*TYPED.values(), PHONE_TYPED, "41417373", "cocode#") if text in kept] == []
    _sent(phone)
    [slip] = sent.values()
    read_at = slip.pop("consent_read_at")
    assert slip == {
        "v": 1,
        "given_names": TYPED["Nombres"],
        "surnames": TYPED["Apellidos"],
        "municipality": village.made["municipality"],
        "community": TYPED["Comunidad"],
        "actor_type": "cocode",
        "age_group": "35-59",
        "phone": "41417373",
        "consent": True,
        "text_version": "2026-12",
        "language": "spa",
    }
    assert _registered(village, card) == [tuple(TYPED.values())]
    read = "SELECT 1 FROM scan_event WHERE kind = 'consent' AND strftime('%s', device_at) = ?"
    assert village.ask(read, str(read_at // 1000)) == [(1,)]


def list_what_is_missing(phone: Phone, village: Village) -> None:
    """Without names."""
    phone.follow("Por fila", "filas")
    for row in (41, 42):
        phone.mark_row(row)
    phone.page.locator(".more summary").click()
    phone.follow("Fichas", "ficha")
    cards = phone.page.locator("[data-cards] li")
    expect(cards).to_have_count(3)

    cards.filter(has_text="Fila 41").get_by_role("link").click()
    _fill(phone, village)
    phone.page.get_by_label("La persona acepta").focus()
    phone.page.keyboard.press("Space")
    phone.page.keyboard.press("Enter")

    expect(phone.page.get_by_text("Ficha guardada y sellada. Sigue: Fila 42.")).to_be_visible()
    expect(phone.page.get_by_label("Nombres")).to_be_focused()
    expect(phone.page.get_by_label("Nombres")).to_have_value("")
    expect(phone.page.get_by_label("Edad")).to_have_value("")


def ask_more_of_a_minor(phone: Phone, village: Village, sent: dict[str, dict[str, Any]]) -> None:
    """A guardian and assent, and no phone of their own."""
    card = _spare_marked(phone, village)
    expect(phone.page.get_by_label("Nombres")).to_be_visible()
    age = phone.page.get_by_label("Edad")
    assert age.locator("option").evaluate_all("(all) => all.map(({ value }) => value)")[1] == "14-17"
    _fill(phone, village)
    phone.page.get_by_label("Teléfono (opcional)").fill(PHONE_TYPED)
    age.select_option("14-17")
    expect(phone.page.get_by_label("Teléfono (opcional)")).to_be_hidden()
    phone.page.get_by_label("La persona acepta").check()

    _save(phone)
    _expect_refused(phone, "Nombre de la persona encargada")
    phone.page.get_by_label("Nombre de la persona encargada").fill("Petrona Xalín")
    phone.page.get_by_label("¿Qué es de quien tiene").select_option("madre")
    phone.page.get_by_label("Teléfono de la persona encargada").fill("+502 4141-7373")
    phone.page.get_by_label("persona encargada dijo que sí").check()
    _save(phone)
    _expect_refused(phone, "dijo que quiere participar")
    phone.page.get_by_label("dijo que quiere participar").check()
    _save(phone)
    expect(phone.page.get_by_text("Ficha guardada y sellada. Sigue: Fila 42.")).to_be_visible()

    _sent(phone)
    [slip] = [one for one in sent.values() if "guardian_name" in one]
    guardian = {name: slip.get(name) for name in ("guardian_name", "guardian_relation", "guardian_phone")}
    assert guardian == {"guardian_name": "Petrona Xalín", "guardian_relation": "madre", "guardian_phone": "41417373"}
    assert [slip.get(name) for name in ("age_group", "assent", "guardian_consent", "phone")] == [
        "14-17",
        True,
        True,
        None,
    ]
    assert _registered(village, card) == [tuple(TYPED.values())]
