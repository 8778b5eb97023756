"""A secretary's week: what a hub does fifty times a year, from a training's first hour to a record that goes."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.telephone import Telephone
from tests.source import ROOT

COURSE = "Riesgos de la migración irregular: mitos y realidades"
MESSY = ROOT / "tests" / "data" / "lista_desordenada.csv"
N_FREE = 28
"""The list registers 29: the last of them waits."""


def test_week_of_a_hub_needs_no_spreadsheet_beside_it(coordinator: Telephone) -> None:
    page = coordinator.open("/panel")
    training = make_training(page)
    take_in_list(page)
    print_tickets(page)
    find_five(page)
    answer_offer(page, training)
    join_four(page, f"{training}/inscribir")
    erase_two(page, f"{training}/inscribir")


def make_training(page: Page) -> str:
    """From a course; its address. Only for those with its link: other tests of this world look at what is published."""
    page.get_by_role("navigation").get_by_role("link", name="Capacitaciones").click()
    page.get_by_role("link", name="Nueva capacitación").click()
    course = page.get_by_label("Curso", exact=True)
    course.select_option(course.get_by_role("option", name=COURSE).get_attribute("value"))
    with page.expect_navigation():
        course.blur()
    page.get_by_label("Día", exact=True).fill("2031-03-06")
    page.get_by_label("Lugar (opcional)", exact=True).select_option(index=1)
    page.get_by_label("Cupo", exact=True).fill(str(N_FREE))
    page.locator("#parte-signing summary").click()
    page.get_by_label("Cuando se libera un lugar").select_option(value="48")
    page.get_by_role("button", name="Guardar el borrador", exact=True).click()
    page.get_by_role("button", name="Solo con enlace").click()
    expect(page.get_by_role("heading", name="Solo con enlace")).to_be_visible()
    return page.url


def take_in_list(page: Page) -> None:
    page.get_by_role("link", name="Importar una lista").click()
    content = FilePayload(name="lista.csv", mimeType="text/csv", buffer=MESSY.read_bytes())
    page.get_by_label("Archivo con la lista").set_input_files(content)
    page.get_by_role("button", name="Subir la lista").click()
    page.get_by_role("button", name="Ver cómo quedan").click()
    mend_rows(page)
    page.get_by_label("Firmaron una lista en papel que lo dice").check()
    page.get_by_role("button", name="Inscribir a 29 personas").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("La lista está inscrita", timeout=20_000)


def mend_rows(page: Page) -> None:
    """The four that a person must look at, one after the other."""
    page.get_by_role("region", name="Filas por completar").get_by_role("link").first.click()
    for whom in ("Seño Griselda", "ANA"):
        expect(page.get_by_role("heading", level=1)).to_contain_text(whom)
        page.get_by_label("Apellidos", exact=True).fill("Choc")
        page.get_by_role("button", name="Guardar la fila").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Luis Fernando Ax")
    page.get_by_label("Nombre de la persona encargada").fill("Eva Ax")
    page.get_by_label("Es su", exact=True).select_option(label="Madre")
    page.get_by_label("Teléfono de la persona encargada").fill("5555 7777")
    page.get_by_label("Dijo que quiere participar").check()
    page.get_by_role("button", name="Guardar la fila").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ricardo Xuc")
    page.get_by_role("button", name="Dejarla fuera").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vista previa de la lista")


def print_tickets(page: Page) -> None:
    """Of the list just taken in."""
    page.get_by_role("link", name="Imprimir sus boletos").click()
    with page.expect_download() as tickets:
        page.get_by_role("link", name="Imprimir todos los boletos").click()
    assert Path(tickets.value.path()).read_bytes().startswith(b"%PDF-")


def find_five(page: Page) -> None:
    """By halves of names, the last digits of a telephone, and a code."""
    for asked, name in (("ixch", "Ixchel"), ("cucu", "Domingo"), ("2008", "Óscar René"), ("sebas q", "Sebastiana")):
        search(page, asked, name)
    open_found(page)
    code = page.locator("dt:has-text('Código del boleto') + dd").inner_text()
    search(page, code, "Sebastiana")
    open_found(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sebastiana Q'eq")


def search(page: Page, asked: str, name: str) -> None:
    page.get_by_label("Buscar a una persona").fill(asked)
    expect(page.locator("[data-found]").get_by_role("link").filter(has_text=name).first).to_be_visible()


def open_found(page: Page) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Datos")).to_be_visible()


def answer_offer(page: Page, training: str) -> None:
    """The woman just found cannot come: who waits without mail is called, and says yes."""
    page.get_by_text("Cancelar su inscripción").first.click()
    page.get_by_role("button", name="Cancelar su inscripción").click()
    expect(page.get_by_text("Inscribir otra vez")).to_be_visible()
    page.goto(f"{training}/espera")
    page.get_by_role("button", name="No se pudo").click()
    page.get_by_role("navigation").get_by_role("link", name="Llamadas").click()
    page.get_by_role("link", name=f"Se liberó un lugar: {COURSE}").click()
    expect(page.locator(".last").filter(has_text="No se pudo")).to_be_visible()
    page.get_by_role("button", name="Dijo que sí").click()
    expect(page.get_by_text("Dijo que sí: el lugar es suyo.")).to_be_visible()


def join_four(page: Page, desk: str) -> None:
    sign_up(page, desk, "Feliciana", "Ixim", times=4)
    page.get_by_role("link", name="Unir con otro registro suyo").click()
    tick(page, "persona", 3)
    page.get_by_role("button", name="Unir lo marcado").click()
    expect(page.get_by_role("heading", name="Sus inscripciones 4")).to_be_visible()


def erase_two(page: Page, desk: str) -> None:
    """And taken back: whoever asked for it thought again."""
    sign_up(page, desk, "Hermelinda", "Tut", times=2)
    page.get_by_role("link", name="Borrar sus datos").click()
    tick(page, "records", 2)
    page.get_by_role("button", name="Borrar lo marcado").click()
    for n_left in (2, 1):
        expect(page.get_by_role("button", name="Deshacer")).to_have_count(n_left)
        page.get_by_role("button", name="Deshacer").first.click()
    expect(page.get_by_role("heading", name="Nada por borrar")).to_be_visible()


def tick(page: Page, name: str, n: int) -> None:
    boxes = page.locator(f"input[name={name}]")
    expect(boxes).to_have_count(n)
    for box in boxes.all():
        box.check()


def sign_up(page: Page, desk: str, given_names: str, surnames: str, *, times: int) -> None:
    """At the desk, each time anew; the last of them is open."""
    page.goto(desk)
    for _time in range(times):
        page.get_by_label("Nombres").fill(given_names)
        page.get_by_label("Apellidos").fill(surnames)
        page.get_by_label("Teléfono (opcional)").fill("4123 7788")
        page.get_by_label("Dijo que sí", exact=True).check()
        page.get_by_label("Dijo que sí", exact=True).press("Enter")
        expect(page.get_by_role("heading", name=f"{given_names} {surnames}")).to_be_visible()
        person = page.url
        page.get_by_role("link", name="Siguiente persona").click()
    page.goto(person)
