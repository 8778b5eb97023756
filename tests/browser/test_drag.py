"""Dragging a session to another day: the form opens with that day, and nothing is saved before it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, ViewportSize, expect

from tests.browser.steps import Watch

WIDE, PHONE = ViewportSize(width=1280, height=1000), ViewportSize(width=360, height=740)


@pytest.fixture
def origin(demo_site: str) -> str:
    return demo_site


@pytest.fixture
def page(browser: Browser, origin: str, signed_in: Callable[[str], StorageState]) -> Iterator[Page]:
    watch = Watch()
    context = browser.new_context(locale="es-GT", storage_state=signed_in("coordina"), viewport=WIDE)
    watch.over(context)
    page = context.new_page()
    yield page
    context.close()
    assert watch.complaints == []


def month_with_sessions(page: Page, origin: str) -> Locator:
    """The first session that can be moved, in the month in which there is one."""
    page.goto(f"{origin}/panel/mes")
    for _month in range(3):
        page.wait_for_load_state("load")  # of a month that is not whole yet the last days are missing
        movable = page.locator('.cal [data-move^="/panel/sesiones/"]')
        if movable.count():
            return movable.first
        with page.expect_navigation():
            page.get_by_role("link", name="Siguiente").click()
    raise AssertionError("no session to move within three months")


def test_session_dragged_to_another_day_is_moved_only_by_its_form(page: Page, origin: str) -> None:
    session = month_with_sessions(page, origin)
    address, title = page.url, session.locator("a").first.inner_text()
    form, day = session.get_attribute("data-move"), session.locator("xpath=ancestor::li[@data-day]")
    from_day = day.get_attribute("data-day")
    # A day beside it: both are in sight, whatever the month is like.
    after, before = (day.locator(f"xpath={side}-sibling::li[@data-day][1]") for side in ("following", "preceding"))
    target = after if after.count() else before
    to_day = target.get_attribute("data-day")

    session.drag_to(target)
    expect(page).to_have_url(f"{origin}{form}?dia={to_day}")
    expect(page.get_by_label("Día")).to_have_value(to_day or "")
    page.goto(address)

    still = page.locator(f'.cal > li[data-day="{from_day}"] [data-move="{form}"]')
    expect(still.locator("a").first).to_have_text(title)


def test_session_dropped_on_its_own_day_stays(page: Page, origin: str) -> None:
    session = month_with_sessions(page, origin)
    address = page.url

    session.drag_to(session.locator("xpath=ancestor::li[@data-day]").locator("h2"))

    assert page.url == address


def test_keyboard_reaches_the_form_that_moves_a_session(page: Page, origin: str) -> None:
    session = month_with_sessions(page, origin)
    session.locator("a").first.focus()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/panel/sesiones/[0-9a-f-]+/mover$"))


def test_month_on_a_telephone_leads_from_the_grid_to_the_day(page: Page, origin: str) -> None:
    page.set_viewport_size(PHONE)
    month_with_sessions(page, origin)
    day = page.locator(".dots a").last

    day.click()

    expect(page.locator(".cal > :target")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
