"""The desk by keyboard alone, and without script on the narrowest phone."""

from __future__ import annotations

import re
from typing import Literal

from playwright.sync_api import Page, expect

from tests.browser.steps import FITS
from tests.browser.telephone import NARROW, Telephone

TITLE = "Riesgos de la migración irregular: mitos y realidades"
MOST_STOPS = 8
"""Between the first letter of a name and the answer "sí": more would not be half a minute."""


def open_form(assistant: Telephone, *, scripts: bool = True) -> Page:
    """The form for a training that is on now."""
    page = assistant.open("/panel/capacitaciones?q=Riesgos&estado=published", scripts=scripts)
    page.get_by_role("link", name=TITLE).first.click()
    page.get_by_role("link", name="Inscribir a alguien").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inscribir a una persona")
    expect(page.get_by_label("Nombres")).to_be_focused()
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tick(page: Page, name: str) -> None:
    """All boxes of a name, by the keyboard."""
    boxes = page.locator(f"input[name={name}]")
    expect(boxes.first).to_be_visible()
    page.wait_for_load_state("load")
    for box in boxes.all():
        expect(box).not_to_be_checked()
        box.focus()
        press(page, "Space")
    expect(boxes.and_(page.locator(":checked"))).to_have_count(boxes.count())


def enter(page: Page, role: Literal["button", "link"], name: str) -> None:
    page.get_by_role(role, name=name).first.focus()
    press(page, "Enter")


def tabbed(page: Page, *typed: str) -> int:
    """Type what is given, one field after the other; how many stops that took."""
    for stop, words in enumerate(typed):
        if stop:
            page.keyboard.press("Tab")
        page.keyboard.type(words)
    return len(typed)


def test_people_are_signed_up_without_the_mouse_and_enter_leads_to_the_next(assistant: Telephone) -> None:
    desk = open_form(assistant)

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
    sign_up_two(desk)


def sign_up_two(desk: Page) -> None:
    """Enter saves a family too, and takes nobody off the form."""
    tabbed(desk, "Julia", "Xol", "", "", "Docente", "", " ")
    desk.get_by_role("button", name="Agregar a alguien de su familia").click()
    second = desk.get_by_role("group", name="Persona 2")
    expect(second.get_by_label("Nombres")).to_be_focused()
    tabbed(desk, "Ixmucané", "Xol", " ")
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("heading", name="Julia Xol")).to_be_visible()
    expect(desk.get_by_role("heading", name="Ixmucané Xol")).to_be_visible()


def test_family_by_whatsapp_without_script_and_pages_of_answers_fit_the_narrowest_phone(
    assistant: Telephone,
) -> None:
    assistant.page.set_viewport_size(NARROW)
    desk = open_form(assistant, scripts=False)
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
    assert desk.evaluate(FITS)

    desk.get_by_role("button", name="Inscribir y ver los boletos").last.click()

    expect(desk.get_by_role("heading", level=1)).to_have_text("Listo: envíe los boletos")
    pictures = desk.get_by_role("img", name=re.compile("^Boleto de "))
    expect(pictures).to_have_count(2)
    desk.wait_for_load_state("load")
    assert all(picture.evaluate("picture => picture.naturalWidth > 0") for picture in pictures.all())
    whatsapp = desk.get_by_role("link", name="Abrir WhatsApp")
    expect(whatsapp).to_have_attribute("href", re.compile(r"^https://wa\.me/50241234567\?text="))
    assert desk.evaluate(FITS)
    for path in ("/panel/apoyos", "/panel/revisar"):
        assistant.open(path, scripts=False)
        assert desk.evaluate(FITS), path


def test_woman_s_two_records_are_erased_taken_back_and_joined_by_keyboard_without_script(
    coordinator: Telephone,
) -> None:
    for _once in range(2):
        desk = open_form(coordinator, scripts=False)
        tabbed(desk, "Petronila", "Yat", "", "Las Pozas", "Docente", "41239876", " ")
        press(desk, "Enter")
        expect(desk.get_by_role("heading", name="Petronila Yat")).to_be_visible()
    enter(desk, "link", "Volver a la inscripción")
    expect(desk.get_by_role("heading", name="Asistencia y diplomas")).to_be_visible()
    person = desk.url

    enter(desk, "link", "Borrar sus datos")
    tick(desk, "records")
    enter(desk, "button", "Borrar lo marcado")
    for n_left in (2, 1):
        expect(desk.get_by_role("button", name="Deshacer")).to_have_count(n_left)
        enter(desk, "button", "Deshacer")
    expect(desk.get_by_role("heading", name="Nada por borrar")).to_be_visible()

    coordinator.open(person, scripts=False)
    enter(desk, "link", "Unir con otro registro suyo")
    tick(desk, "persona")
    enter(desk, "button", "Unir lo marcado")
    expect(desk.get_by_text("1 registro se unió a esta persona.")).to_be_visible()
    expect(desk.get_by_role("heading", name="Sus inscripciones 2")).to_be_visible()


def test_person_is_found_by_half_a_name_and_calls_go_on_with_the_next_by_keyboard_alone(assistant: Telephone) -> None:
    page = assistant.open("/panel/cuenta")
    page.get_by_role("button", name="Activarla").click()
    expect(page.get_by_text("Está activada.")).to_be_visible()
    page.wait_for_load_state("load")
    field, found = page.get_by_label("Buscar a una persona"), page.locator("[data-found]")
    page.keyboard.press("/")
    expect(field).to_be_focused()

    page.keyboard.type("co")
    people = found.get_by_role("link")
    expect(people.first).to_be_visible()
    expect(page.locator("[data-find] [role=status]")).to_have_text(re.compile(r"^\d+ personas?$"))
    page.keyboard.press("Escape")
    expect(found).to_be_hidden()
    page.keyboard.type("c")
    expect(found).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(people.first).to_be_focused()
    assert page.evaluate(FITS)
    name = people.first.locator("b").inner_text().partition(" ")[0]
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/panel/inscripciones/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    call_one_after_another(page)


def call_one_after_another(page: Page) -> None:
    """By keyboard: each result leads to the next to be called, with what was noted just above it."""
    page.get_by_role("navigation").get_by_role("link", name="Llamadas").press("Enter")
    page.get_by_role("link", name="Cambio de fecha").press("Enter")
    row, names = page.locator(".calls-of li"), page.locator(".calls-of h4")
    expect(names.nth(2)).to_be_visible()
    first, second, third = names.all_inner_texts()[:3]
    for name, result, following in ((first, "No se pudo", second), (second, "Ya lo sabe", third)):
        row.filter(has_text=name).get_by_role("button", name=result).press("Enter")
        expect(page.get_by_role("link", name=following, exact=True)).to_be_focused()
        expect(page.get_by_role("link", name=following, exact=True)).to_be_in_viewport()
        expect(row.filter(has_text=name).locator(".last")).to_be_in_viewport()
    page.keyboard.press("Shift+Tab")
    expect(row.filter(has_text=second).get_by_role("button", name="Deshacer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row.filter(has_text=second).get_by_role("button", name="Ya lo sabe")).to_be_visible()
    expect(page.get_by_role("link", name=second, exact=True)).to_be_focused()
