"""A training from a course: everything it needs stands on one screen, and few steps save it, with the keyboard too."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.telephone import Telephone

NEEDED = ("Curso", "Día", "Empieza", "Termina", "Lugar (opcional)", "Cupo", "Desde qué edad")
SAVE = "Guardar el borrador"


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
