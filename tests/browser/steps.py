"""What people do in the demo world, step by step, with and without script; and what their browsers complain of."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import zxingcpp
from PIL import Image
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    StorageState,
    expect,
)

from tests.browser.demo import PASSWORD
from tests.browser.fakecam import FRAMES_EACH, HEIGHT, WALL, WIDTH, put
from trainings import clock
from trainings.registrations.signup.limits import FASTEST

TITLE = "Riesgos de la migración irregular: mitos y realidades"
PLACE = "La Libertad, Petén"
SHORT_NAME = "Rosaura Isabel T. M."
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
MOST_STOPS = 80
FORMS = 6
HIDDEN = re.compile(r'name="(idempotency_key|from_page)" value="(\w+)"')
TAKE_OVER = """(hidden) => {
    for (const [name, value] of Object.entries(hidden)) document.querySelector(`[name="${name}"]`).value = value;
}"""
HAS_FOCUS = "element => element === document.activeElement"
SHOWS_FOCUS = "element => getComputedStyle(element).outlineStyle !== 'none'"


Keep = Callable[[str], StorageState]
"""Gives what a browser keeps of somebody of the staff who signed in."""


@dataclass
class Watch:
    """What browsers complain of on our pages: errors, warnings, broken policies, failed answers, strangers asked."""

    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", lambda wrong: self.complaints.append(str(wrong.error)))
        context.on("request", self._see)
        context.on("response", self._judge)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} {message.location.get('url', '')}".strip())

    def _see(self, request: Request) -> None:
        if not request.url.startswith(("http://localhost:", "blob:http://localhost:", "file:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def _judge(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")


# -- the participant


def touch(what: Locator) -> None:
    """As a finger does where there is a touch screen."""
    if what.page.evaluate("() => navigator.maxTouchPoints > 0"):
        what.tap()
    else:
        what.click()


def find_on_map(page: Page) -> None:
    """From the start page to the municipality, by its shape on the map."""
    shape = page.locator("svg.map a").filter(has=page.locator("title", has_text=PLACE))
    touch(shape.locator("path").first)
    expect(page.get_by_role("heading", level=1)).to_have_text(PLACE)


def open_municipality(page: Page, origin: str) -> None:
    page.goto(f"{origin}/municipios/la-libertad-peten")
    expect(page.get_by_role("heading", level=1)).to_have_text(PLACE)


def open_running_training(page: Page) -> None:
    """From the municipality to the training that is going on."""
    row = page.get_by_role("listitem").filter(has_text="Está en curso")
    touch(row.get_by_role("link", name=TITLE))
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.get_by_text("Está en curso. Termina")).to_be_visible()
    open_forms(f"{page.url}/inscripcion")


def fill_sign_up(page: Page) -> None:
    """What is needed, and a phone number."""
    page.get_by_label("Nombres").fill("Rosaura Isabel")
    page.get_by_label("Apellidos").fill("Tz’unun Muñoz")
    page.get_by_label("Teléfono (opcional)").fill("4123 4567")
    touch(page.get_by_role("radiogroup", name=f"¿Vive en {PLACE}?").get_by_label("Sí"))
    touch(page.get_by_label("Sí, pueden guardar estos datos"))


_opened: dict[str, list[dict[str, str]]] = {}
_opened_at: dict[str, float] = {}
"""Of each site what its forms say of themselves, and when they were opened."""


def open_forms(address: str) -> None:
    """Open some of this site where none is left."""
    if not _opened.get(urlsplit(address).netloc):
        shown = [dict(HIDDEN.findall(httpx2.get(address).text)) for _form in range(FORMS)]
        _opened[urlsplit(address).netloc], _opened_at[urlsplit(address).netloc] = shown, time.monotonic()


def take_ones_time(page: Page) -> None:
    """Put in this page's form what an older one held: what comes back sooner than people type is held for the staff."""
    open_forms(page.url)
    page.evaluate(TAKE_OVER, _opened[urlsplit(page.url).netloc].pop())
    # By the seconds that passed: the tests' clock may be ahead of that of a server begun before midnight.
    seconds = time.monotonic() - _opened_at[urlsplit(page.url).netloc]
    page.wait_for_timeout(max(0, FASTEST / timedelta(milliseconds=1) - seconds * 1000))


