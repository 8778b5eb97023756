"""Shown in an office over plain http: neither camera nor encryption opens there, and the page says what to do."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.marcar import APP, Village, of_store
from tests.browser.marcar_server import OFFICE
from tests.browser.scanner import PHONE, Scanner

KEPT = [of_store(store, "count()") for store in ("events", "rosters")]
"""Marks and lists in the store that the panel's page and the app share."""


def signed_in(browser: Browser, office: Village, *, scripts: bool = True) -> Scanner:
    context = browser.new_context(viewport=PHONE, locale="es-GT", java_script_enabled=scripts)
    scanner = Scanner(context.new_page(), office)
    scanner.sign_in()
    return scanner


def test_phone_without_https_then_words_say_what_to_do_and_codes_are_typed_in_the_panel(
    browser: Browser, first_village: Village
) -> None:
    office = first_village.another(n_people=1, n_phones=0)
    office.made["origin"] = office.origin.replace("localhost", OFFICE)
    scanner = signed_in(browser, office)
    page = scanner.page
    page.goto(scanner.address)
    assert page.evaluate("() => isSecureContext") is False
    page.get_by_role("button", name="Preparar este teléfono").click()
    expect(page).to_have_url(office.origin + APP)
    expect(page.get_by_role("heading", name="Esta dirección no sirve para marcar sin señal")).to_be_visible()
    expect(page.locator("main")).to_contain_text("una dirección que empieza con https")
    expect(page.locator("main")).to_contain_text("no se perdió")
    assert [page.evaluate(one) for one in KEPT] == [0, 0], "no mark and no list is kept where nothing leads out"
    to_panel(page, office)

    page.goto(scanner.address)
    page.get_by_role("button", name="Encender cámara").click()
    expect(page.locator("[data-lens-note]")).to_contain_text("La cámara solo funciona en una dirección con https")
    scanner.type_code(office.people(1)[0].short_code)
    scanner.expect_answer("present")
    page.context.close()

    page = signed_in(browser, office, scripts=False).page
    page.goto(office.origin + APP)
    to_panel(page, office)
    page.context.close()


def to_panel(page: Page, office: Village) -> None:
    page.get_by_role("link", name="Marcar por código en el panel").click()
    expect(page).to_have_url(f"{office.origin}/panel")
