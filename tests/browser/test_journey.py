"""The whole journey in the demo world: find it on the map, sign up, be scanned, get a diploma, subscribe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser import demo, steps
from tests.browser.steps import PLACE, SHORT_NAME, TITLE, Watch
from tests.browser.subscriber import todays_agenda
from trainings.lib import tokens

PHONE: dict[str, Any] = {
    "viewport": ViewportSize(width=360, height=760),
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640)}
DESK: dict[str, Any] = {"viewport": ViewportSize(width=1280, height=900)}
PLAIN = {"java_script_enabled": False}
PLAIN_NAME = "Byron Otoniel T. M."

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a demo world of its own: people sign up for the session that is on, the last story closes it."""
    with demo.serving(demo.seeded_once(), tmp_path_factory.mktemp("journey") / "site") as origin:
        yield origin


@pytest.fixture
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visit]:
    """Opens a page in a browser of its own; at the end nothing may have been complained about."""
    # It has to outlive the pages: what they still fetch when the test ends is no fault.
    request.getfixturevalue("origin")
    watch = Watch()
    with ExitStack() as stack:

        def open_page(*, through: Browser = browser, **options: Any) -> Page:
            context = through.new_context(locale="es-GT", **options)
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


def test_place_is_given_back_and_taken_again_without_script(visit: Visit, origin: str) -> None:
    phone = visit(**PHONE, **PLAIN)
    steps.open_municipality(phone, origin)
    steps.open_running_training(phone)
    steps.sign_up(phone, given_names="Elmer Adolfo")

    phone.get_by_role("link", name="Ya no puedo ir").click()
    phone.get_by_role("button", name="Cancelar mi inscripción").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Esta inscripción está cancelada")
    expect(phone.get_by_role("img", name="Código QR")).to_have_count(0)
    phone.get_by_role("button", name="Inscribirme otra vez").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("Listo, ya tiene su lugar")


