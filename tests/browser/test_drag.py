"""Dragging a session to another day: the form opens with that day, and nothing is saved before it is sent."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.scanner import PHONE
from tests.browser.telephone import Telephone


def test_session_is_moved_only_by_its_form_to_which_mouse_and_keyboard_lead(coordinator: Telephone) -> None:
    session = month_with_sessions(coordinator)
    drop_on_its_own_day(session)
    drag_to_another_day(session, coordinator.origin)
    lead_by_keyboard(session)
    session.page.go_back()
    lead_from_the_grid_to_the_day(session.page)


def month_with_sessions(coordinator: Telephone) -> Locator:
    """The first session that can be moved, in the month in which there is one."""
    page = coordinator.open("/panel/mes")
    for _month in range(3):
        page.wait_for_load_state("load")  # of a month that is not whole yet the last days are missing
        movable = page.locator('.cal [data-move^="/panel/sesiones/"]')
        if movable.count():
            return movable.first
        with page.expect_navigation():
            page.get_by_role("link", name="Siguiente").click()
    raise AssertionError("no session to move within three months")


def drop_on_its_own_day(session: Locator) -> None:
    address = session.page.url

    session.drag_to(day_of(session).locator("h2"))

    assert session.page.url == address


def day_of(session: Locator) -> Locator:
    return session.locator("xpath=ancestor::li[@data-day]")


def drag_to_another_day(session: Locator, origin: str) -> None:
    """Nothing is saved before the form is sent."""
    page, day = session.page, day_of(session)
    address, title = page.url, session.locator("a").first.inner_text()
    form, from_day = session.get_attribute("data-move"), day.get_attribute("data-day")
    target = day_beside(day)
    to_day = target.get_attribute("data-day")

    session.drag_to(target)
    expect(page).to_have_url(f"{origin}{form}?dia={to_day}")
    expect(page.get_by_label("Día")).to_have_value(to_day or "")
    page.goto(address)

    still = page.locator(f'.cal > li[data-day="{from_day}"] [data-move="{form}"]')
    expect(still.locator("a").first).to_have_text(title)


def day_beside(day: Locator) -> Locator:
    """In the same week, so that both are in sight, whatever the month is like."""
    beside = (day.locator(f"xpath={side}-sibling::li[@data-day][1]") for side in ("following", "preceding"))
    return next(other for other in beside if other.count() and top_of(other) == top_of(day))


def top_of(day: Locator) -> float:
    box = day.bounding_box()
    assert box
    return box["y"]


def lead_by_keyboard(session: Locator) -> None:
    session.locator("a").first.focus()

    session.page.keyboard.press("Tab")
    session.page.keyboard.press("Enter")

    expect(session.page).to_have_url(re.compile(r"/panel/sesiones/[0-9a-f-]+/mover$"))


def lead_from_the_grid_to_the_day(page: Page) -> None:
    """On a telephone."""
    page.set_viewport_size(PHONE)

    page.locator(".dots a").last.click()

    expect(page.locator(".cal > :target")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
