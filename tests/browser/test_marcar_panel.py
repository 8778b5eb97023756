"""The app and the panel in one browser: neither says that all is sent while the other keeps marks; signing out asks."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.marcar import Person, Phone, Village


def test_marks_that_wait_in_one_browser_are_told_of_by_app_and_panel(phone: Phone, village: Village) -> None:
    ana, byron, carla = village.people(3)
    pocket = phone.context
    pocket.add_cookies([{"name": "staff", "value": village.made["desk"], "url": village.origin}])
    panel = mark_in_the_panel(phone, ana)
    mark_in_the_app(phone, panel, byron)
    sign_out(phone, panel, carla)


def door_of(village: Village) -> str:
    return f"{village.origin}/panel/sesiones/{village.made['session']}/asistencia"


def mark_in_the_panel(phone: Phone, person: Person) -> Page:
    """Somebody marked there, lost the signal, and looks at the app. Gives the window to which it leads."""
    village, pocket = phone.village, phone.context
    panel = pocket.new_page()
    panel.goto(door_of(village))
    pocket.route("**/asistencia/marcas", lambda route: route.abort())
    panel.get_by_label("Código del boleto").fill(person.short_code)
    panel.get_by_role("button", name="Marcar", exact=True).click()
    expect(panel.locator(".answer [data-state=kept]")).to_be_visible()
    panel.close()

    phone.page.bring_to_front()
    phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    phone.expect_queue("1 marca del panel por enviar")
    pocket.unroute("**/asistencia/marcas")
    with pocket.expect_page() as opening:
        phone.page.get_by_role("link", name="Enviarlas en el panel").click(modifiers=["Control"])
    expect(opening.value.locator("[data-sync]")).to_have_text("Todo enviado")
    phone.page.bring_to_front()
    phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

    phone.expect_queue("Todo enviado")
    assert village.presences_of(person) == 1
    return opening.value


def mark_in_the_app(phone: Phone, panel: Page, person: Person) -> None:
    village, pocket = phone.village, phone.context
    pocket.route("**/marcar/api/marcas", lambda route: route.abort())
    phone.type_code(person.token)
    phone.expect_answer("present", person.name)

    panel.reload()
    expect(panel.locator("[data-sync]")).to_have_text("Sin enviar en «Marcar llegadas» de este teléfono: 1")
    pocket.unroute("**/marcar/api/marcas")

    # The panel sends what the phone marked, by the phone's own cookie.
    panel.reload()
    expect(panel.locator("[data-sync]")).to_have_text("Todo enviado")
    assert village.presences_of(person) == 1
    phone.page.bring_to_front()
    phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    phone.expect_queue("Todo enviado")


def sign_out(phone: Phone, panel: Page, person: Person) -> None:
    """It asks first, and every mark is still here."""
    village, pocket = phone.village, phone.context
    pocket.route("**/marcar/api/marcas", lambda route: route.abort())
    phone.type_code(person.token)
    phone.expect_answer("present", person.name)

    asked = panel.get_by_role("dialog", name="Este aparato guarda 1 marca sin enviar")
    panel.get_by_text("Cuenta", exact=True).click()
    panel.get_by_role("button", name="Salir", exact=True).click()
    asked.get_by_role("button", name="No salir todavía").click()
    expect(asked).to_be_hidden()
    expect(panel).to_have_url(door_of(village))
    panel.get_by_text("Cuenta", exact=True).click()
    panel.get_by_role("button", name="Salir", exact=True).click()
    asked.get_by_role("button", name="Salir de todos modos").click()
    expect(panel).not_to_have_url(door_of(village))
    pocket.unroute("**/marcar/api/marcas")
    phone.reload()

    # Opened anew, it sends by itself.
    phone.expect_count(2)
    phone.expect_queue("Todo enviado")
    assert village.presences_of(person) == 1
