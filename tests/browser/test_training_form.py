"""A training from a course: everything it needs stands on one screen, and few steps save it, with the keyboard too."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, Position, expect

from tests.browser.telephone import Telephone

NEEDED = ("Curso", "Día", "Empieza", "Termina", "Lugar (opcional)", "Cupo", "Desde qué edad")
SAVE = "Guardar el borrador"

DECIDE_S, POINT_S, KEY_S, MOST_S = 1.35, 1.3, 1.2, 90
"""Of the keystroke-level model (Card, Moran and Newell 1980): to know what comes next, to point and click, and a key of
somebody who does not know the keyboard.
"""
BEGINNING = Position(x=15, y=15)
"""Of a date, its day."""


def test_training_is_made_from_a_course_in_five_steps_by_keyboard(coordinator: Telephone) -> None:
    page = coordinator.open("/panel/capacitaciones/nueva")
    page.set_viewport_size({"width": 1280, "height": 800})

    assert out_of_sight(page) == []
    choose_the_first_course(page)
    expect(page.get_by_label("Termina", exact=True)).not_to_have_value("")
    page.get_by_label("Día", exact=True).fill("2031-03-05")
    page.get_by_label("Lugar (opcional)", exact=True).select_option(index=1)
    page.get_by_label("Cupo", exact=True).press("Enter")

    expect(page).to_have_url(re.compile(r"/panel/capacitaciones/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", name="Borrador")).to_be_visible()


def test_training_is_made_from_a_course_and_published_in_ninety_seconds(coordinator: Telephone) -> None:
    """By somebody slow with mouse and keyboard. Nobody waits: what such a person needs is added up."""
    page, pauses = coordinator.open("/panel"), 0.0
    page.set_viewport_size({"width": 1280, "height": 800})

    def click(what: Locator) -> None:
        nonlocal pauses
        pauses += DECIDE_S + POINT_S
        what.click(position=BEGINNING)

    def write(what: Locator, keys: str) -> None:
        nonlocal pauses
        click(what)
        pauses += len(keys) * KEY_S
        page.keyboard.type(keys)

    def choose(what: Locator, number: int) -> None:
        """In the list that opens: read, point, click."""
        nonlocal pauses
        pauses += 2 * (DECIDE_S + POINT_S)
        what.select_option(index=number)

    click(page.get_by_role("navigation").get_by_role("link", name="Capacitaciones"))
    click(page.get_by_role("link", name="Nueva capacitación"))
    course = page.get_by_label("Curso", exact=True)
    choose(course, 1)
    with page.expect_navigation():
        course.blur()
    write(page.get_by_label("Día", exact=True), "05052031")
    choose(page.get_by_label("Lugar (opcional)", exact=True), 1)
    page.get_by_label("Cupo", exact=True).fill("")
    write(page.get_by_label("Cupo", exact=True), "25")
    click(page.get_by_role("button", name=SAVE, exact=True))
    click(page.get_by_role("button", name="Solo con enlace"))
    expect(page.get_by_role("heading", name="Solo con enlace")).to_be_visible()

    expect(page.get_by_text("lunes 5 de mayo de 2031").first).to_be_visible()
    assert pauses < MOST_S


def out_of_sight(page: Page) -> list[str]:
    fields = {name: page.get_by_label(name, exact=True) for name in NEEDED} | {
        SAVE: page.get_by_role("button", name=SAVE, exact=True),
        "Para quién": page.get_by_text("Para quién", exact=True),
    }
    boxes = {name: field.bounding_box() for name, field in fields.items()}
    return [name for name, box in boxes.items() if box is None or box["y"] + box["height"] > 800]


def choose_the_first_course(page: Page) -> None:
    """With an arrow: the page comes back filled in when the list is left."""
    page.get_by_label("Curso", exact=True).press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Tab")