def test_keyboard_alone_signs_up(visit: Visit, origin: str) -> None:
    page = visit(**NARROW)
    steps.open_municipality(page, origin)
    steps.open_running_training(page)

    steps.press_on(page.get_by_role("link", name="Inscribirme"), "Enter")
    steps.type_into(page.get_by_label("Nombres"), "María Elena")
    steps.type_into(page.get_by_label("Apellidos"), "Tz’unun Muñoz")
    steps.type_into(page.get_by_label("Municipio donde vive"), "La Lib")
    steps.type_into(page.get_by_label("¿De parte de quién viene?"), "Fam")
    steps.press_on(page.get_by_label("Sí, pueden guardar estos datos"), "Space")
    steps.take_ones_time(page)
    steps.press_on(page.get_by_role("button", name="Inscribirme"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tiene su lugar")


def test_pages_fit_a_small_phone(visit: Visit, origin: str) -> None:
    phone, staff = visit(**NARROW), visit(**NARROW)
    widths = {}

    def follow(name: str | re.Pattern[str], within: Locator) -> None:
        with staff.expect_navigation():
            within.get_by_role("link", name=name).click()
        measure(staff)

    def measure(page: Page) -> None:
        # Before its stylesheet has come a page is as wide as its tables.
        page.wait_for_load_state("load")
        for details in page.locator("main details").all():
            details.evaluate("part => { part.open = true }")
        widths[page.url.removeprefix(origin)] = page.evaluate("() => document.documentElement.scrollWidth")

    for path in ("/", "/capacitaciones", "/verificar", "/entrar", "/municipios/tacana-san-marcos"):
        phone.goto(origin + path)
        measure(phone)
    steps.open_municipality(phone, origin)
    measure(phone)
    steps.open_running_training(phone)
    measure(phone)
    steps.sign_up(phone, given_names="Ma. Candelaria", see=measure)
    measure(phone)
    steps.sign_in(staff, origin, "coordina")
    measure(staff)
    for name in ("Capacitaciones", "Diplomas", "Mensajes"):
        follow(name, staff.get_by_role("navigation"))
    staff.goto(f"{origin}/panel")
    follow(re.compile("^Responder a"), staff.locator("body"))
    staff.goto(f"{origin}/panel")
    steps.open_attendance(staff)
    measure(staff)

    assert {path: width for path, width in widths.items() if width > NARROW["viewport"]["width"]} == {}
    assert len(widths) == 15


def test_english_stays_once_it_is_chosen(visit: Visit, origin: str) -> None:
    page = visit(**PHONE)
    languages = []

    def note(page: Page) -> None:
        languages.append(page.locator("html").get_attribute("lang"))

    page.goto(f"{origin}/?idioma=en")
    note(page)
    steps.touch(page.locator("svg.map a").filter(has=page.locator("title", has_text=PLACE)).locator("path").first)
    page.wait_for_url("**/municipios/**")
    note(page)
    page.get_by_role("link", name=TITLE).first.tap()
    page.wait_for_url("**/capacitaciones/**")
    note(page)
    page.locator(".dock a").tap()
    page.wait_for_url("**/inscripcion")
    note(page)
    page.goto(f"{origin}/verificar")
    note(page)

    assert languages == ["en"] * 5


def test_whole_journey(visit: Visit, origin: str, cameras: Browser, film: Path, tmp_path: Path) -> None:
    """Of two: one with a camera at the door, and one without any script from the map to the diploma."""
    phone, plain = visit(**PHONE), visit(**PHONE, **PLAIN)
    for page, given_names in ((phone, "Rosaura Isabel"), (plain, "Byron Otoniel")):
        page.goto(origin)
        steps.find_on_map(page)
        steps.open_running_training(page)
        steps.sign_up(page, given_names=given_names)
    screen, token = steps.read_screen(phone)
    assert tokens.read_qr(token) == token

    steps.show_screen(film, screen)
    door = visit(through=cameras, permissions=["camera"], **PHONE)
    steps.sign_in(door, origin, "facilita")
    steps.open_attendance(door)
    door.get_by_role("button", name="Encender cámara").click()
    steps.expect_present(door)
    mark_without_script(visit(**PHONE, **PLAIN), origin, steps.short_code(plain))
    steps.close_session(door)

    session = door.url.partition("/asistencia")[0]
    folio = issue(visit(**DESK), origin, SHORT_NAME, lowering=session)
    plain_folio = issue(visit(**DESK, **PLAIN), origin, PLAIN_NAME)

    plain.reload()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Esta capacitación ya terminó")
    plain.get_by_role("link", name="Ver cómo se revisa").click()
    expect(plain.locator("main")).to_contain_text("Válido")
    expect(plain.locator("main")).to_contain_text(plain_folio)
    phone.reload()
    front, back = pages_of(download_diploma(phone, tmp_path))
    assert "Rosaura Isabel Tz’unun Muñoz" in front
    assert f"«{TITLE}»" in front
    assert folio in back

    stranger = visit(**PHONE)
    check_as_a_stranger(stranger, origin, code_in(back))
    assert TITLE in todays_agenda(steps.calendar_address(stranger, origin), tmp_path)


def check_as_a_stranger(page: Page, origin: str, code: str) -> None:
    steps.check_diploma(page, origin, code)
    expect(page.locator("main")).to_contain_text("Válido")
    expect(page.locator("main")).to_contain_text("R. I. T. M.")
    expect(page.locator("main")).not_to_contain_text("Rosaura")


def mark_without_script(door: Page, origin: str, code: str) -> None:
    steps.sign_in(door, origin, "facilita")
    steps.open_attendance(door)
    door.get_by_label("Código del boleto").fill(code)
    door.get_by_role("button", name="Marcar", exact=True).click()
    steps.expect_present(door, PLAIN_NAME)


def issue(desk: Page, origin: str, name: str, *, lowering: str = "") -> str:
    """The coordination's part: the session was no longer than it lasted, and its diplomas. Gives the folio."""
    steps.sign_in(desk, origin, "coordina")
    if lowering:
        steps.lower_what_was_planned(desk, lowering)
    return steps.issue_diploma(desk, name)
