"""The whole journey in the demo world: find it on the map, sign up, be scanned, get a diploma, subscribe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pypdf
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import demo, steps
from tests.browser.steps import PLACE, TITLE, Watch
from tests.browser.telephone import NARROW, WIDE, Telephone, telephone_at
from trainings.lib import tokens

PHONE: dict[str, Any] = {
    "viewport": NARROW,
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
PLAIN = {"java_script_enabled": False}

WIDTH_UNFOLDED = """() => {
    for (const part of document.querySelectorAll('main details')) part.open = true;
    return document.documentElement.scrollWidth;
}"""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a demo world of its own: people sign up for the session that is on, the last story closes it."""
    with demo.serving(demo.seeded_once(), tmp_path_factory.mktemp("journey") / "site") as origin:
        yield origin


@pytest.fixture
def other(browser: Browser, origin: str) -> Iterator[Telephone]:
    telephone = telephone_at(browser, origin)
    yield telephone
    telephone.page.context.close()
    assert telephone.watch.complaints == []


@pytest.fixture
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visit]:
    """Opens a page in a browser of its own; at the end nothing may have been complained about."""
    # It has to outlive the pages: what they still fetch when the test ends is no fault.
    request.getfixturevalue("origin")
    watch = Watch()
    with ExitStack() as stack:

        def open_page(**options: Any) -> Page:
            context = browser.new_context(locale="es-GT", **options)
            stack.callback(context.close)
            watch.over(context)
            return context.new_page()

        yield open_page
    assert watch.complaints == []


def pages_of(pdf: Path) -> list[str]:
    """The text of each page, as a reader of PDFs finds it; lines joined."""
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(pdf).pages]


def code_in(text: str) -> str:
    """The code of a diploma, in groups of four."""
    found = re.search(r"\b(\w{4}-){3}\w{2}\b", text)
    assert found, text
    return found[0]


def download_diploma(page: Page, folder: Path) -> Path:
    """The file behind the button on the own page."""
    address = page.get_by_role("link", name="Bajar mi diploma (PDF)").evaluate("link => link.href")
    answer = page.request.get(address)
    assert answer.headers["content-type"] == "application/pdf"
    file = folder / "diploma.pdf"
    file.write_bytes(answer.body())
    return file


class Ruler:
    """How wide pages are on the narrowest phone."""

    def __init__(self) -> None:
        self.widths: dict[str, int] = {}

    def see(self, page: Page) -> None:
        # Before its stylesheet has come a page is as wide as its tables.
        page.wait_for_load_state("load")
        width = page.evaluate(WIDTH_UNFOLDED)
        path = urlsplit(page.url).path
        self.widths[path] = max(width, self.widths.get(path, 0))

    @property
    def too_wide(self) -> dict[str, int]:
        return {path: width for path, width in self.widths.items() if width > PHONE["viewport"]["width"]}


def test_whole_journey(visit: Visit, other: Telephone, film: Path, tmp_path: Path) -> None:
    """Without any script from the map to the diploma, and where it is issued; with a camera at the door. The other
    telephone is the coordinator's, then a stranger's.
    """
    origin, phone, ruler = other.origin, visit(**PHONE, **PLAIN), Ruler()
    find_training(phone, origin, ruler)
    # Meanwhile the time passes that people take for the form.
    door = visit(permissions=["camera"], **PHONE)
    steps.sign_in(door, origin, "facilita")
    steps.sign_in(other.page, origin, "coordina")
    look_around(other.page, origin, ruler)
    steps.sign_up(phone, see=ruler.see)
    ruler.see(phone)
    give_back_and_take_again(phone)
    screen, token = steps.read_screen(phone)
    assert tokens.read_qr(token) == token

    steps.show_screen(film, screen)
    steps.open_attendance(door)
    ruler.see(door)
    door.get_by_role("button", name="Encender cámara").click()
    steps.expect_present(door)
    steps.close_session(door)

    steps.lower_what_was_planned(other.page, door.url.partition("/asistencia")[0])
    other.page.set_viewport_size(WIDE)
    folio = steps.issue_diploma(other.open("/panel", scripts=False))

    see_ones_diploma(phone, folio)
    phone.go_back()
    front, back = pages_of(download_diploma(phone, tmp_path))
    assert ("Rosaura Isabel Tz’unun Muñoz" in front, f"«{TITLE}»" in front, folio in back) == (True, True, True)
    other.empty()
    look_up(other, ruler)
    check_as_a_stranger(other.page, origin, code_in(back))
    follow_the_calendar(other.page, origin)
    stay_in_english(other.page, origin)
    assert (ruler.too_wide, len(ruler.widths)) == ({}, 15)


def find_training(page: Page, origin: str, ruler: Ruler) -> None:
    page.goto(origin)
    steps.find_on_map(page)
    ruler.see(page)
    steps.open_running_training(page)
    ruler.see(page)


def give_back_and_take_again(page: Page) -> None:
    page.get_by_role("link", name="Ya no puedo ir").click()
    page.get_by_role("button", name="Cancelar mi inscripción").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Esta inscripción está cancelada")
    expect(page.get_by_role("img", name="Código QR")).to_have_count(0)
    page.get_by_role("button", name="Inscribirme otra vez").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tiene su lugar")


def look_around(page: Page, origin: str, ruler: Ruler) -> None:
    """The coordination on the phone: the panel, and what it leads to."""
    ruler.see(page)
    for name in ("Capacitaciones", "Diplomas", "Mensajes"):
        follow(page.get_by_role("navigation").get_by_role("link", name=name), ruler)
    page.goto(f"{origin}/panel")
    follow(page.get_by_role("link", name=re.compile("^Responder a")), ruler)


def follow(link: Locator, ruler: Ruler) -> None:
    with link.page.expect_navigation():
        link.click()
    ruler.see(link.page)


def see_ones_diploma(page: Page, folio: str) -> None:
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Esta capacitación ya terminó")
    page.get_by_role("link", name="Ver cómo se revisa").click()
    expect(page.locator("main")).to_contain_text("Válido")
    expect(page.locator("main")).to_contain_text(folio)


def check_as_a_stranger(page: Page, origin: str, code: str) -> None:
    steps.check_diploma(page, origin, code)
    expect(page.locator("main")).to_contain_text("Válido")
    expect(page.locator("main")).to_contain_text("R. I. T. M.")
    expect(page.locator("main")).not_to_contain_text("Rosaura")


def follow_the_calendar(page: Page, origin: str) -> None:
    """What is offered to be subscribed to has the training."""
    calendar = page.request.get(steps.calendar_address(page, origin)).text()
    assert f"SUMMARY:{TITLE}" in calendar.replace("\r\n ", "")


def look_up(other: Telephone, ruler: Ruler) -> None:
    for path in ("/", "/capacitaciones", "/verificar", "/entrar", "/municipios/tacana-san-marcos"):
        ruler.see(other.open(path))


def stay_in_english(page: Page, origin: str) -> None:
    """Once it is chosen."""
    page.goto(f"{origin}/?idioma=en")
    steps.touch(page.locator("svg.map a").filter(has=page.locator("title", has_text=PLACE)).locator("path").first)
    page.wait_for_url("**/municipios/**")
    languages = [page.locator("html").get_attribute("lang")]
    page.goto(f"{origin}/verificar")
    languages.append(page.locator("html").get_attribute("lang"))
    assert languages == ["en", "en"]
