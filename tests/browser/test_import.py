"""A list of people from the file to the result, in a browser that follows by itself."""

from __future__ import annotations

from zipfile import ZipFile

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.scanner import HASTEN
from tests.browser.steps import FITS
from tests.browser.telephone import NARROW, WIDE, Telephone
from tests.registrations.lists import HEADER, people
from tests.tables import text

TAKEN = "Riesgos de la migración irregular"
"""Other tests of this world sign people up for these, and thirty more fill any training."""

LISTEN = """() => {
    const status = document.querySelector("main [role=status]");
    window.told = [];
    new MutationObserver(() => window.told.push(status.textContent)).observe(status, { childList: true });
}"""


def test_page_follows_the_list_to_its_end_by_itself_and_fits_the_narrowest_screen(assistant: Telephone) -> None:
    with assistant.page.context.new_page() as page:
        page.set_viewport_size(WIDE)
        page.add_init_script(f"({HASTEN})()")
        page.goto(f"{assistant.origin}/panel/capacitaciones?estado=published")
        open_upload(page)
        send(page)
        follow(page)
        take_tickets(page)


def follow(page: Page) -> None:
    """To the result."""
    expect(page.get_by_role("heading", level=1)).to_have_text("La lista está inscrita")
    expect(page.get_by_text("personas inscritas")).to_be_visible()
    with page.expect_download() as errors:
        page.get_by_role("link", name="Bajar solo estas filas").click()
    assert errors.value.suggested_filename == "filas-con-errores.csv"
    page.set_viewport_size(NARROW)
    assert page.evaluate(FITS)
    page.goto(f"{page.url}/columnas")
    assert page.evaluate(FITS)


def take_tickets(page: Page) -> None:
    """As pictures, which come one by one."""
    page.get_by_role("link", name="Imprimir sus boletos").click()
    pictures = page.get_by_role("link", name="Boletos como imágenes")
    expect(pictures).to_be_visible()
    assert page.evaluate(FITS)
    status = page.get_by_role("region", name="Como imágenes").get_by_role("status")
    page.evaluate(LISTEN)
    with page.expect_download() as taken:
        pictures.click()
    assert taken.value.suggested_filename == "boletos.zip"
    expect(status).to_have_text("Listo: busque «boletos.zip» entre sus descargas.")
    assert [one for one in page.evaluate("() => window.told") if one.startswith("Van ")]
    names = ZipFile(taken.value.path()).namelist()
    assert len(names) > 1
    assert names[0].startswith("001-")


def open_upload(page: Page) -> None:
    """The page that takes a list, for a training that is to come."""
    # The last of the year comes first in the list: it is always still to come.
    page.get_by_role("rowheader").filter(has_not_text=TAKEN).get_by_role("link").first.click()
    page.get_by_role("link", name="Importar una lista").click()


def send(page: Page) -> None:
    """Upload a list of thirty people, and one without surnames; confirm it."""
    content = text(HEADER, *people(30), "Elena,,1705,,COCODE,,,,,,")
    page.get_by_label("Archivo con la lista").set_input_files(
        FilePayload(name="lista.csv", mimeType="text/csv", buffer=content)
    )
    page.get_by_role("button", name="Subir la lista").click()
    page.get_by_role("button", name="Ver cómo quedan").click()
    expect(page.get_by_role("cell", name="Apellidos: falta este dato.", exact=True)).to_be_visible()
    page.get_by_label("Firmaron una lista en papel que lo dice").check()
    page.get_by_role("button", name="Inscribir a 30 personas").click()
