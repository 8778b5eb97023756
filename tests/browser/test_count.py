"""Counting heads in a browser: at once on the screen, once on the server, also without signal and without script.

That a touch is sent until it is answered, and counts once, is shown with the marks of the door, which wait in the same
store and go out by the same sender: `tests/attendance/phone/panel.test.mjs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.browser.marcar import of_store
from tests.browser.scanner import wait_until
from tests.browser.steps import FITS, Keep

PHONE: dict[str, Any] = {"viewport": ViewportSize(width=360, height=740), "has_touch": True}
NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640), "java_script_enabled": False}
TODAY = "Jornada comunitaria: mi documento, mi derecho"
N_UNSENT = of_store("events", "count()")
CHANGED = """(act) => new Promise((done) => {
    indexedDB.open('marcar').onsuccess = ({ target: { result: db } }) => {
        const transaction = db.transaction('events', 'readwrite');
        const mark = { id: '0', scope: 's', waiting: 2, event: { id: '0', session: 's' } };
        transaction.objectStore('events')[act](act === 'put' ? mark : mark.id);
        transaction.oncomplete = () => { db.close(); done(true); };
    };
})"""


@pytest.fixture(scope="module")
def address(browser: Browser, demo_site: str, signed_in: Keep) -> str:
    """Where today's activity is counted."""
    with browser.new_context(locale="es-GT", storage_state=signed_in("facilita")) as context:
        # In the evening it is over, and can still be counted.
        lists = [f"{demo_site}/panel/actividades{when}" for when in ("", "?cuando=pasadas")]
        shown = "".join(context.request.get(one).text() for one in lists)
        [path, *_] = re.findall(f'href="(/panel/actividades/[^"/?]+)"[^>]*>{TODAY}', shown)
        return f"{demo_site}{path}/conteo"


@pytest.fixture
def counter(browser: Browser, address: str, signed_in: Keep, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The counter of today's activity, in a browser as the test asks for it."""
    options = getattr(request, "param", PHONE)
    context = browser.new_context(locale="es-GT", storage_state=signed_in("facilita"), **options)
    page = context.new_page()
    page.goto(address)  # until it has loaded: before its script runs each button is a form
    yield page
    context.close()


def button(page: Page, cell: str) -> Locator:
    return page.locator(f'button[value="{cell}"]')


def number(page: Page, cell: str) -> int:
    return int(button(page, cell).locator("b").inner_text())


def expect_number(page: Page, cell: str, n: int) -> None:
    expect(button(page, cell).locator("b")).to_have_text(str(n))


def expect_kept(page: Page, n: int) -> None:
    wait_until(page, f"async () => (await ({N_UNSENT})()) === {n}")


def test_touches_count_at_once_and_what_cannot_be_sent_is_told_and_sent_later(counter: Page) -> None:
    count_for_thumbs(counter)
    count_without_signal_in_two_windows(counter)
    count_beside_a_mark_that_is_refused(counter)
    count_what_is_refused_until_it_is_not(counter)
    count_where_it_was_cancelled(counter)
    count_after_the_session_ended(counter)


def count_for_thumbs(page: Page) -> None:
    boxes = [one.bounding_box() for one in page.locator(".buttons button").all()]
    assert len(boxes) == 12
    assert all(box is not None and min(box["width"], box["height"]) >= 64 for box in boxes)
    assert page.evaluate(FITS)

    before = number(page, "mujer:18-59")
    page.evaluate("() => { globalThis.isSamePage = true }")
    for _touch in range(5):
        button(page, "mujer:18-59").tap()
    expect_number(page, "mujer:18-59", before + 5)
    page.get_by_role("button", name="Deshacer el último").tap()
    expect_number(page, "mujer:18-59", before + 4)
    total = page.locator("[data-total]").inner_text()
    expect(page.locator("[data-heads]")).to_have_text("persona" if total == "1" else "personas")
    expect_kept(page, 0)
    assert page.evaluate("() => globalThis.isSamePage"), "without script the page is loaded anew"
    page.reload()

    assert number(page, "mujer:18-59") == before + 4
    expect(page.locator("[data-unsent]")).to_be_hidden()


def count_without_signal_in_two_windows(page: Page) -> None:
    """Opened anew, the page takes back what an earlier visit could not send. What another sends counts here once."""
    before = number(page, "hombre:60+")
    page.route("**/toques", lambda route: route.abort())
    for _touch in range(3):
        button(page, "hombre:60+").tap()
    expect(page.locator("[data-unsent]")).to_contain_text("3 sin enviar Sin señal: siga contando.")
    expect_number(page, "hombre:60+", before + 3)
    expect_kept(page, 3)
    page.reload()
    expect_number(page, "hombre:60+", before + 3)
    expect(page.locator("[data-unsent]")).to_contain_text("3 sin enviar")
    page.get_by_role("button", name="Deshacer el último").tap()
    expect_number(page, "hombre:60+", before + 2)
    other = page.context.new_page()
    other.goto(page.url)
    expect_kept(other, 0)
    other.close()
    page.unroute_all()

    for _touch in range(2):
        with page.expect_response("**/toques"):
            button(page, "hombre:60+").tap()

    expect_number(page, "hombre:60+", before + 4)
    expect_kept(page, 0)
    page.reload()
    assert number(page, "hombre:60+") == before + 4


def count_beside_a_mark_that_is_refused(page: Page) -> None:
    """What another page's mark met is not said of these heads."""
    page.route("**/asistencia/marcas", lambda route: route.fulfill(status=404))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/toques", hold)
    page.evaluate(CHANGED, "put")

    button(page, "nd:60+").tap()

    expect(page.locator("[data-unsent]")).to_be_visible()
    expect(page.locator("[data-unsent]")).to_have_text("1 sin enviar")
    for route in held:
        route.abort()
    page.unroute_all()
    page.evaluate(CHANGED, "delete")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("[data-unsent]")).to_be_hidden()


def count_what_is_refused_until_it_is_not(page: Page) -> None:
    """Without being opened anew: as soon as somebody looks at it again."""
    page.route("**/toques", lambda route: route.fulfill(status=403))
    button(page, "nd:60+").tap()
    expect(page.locator("[data-why]")).to_contain_text("No se pudo guardar.")

    page.unroute_all()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("[data-unsent]")).to_be_hidden()
    expect_kept(page, 0)


def count_where_it_was_cancelled(page: Page) -> None:
    """What the server says beside its answer is shown, until the next touch is answered without it."""
    told = "Lo contado está guardado, pero esta actividad se canceló."
    page.route("**/toques", lambda route: route.fulfill(json={**route.fetch().json(), "told": told}))
    button(page, "nd:60+").tap()
    expect(page.locator("[data-unsent]")).to_have_text(told)
    page.unroute_all()

    button(page, "nd:60+").tap()

    expect(page.locator("[data-unsent]")).to_be_hidden()
    expect_kept(page, 0)


def count_after_the_session_ended(page: Page) -> None:
    """It is said, and nothing is lost."""
    page.context.clear_cookies()

    button(page, "mujer:12-17").tap()

    expect(page.locator("[data-unsent]")).to_contain_text("Su sesión terminó.")
    expect_kept(page, 1)


@pytest.mark.parametrize("counter", [NARROW], indirect=True)
def test_counting_works_without_script_on_the_narrowest_phone(counter: Page) -> None:
    before = number(counter, "hombre:0-11")

    button(counter, "hombre:0-11").click()
    expect_number(counter, "hombre:0-11", before + 1)
    counter.get_by_role("button", name="Deshacer el último").click()

    expect_number(counter, "hombre:0-11", before)
    assert counter.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
