"""Counting heads in a browser: at once on the screen, once on the server, also without signal and without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, ViewportSize, expect

from tests.browser.scanner import HASTEN

PHONE: dict[str, Any] = {"viewport": ViewportSize(width=360, height=740), "has_touch": True}
NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640), "java_script_enabled": False}
PAST = "pasadas"
TODAY = "Jornada comunitaria: mi documento, mi derecho"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


Keep = Callable[[str], StorageState]


@pytest.fixture(scope="module")
def address(browser: Browser, demo_site: str, signed_in: Keep) -> str:
    """Where today's activity is counted."""
    with browser.new_context(locale="es-GT", storage_state=signed_in("facilita")) as context:
        page = context.new_page()
        page.goto(f"{demo_site}/panel/actividades")
        if not page.get_by_role("link", name=TODAY).is_visible():
            # It is evening already: what is over can still be counted.
            page.goto(f"{demo_site}/panel/actividades?cuando={PAST}")
        page.get_by_role("link", name=TODAY).click()
        page.get_by_role("link", name="Contar personas").click()
        expect(page.locator(".buttons button")).to_have_count(12)
        return page.url


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


def unsent(page: Page) -> Locator:
    return page.locator("[data-unsent]")


def leave_nothing_unsent(page: Page) -> None:
    """Wait until the device keeps no touch any more."""
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('conteo:'))")


def test_touches_count_at_once_and_stay_counted(counter: Page) -> None:
    before = number(counter, "mujer:18-59")
    total, words = counter.locator("[data-total]"), counter.locator("[data-heads]")
    counter.evaluate("() => { globalThis.isSamePage = true }")

    for _touch in range(5):
        button(counter, "mujer:18-59").tap()
    expect(button(counter, "mujer:18-59").locator("b")).to_have_text(str(before + 5))
    counter.get_by_role("button", name="Deshacer el último").tap()
    expect(button(counter, "mujer:18-59").locator("b")).to_have_text(str(before + 4))
    expect(words).to_have_text("persona" if total.inner_text() == "1" else "personas")
    leave_nothing_unsent(counter)
    assert counter.evaluate("() => globalThis.isSamePage"), "without script the page is loaded anew"
    counter.reload()

    assert number(counter, "mujer:18-59") == before + 4
    expect(unsent(counter)).to_be_hidden()


def test_buttons_are_for_a_thumb(counter: Page) -> None:
    boxes = [one.bounding_box() for one in counter.locator(".buttons button").all()]

    assert len(boxes) == 12
    assert all(box is not None and min(box["width"], box["height"]) >= 64 for box in boxes)
    assert counter.evaluate(FITS)


def test_what_cannot_be_sent_stays_in_sight_and_is_sent_later(counter: Page) -> None:
    context: BrowserContext = counter.context
    before = number(counter, "hombre:60+")

    context.set_offline(True)
    for _touch in range(3):
        button(counter, "hombre:60+").tap()
    expect(unsent(counter)).to_contain_text("3 sin enviar")
    expect(button(counter, "hombre:60+").locator("b")).to_have_text(str(before + 3))
    context.set_offline(False)
    expect(unsent(counter)).to_be_hidden()
    leave_nothing_unsent(counter)
    counter.reload()

    assert number(counter, "hombre:60+") == before + 3


def test_an_answer_that_got_lost_does_not_count_twice(counter: Page) -> None:
    before = number(counter, "nd:12-17")
    lost: list[Any] = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    counter.evaluate(HASTEN)
    counter.route("**/toques", lose)
    button(counter, "nd:12-17").tap()
    # That one waits is shown for a moment only: how long is not what this is about.
    expect(button(counter, "nd:12-17").locator("b")).to_have_text(str(before + 1))
    leave_nothing_unsent(counter)
    counter.reload()

    assert len(lost) == 1
    assert number(counter, "nd:12-17") == before + 1


def test_touches_of_a_closed_page_are_sent_by_the_next_one(counter: Page) -> None:
    context, address = counter.context, counter.url
    before = number(counter, "mujer:0-11")
    counter.route("**/toques", lambda route: route.abort())
    button(counter, "mujer:0-11").tap()
    expect(unsent(counter)).to_contain_text("1 sin enviar")
    counter.close()

    page = context.new_page()
    page.goto(address)
    expect(button(page, "mujer:0-11").locator("b")).to_have_text(str(before + 1))
    leave_nothing_unsent(page)
    page.reload()

    assert number(page, "mujer:0-11") == before + 1


def test_session_that_ended_is_said_and_nothing_is_lost(counter: Page) -> None:
    counter.context.clear_cookies()

    button(counter, "mujer:12-17").tap()

    expect(unsent(counter)).to_contain_text("Su sesión terminó.")
    assert counter.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('conteo:')).length") == 1


@pytest.mark.parametrize("counter", [NARROW], indirect=True)
def test_counting_works_without_script_on_the_narrowest_phone(counter: Page) -> None:
    before = number(counter, "hombre:0-11")

    button(counter, "hombre:0-11").click()
    expect(button(counter, "hombre:0-11").locator("b")).to_have_text(str(before + 1))
    counter.get_by_role("button", name="Deshacer el último").click()

    expect(button(counter, "hombre:0-11").locator("b")).to_have_text(str(before))
    assert counter.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
