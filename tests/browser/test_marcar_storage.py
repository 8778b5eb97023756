"""All that a phone keeps after a morning in the demo world, searched for everybody in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import demo
from tests.browser.marcar import OPEN
from tests.browser.scanner import OLD, PHONE, wait_for
from tests.browser.steps import Keep
from tests.processes import ASKING, environment, said
from trainings.attendance.phones import shell
from trainings.lib import tokens

EVERYTHING = """async () => {
    const asked = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const found = { cookies: document.cookie, local: { ...localStorage }, session: { ...sessionStorage } };
    for (const { name } of await indexedDB.databases()) {
        const db = await asked(indexedDB.open(name));
        for (const store of db.objectStoreNames) {
            const kept = db.transaction(store).objectStore(store);
            found[`${name}.${store}`] = [await asked(kept.getAllKeys()), await asked(kept.getAll())];
        }
        db.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
            found[request.url] = new TextDecoder().decode(bytes);
        }
    }
    return found;
}"""

USUAL_NAME = re.compile(r"^Teléfono de Marta( \d+)?$")

COMPLETE = """async (n) => {
    for (let found = -1; found !== n; await new Promise((later) => setTimeout(later, 100))) {
        found = 0;
        for (const name of await caches.keys()) found += (await (await caches.open(name)).keys()).length;
    }
}"""


@pytest.fixture(scope="module")
def world(demo_site: str, demo_folder: Path) -> tuple[str, dict[str, Any]]:
    """The address of the demo world, and whom it knows."""
    told = said("tests.browser.demo_people", env=environment(demo_folder, base_url=demo_site, **demo.SETTINGS))
    return demo_site, json.loads(told)


def prepared(page: Page, origin: str) -> None:
    """By who facilitates, with the button of the panel; it gives the phone their name."""
    page.goto(f"{origin}/panel/telefonos/este")
    expect(page.get_by_label("Nombre del teléfono")).to_have_value(USUAL_NAME)
    page.get_by_role("button", name="Preparar este teléfono").click()
    expect(page.locator("[data-ready] [data-yes]")).to_be_visible()
    expect(page.locator("[data-phone]")).to_have_text(USUAL_NAME)


def marked(page: Page, code: str, text: str) -> None:
    page.evaluate(OLD)
    page.get_by_label("Código del boleto").fill(code)
    page.get_by_role("button", name="Marcar", exact=True).click()
    wait_for(page, ".answer [data-state]:not([data-old])")
    expect(page.locator(".answer .result:visible")).to_contain_text(text)


def test_storage_of_a_phone_when_dumped_then_nobody_of_the_demo_world_is_in_it(
    browser: Browser, signed_in: Keep, world: tuple[str, dict[str, Any]]
) -> None:
    origin, known = world
    context = browser.new_context(viewport=PHONE, locale="es-GT", storage_state=signed_in("facilita"))
    page = context.new_page()
    prepared(page, origin)
    page.goto(f"{origin}/marcar/#/marcar/{known['session']}")
    page.wait_for_function(OPEN, arg="marcar")

    for ticket in known["tickets"][:6]:
        marked(page, ticket["token"], ticket["name"])
    for ticket in known["tickets"][6:8]:
        marked(page, ticket["short_code"], tokens.show_short_code(ticket["short_code"]))
    page.evaluate(COMPLETE, len(shell.precached()))
    kept = page.evaluate(EVERYTHING)

    program = {address: kept.pop(address) for address in list(kept) if address.startswith(origin)}
    given = {address: ASKING.get(address).content.decode(errors="replace") for address in program}
    assert program == given, "the program is the same for everybody"
    events, rosters = kept["marcar.events"][1], kept["marcar.rosters"][1]
    assert len(events) == 8
    assert len({person[0] for one in rosters for person in one["people"]}) > 20, "there is something to be read"
    assert kept["cookies"] == ""
    assert len(known["secrets"]) > 1_000
    text = json.dumps(kept, ensure_ascii=False).casefold()
    # Anywhere first: to look for whole words alone takes a hundred times as long.
    inside = [secret for secret in map(str.casefold, known["secrets"]) if secret in text]
    assert [secret for secret in inside if re.search(rf"\b{re.escape(secret)}\b", text)] == []
    context.close()
