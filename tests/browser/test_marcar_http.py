"""Shown in an office over plain http: neither camera nor encryption opens there, and the page says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.fakecam import OFFICE
from tests.browser.marcar import APP
from tests.browser.scanner import PHONE
from tests.database import put_template
from tests.processes import running

KEPT = """async () => {
  const done = (asked) => new Promise((yes, no) => { asked.onsuccess = () => yes(asked.result); asked.onerror = no; });
  const store = await done(indexedDB.open("marcar"));
  const counted = ["events", "rosters"].map((name) => done(store.transaction(name).objectStore(name).count()));
  const kept = (await Promise.all(counted)).reduce((sum, n) => sum + n, 0);
  store.close();
  return kept;
}"""
"""Marks and lists in the store that the panel's page and the app share."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("office")
    put_template(folder)
    with running("tests.browser.app_server", folder, OFFICE) as server:
        yield server.made


def signed_in(browser: Browser, made: dict[str, Any], *, scripts: bool = True) -> tuple[BrowserContext, Page]:
    """The page of the first session, as who facilitates it."""
    context = browser.new_context(viewport=PHONE, locale="es-GT", java_script_enabled=scripts)
    context.add_cookies([{"name": "staff", "value": made["cookie"], "url": made["origin"]}])
    page = context.new_page()
    page.goto(f"{made['origin']}/panel/sesiones/{made['sessions'][0]['session']}/asistencia")
    return context, page


def test_phone_without_https_then_words_say_what_to_do_and_codes_are_typed_in_the_panel(
    browser: Browser, made: dict[str, Any]
) -> None:
    ana, byron, *_ = made["sessions"][0]["people"]
    context, page = signed_in(browser, made)
    assert page.evaluate("() => isSecureContext") is False
    page.get_by_role("button", name="Preparar este teléfono").click()
    expect(page).to_have_url(made["origin"] + APP)
    expect(page.get_by_role("heading", name="Esta dirección no sirve para marcar sin señal")).to_be_visible()
    expect(page.locator("main")).to_contain_text("una dirección que empieza con https")
    expect(page.locator("main")).to_contain_text("no se perdió")
    assert page.evaluate(KEPT) == 0, "no mark and no list is kept where nothing leads out"

    page.get_by_role("link", name="Marcar por código en el panel").click()
    expect(page).to_have_url(f"{made['origin']}/panel")
    page.goto(f"{made['origin']}/panel/sesiones/{made['sessions'][0]['session']}/asistencia")
    page.get_by_role("button", name="Encender cámara").click()
    expect(page.locator("[data-lens-note]")).to_contain_text("La cámara solo funciona en una dirección con https")
    context.set_offline(True)
    page.get_by_label("Código del boleto").fill(ana["short_code"])
    page.get_by_role("button", name="Marcar", exact=True).click()
    expect(page.locator("[data-sync]")).to_contain_text("1")
    context.set_offline(False)
    # Where it has sent by itself meanwhile, the button is gone already.
    page.evaluate("() => document.querySelector('[data-send-now]').click()")
    expect(page.locator("[data-present]")).to_have_text("1")
    context.close()

    context, page = signed_in(browser, made, scripts=False)
    page.get_by_label("Código del boleto").fill(byron["short_code"])
    page.get_by_role("button", name="Marcar", exact=True).click()
    expect(page.locator("[data-present]")).to_have_text("2")
    page.goto(made["origin"] + APP)
    page.get_by_role("link", name="Marcar por código en el panel").click()
    expect(page).to_have_url(f"{made['origin']}/panel")
    context.close()
