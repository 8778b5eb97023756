"""A list of people from the file to the result, in a browser: it follows by itself, and without script it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

from tests.browser.scanner import HASTEN
from tests.browser.steps import FITS, Keep, Watch
from tests.registrations.lists import HEADER, people
from tests.tables import text

WIDE: dict[str, Any] = {"viewport": ViewportSize(width=1280, height=900)}
NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640), "java_script_enabled": False}
TAKEN = "Riesgos de la migración irregular"
"""Other tests of this world sign people up for these, and sixty more fill any training."""


@pytest.fixture
def upload(browser: Browser, demo_site: str, signed_in: Keep, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page that takes a list, for a training that is to come, in a browser as the test asks for it."""
    watch = Watch()
    context = browser.new_context(locale="es-GT", storage_state=signed_in("asistente"), **request.param)
    context.add_init_script(f"({HASTEN})()")
    watch.over(context)
    page = context.new_page()
    page.goto(f"{demo_site}/panel/capacitaciones?estado=published")
    # The last of the year comes first in the list: it is always still to come.
    page.get_by_role("rowheader").filter(has_not_text=TAKEN).get_by_role("link").first.click()
    page.get_by_role("link", name="Importar una lista").click()
    yield page
    context.close()
    assert watch.complaints == []


def send(page: Page, name: str) -> None:
    """Upload a list of thirty people called like this, and one without surnames; confirm it."""
    rows = [row.replace("Persona", name) for row in people(30)]
    content = text(HEADER, *rows, f"{name},,1705,,COCODE,,,,,,")
    page.get_by_label("Archivo con la lista").set_input_files(
        FilePayload(name="lista.csv", mimeType="text/csv", buffer=content)
    )
    page.get_by_role("button", name="Subir la lista").click()
    page.get_by_role("button", name="Ver cómo quedan").click()
    expect(page.get_by_text("Apellidos: falta este dato.")).to_be_visible()
    page.get_by_label("Firmaron una lista en papel que lo dice").check()
    page.get_by_role("button", name="Inscribir a 30 personas").click()


@pytest.mark.parametrize("upload", [WIDE], indirect=True)
def test_page_follows_the_list_to_its_end_by_itself(upload: Page) -> None:
    send(upload, "Elena")

    expect(upload.get_by_role("heading", level=1)).to_have_text("La lista está inscrita")
    expect(upload.get_by_text("personas inscritas")).to_be_visible()
    with upload.expect_download() as errors:
        upload.get_by_role("link", name="Bajar solo estas filas").click()
    assert errors.value.suggested_filename == "filas-con-errores.csv"


@pytest.mark.parametrize("upload", [NARROW], indirect=True)
def test_list_is_imported_without_script_on_the_narrowest_phone(upload: Page) -> None:
    send(upload, "Tomasa")
    heading = upload.get_by_role("heading", level=1)
    again = upload.get_by_role("link", name="Actualizar")

    expect(heading).to_have_text(re.compile("^(Inscribiendo la lista|La lista está inscrita)$"))
    while heading.inner_text() == "Inscribiendo la lista":
        with upload.expect_navigation():
            again.click()

    expect(heading).to_have_text("La lista está inscrita")
    for path in ("", "/columnas"):
        upload.goto(upload.url.removesuffix("/columnas") + path)
        assert upload.evaluate(FITS)
