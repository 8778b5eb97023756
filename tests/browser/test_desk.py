"""The desk by keyboard alone, and without script on the narrowest phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.steps import Keep, Watch

WIDE: dict[str, Any] = {"viewport": ViewportSize(width=1280, height=900)}
NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640), "java_script_enabled": False}
WIDTH = "() => document.documentElement.scrollWidth"
TITLE = "Riesgos de la migración irregular: mitos y realidades"
MOST_STOPS = 8
"""Between the first letter of a name and the answer "sí": more would not be half a minute."""


@pytest.fixture(scope="module")
def address(browser: Browser, demo_site: str, signed_in: Keep) -> str:
    """The form for a training that is on now."""
    with browser.new_context(locale="es-GT", storage_state=signed_in("asistente")) as context:
        page = context.new_page()
        page.goto(f"{demo_site}/panel/capacitaciones?q=Riesgos&estado=published")
        page.get_by_role("link", name=TITLE).first.click()
        page.get_by_role("link", name="Inscribir a alguien").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Inscribir a una persona")
        return page.url


@pytest.fixture
def desk(browser: Browser, address: str, signed_in: Keep, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The form of the desk, in a browser as the test asks for it."""
    watch = Watch()
    context = browser.new_context(locale="es-GT", storage_state=signed_in("asistente"), **request.param)
    watch.over(context)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()
    assert watch.complaints == []


def tabbed(page: Page, *typed: str) -> int:
    """Type what is given, one field after the other; how many stops that took."""
    for stop, words in enumerate(typed):
        if stop:
            page.keyboard.press("Tab")
        page.keyboard.type(words)
    return len(typed)


@pytest.mark.parametrize("desk", [WIDE], indirect=True)
def test_person_is_signed_up_without_the_mouse_and_enter_leads_to_the_next(desk: Page) -> None:
    expect(desk.get_by_label("Nombres")).to_be_focused()

    n_stops = tabbed(desk, "Rosaura", "Tz’unun", "", "Las Pozas", "Docente", "41234567", " ")
    expect(desk.get_by_label("Dijo que sí", exact=True)).to_be_checked()
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("heading", name="Rosaura Tz’unun")).to_be_visible()
    expect(desk.get_by_role("link", name="Siguiente persona")).to_be_focused()
    assert n_stops <= MOST_STOPS
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Nombres")).to_be_focused()
    expect(desk.get_by_label("Nombres")).to_have_value("")
    expect(desk.get_by_label("Viene como")).to_have_value("docente")
    expect(desk.get_by_label("Municipio donde vive")).to_have_value("1705")


@pytest.mark.parametrize("desk", [WIDE], indirect=True)
def test_enter_saves_a_family_too_and_takes_nobody_off_the_form(desk: Page) -> None:
    expect(desk.get_by_label("Nombres")).to_be_focused()
    tabbed(desk, "Rosaura", "Tz’unun", "", "", "Docente", "", " ")
    desk.get_by_role("button", name="Agregar a alguien de su familia").click()
    second = desk.get_by_role("group", name="Persona 2")
    expect(second.get_by_label("Nombres")).to_be_focused()

    tabbed(desk, "Ixmucané", "Tz’unun", " ")
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("heading", name="Rosaura Tz’unun")).to_be_visible()
    expect(desk.get_by_role("heading", name="Ixmucané Tz’unun")).to_be_visible()


@pytest.mark.parametrize("desk", [NARROW], indirect=True)
def test_family_by_whatsapp_without_script_and_pages_of_answers_fit_the_narrowest_phone(
    desk: Page, demo_site: str
) -> None:
    desk.get_by_label("Escribe por WhatsApp").check()
    desk.get_by_label("Nombres").fill("Rosaura")
    desk.get_by_label("Apellidos").fill("Tz’unun")
    desk.get_by_label("Viene como").select_option(value="familia")
    desk.get_by_label("Teléfono (opcional)").fill("4123 4567")
    desk.get_by_role("button", name="Agregar a alguien de su familia").click()
    second = desk.get_by_role("group", name="Persona 2")
    second.get_by_label("Nombres").fill("Ixmucané")
    second.get_by_label("Apellidos").fill("Tz’unun")
    second.get_by_label("18 o más").check()
    desk.get_by_label("Dijo que sí", exact=True).last.check()
    widths = [desk.evaluate(WIDTH)]

    desk.get_by_role("button", name="Inscribir y ver los boletos").last.click()

    expect(desk.get_by_role("heading", level=1)).to_have_text("Listo: envíe los boletos")
    pictures = desk.get_by_role("img", name=re.compile("^Boleto de "))
    expect(pictures).to_have_count(2)
    desk.wait_for_load_state("load")
    assert all(picture.evaluate("picture => picture.naturalWidth > 0") for picture in pictures.all())
    whatsapp = desk.get_by_role("link", name="Abrir WhatsApp")
    expect(whatsapp).to_have_attribute("href", re.compile(r"^https://wa\.me/50241234567\?text="))
    widths.append(desk.evaluate(WIDTH))
    for path in ("/panel/apoyos", "/panel/revisar"):
        desk.goto(demo_site + path)
        widths.append(desk.evaluate(WIDTH))
    assert [width for width in widths if width > 320] == []