def sign_up(page: Page, *, see: Callable[[Page], None]) -> None:
    """From the training to the ticket. `see` looks at the form before it is filled."""
    touch(page.get_by_role("link", name="Inscribirme"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Inscripción")
    see(page)
    fill_sign_up(page)
    take_ones_time(page)
    touch(page.get_by_role("button", name="Inscribirme"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tiene su lugar")


def read_screen(page: Page) -> tuple[bytes, str]:
    """The picture of the phone's screen with the ticket's code on it, and what a reader of QR codes makes of it."""
    page.wait_for_load_state("load")
    page.get_by_role("img", name="Código QR").scroll_into_view_if_needed()
    screen = page.screenshot()
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(screen)))
    return screen, code.text


def show_screen(film: Path, screen: bytes) -> None:
    """Hold that phone before the facilitator's camera."""
    width, height = 2 * WIDTH, 2 * HEIGHT
    frame = Image.new("RGB", (width, height), WALL)
    phone = Image.open(io.BytesIO(screen)).convert("RGB")
    phone.thumbnail((width, height - 20))
    frame.paste(phone, ((width - phone.width) // 2, (height - phone.height) // 2))
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=80)
    put(film, file.getvalue() * FRAMES_EACH)


# -- by keyboard


def press_on(what: Locator, key: str) -> None:
    """Reach it with Tab, where it can be seen that it has the focus, and press that key."""
    element = what.element_handle()
    for _stop in range(MOST_STOPS):
        if element.evaluate(HAS_FOCUS):
            assert element.evaluate(SHOWS_FOCUS)
            break
        what.page.keyboard.press("Tab")
    expect(what).to_be_focused()
    what.page.keyboard.press(key)


def type_into(what: Locator, text: str) -> None:
    """Reach the field and type; a list of choices goes to the first that begins so."""
    press_on(what, text[0])
    what.page.keyboard.type(text[1:])


# -- the staff


def sign_in(page: Page, origin: str, who: str) -> None:
    """Through the door that leads to the panel."""
    page.goto(f"{origin}/panel")
    page.get_by_label("Correo").fill(f"{who}@demo.example")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name=re.compile("^Requiere atención"))).to_be_visible()


def open_attendance(page: Page) -> None:
    """From the panel to the session that is going on."""
    page.get_by_role("link", name="Pasar asistencia").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


def expect_present(page: Page) -> None:
    answer = page.locator(".answer [data-state=present]")
    expect(answer).to_contain_text("Presente", timeout=45_000)
    expect(answer).to_contain_text(SHORT_NAME)
    expect(page.locator("tr").filter(has_text=SHORT_NAME)).to_contain_text("Deshacer")


def close_session(page: Page) -> None:
    page.get_by_role("link", name="Cerrar la sesión").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Cerrar la sesión?")
    page.get_by_label("¿A qué hora terminó?").fill(f"{clock.local(clock.now()):%H:%M}")
    page.get_by_role("button", name="Cerrar la sesión").click()
    expect(page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()


def lower_what_was_planned(page: Page, session: str) -> None:
    """The coordination says that the session (its page) was no longer than it lasted, and why."""
    page.goto(f"{session}/realizada")
    now = clock.local(clock.now())
    # A session ends on its day; the story may have gone on past midnight.
    is_its_day = page.get_by_label("Día en que fue").input_value() == now.date().isoformat()
    page.get_by_label("Terminó").fill(f"{now:%H:%M}" if is_its_day else "23:59")
    page.get_by_label("Por qué fue entonces").fill("Se acordó terminar antes.")
    page.get_by_role("button", name="Anotar cuándo fue").click()
    expect(page.get_by_role("status").filter(has_text="quedó anotado cuándo fue")).to_be_visible()


def issue_diploma(page: Page) -> str:
    """From the panel to the diploma of that person; gives its folio."""
    page.get_by_role("navigation").get_by_role("link", name="Diplomas").click()
    page.get_by_role("row").filter(has_text=re.compile(r"Faltan? \d")).get_by_role("link", name=TITLE).click()
    row = page.get_by_role("row").filter(has_text=SHORT_NAME)
    row.get_by_role("button", name="Emitir diploma").click()
    folio = row.get_by_text(re.compile(r"^VIMMIG-1705-\d{4}-\d{6}$"))
    expect(page.get_by_role("status").filter(has_text="Listo")).to_contain_text(folio.inner_text())
    return folio.inner_text()


# -- anybody


def check_diploma(page: Page, origin: str, code: str) -> None:
    """The form of the public check, with the code on the back of the diploma."""
    page.goto(f"{origin}/verificar")
    page.get_by_label("Código").fill(code)
    page.get_by_role("button", name="Revisar", exact=True).click()


def calendar_address(page: Page, origin: str) -> str:
    """The address to subscribe to, as the page of the municipality offers it."""
    open_municipality(page, origin)
    return page.get_by_label("Dirección del calendario").input_value()
