"""Practising: every screen works, and nothing of it is kept or sent."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browser.marcar import Phone, Village, emptied, opened
from tests.browser.test_marcar_shell import DUMP
from trainings.attendance.phones.shell import samples

BANNER = "PRÁCTICA: no cuenta"


def test_practice_answers_like_a_door_and_leaves_no_trace(phone: Phone, village: Village) -> None:
    practise(phone, village)
    refuse_what_belongs_elsewhere(phone, village)


def practise(phone: Phone, village: Village) -> None:
    expected, waiting, spare = samples()
    before = phone.page.evaluate(DUMP)
    asked = len(phone.addresses)
    phone.follow("Sesiones", "inicio")
    phone.follow("Practicar sin que cuente", "practica")
    expect(phone.page.locator(".samples svg")).to_have_count(3)

    phone.follow("Practicar con tarjetas", "marcar")
    expect(phone.page.locator(".practice")).to_contain_text(BANNER)
    phone.scan(expected.token)
    phone.expect_answer("present", expected.name)
    phone.page.get_by_role("button", name="Apagar").click()
    phone.type_code(spare.token)
    phone.expect_answer("present", "Tarjeta sin nombre")
    expect(phone.page.locator("[data-recent] [data-who]").first).to_have_text("Tarjeta sin nombre")
    expect(phone.page.get_by_role("link", name="Llenar su ficha")).to_be_visible()
    phone.type_code(waiting.short_code)
    phone.expect_answer("review", "lista de espera")
    phone.expect_count(1)

    phone.follow("Por fila", "filas")
    expect(phone.page.locator(".practice")).to_contain_text(BANNER)
    phone.page.get_by_text("Muchas filas a la vez").click()
    line = phone.page.get_by_label("Quiénes vinieron")
    line.fill("todas menos 4")
    line.press("Enter")
    phone.expect_answer("present", "11 filas")
    phone.expect_count(12)

    assert phone.page.evaluate(DUMP) == before
    assert [url for url in phone.addresses[asked:] if url.endswith("/marcas")] == []
    phone.expect_queue("Todo enviado")
    phone.follow("Terminar", "inicio")
    phone.to_door()
    expect(phone.page.locator(".practice")).to_have_count(0)
    phone.expect_count(0)
    assert village.ask("SELECT id FROM scan_event WHERE session_id = ?", village.made["session"]) == []


def refuse_what_belongs_elsewhere(phone: Phone, village: Village) -> None:
    """A real ticket where somebody practises, and a sample card at a door."""
    [real], sample = village.people(1), samples()[0]
    phone.follow("Sesiones", "inicio")
    phone.follow("Practicar sin que cuente", "practica")
    phone.follow("Practicar con tarjetas", "marcar")
    for code in (real.token, real.short_code):
        phone.type_code(code)
        phone.expect_answer("not_saved", "Si es un boleto de verdad, toque «Terminar»")
    phone.expect_count(0)

    phone.follow("Terminar", "inicio")
    phone.to_door()
    for code in (sample.token, sample.short_code):
        phone.type_code(code)
        phone.expect_answer("not_ticket", "Es una tarjeta de práctica")
    phone.expect_queue("Todo enviado")
    assert village.ask("SELECT id FROM scan_event WHERE session_id = ?", village.made["session"]) == []


def test_phone_that_is_not_prepared_can_practise_a_slip(lent: BrowserContext, village: Village) -> None:
    phone = opened(emptied(lent, village), village)
    phone.follow("Practicar sin que cuente", "practica")
    phone.follow("Practicar por número de fila", "filas")
    phone.mark_row(13)

    phone.follow("Llenar su ficha", "ficha")
    expect(phone.page.locator("[data-consent] [data-text]")).to_contain_text("¿Está de acuerdo?")
    phone.page.get_by_role("button", name="Ya lo leí en voz alta").click()
    phone.page.get_by_label("Nombres").fill("Ejemplo")
    phone.page.get_by_label("Apellidos").fill("De Prueba")
    phone.page.get_by_label("Municipio donde vive").select_option("0000")
    phone.page.get_by_label("¿De parte de quién viene?").select_option("otro")
    phone.page.get_by_label("Edad").select_option("18+")
    phone.page.get_by_label("La persona acepta").check()
    phone.page.get_by_role("button", name="Guardar y sellar").click()

    expect(phone.page.get_by_text("Ficha guardada y sellada", exact=True)).to_be_visible()
    expect(phone.page.locator(".practice")).to_contain_text(BANNER)
    assert "Ejemplo" not in "".join(phone.page.evaluate(DUMP))
    phone.follow("Terminar", "inicio")
    ready = phone.page.locator("[data-ready]:not([hidden])")
    expect(ready, "the program is here, and no list").to_have_attribute("data-state", "missing")
    assert phone.complaints == []
    phone.page.close()
