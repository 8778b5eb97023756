"""The attendance page as the person at the door sees it, and whatever a browser complains about."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect
from playwright.sync_api import TimeoutError as GaveUp

if TYPE_CHECKING:
    from tests.browser.marcar import Person, Village

PHONE = ViewportSize(width=360, height=740)
# Each mark gets an answer of its own: what stands there before is none to what comes next.
OLD = "() => document.querySelectorAll('.answer [data-state]').forEach((one) => { one.dataset.old = 'yes' })"
TYPE_CODE = """(code) => {
    const field = document.querySelector("main form [name=code]");
    field.value = code;
    field.form.requestSubmit();
}"""
ANSWERED = """([state, texts]) => {
    const plain = (text) => text.trim().replace(/\\s+/g, " ");
    const has = (block, text) => plain(block.textContent).includes(plain(text));
    const isSo = (block) => block.checkVisibility() && texts.every((text) => has(block, text));
    return [...document.querySelectorAll(`.answer [data-state=${state}]:not([data-old])`)].some(isSo);
}"""
# What Chromium itself writes when a request fails, as it must in tests of failing lines.
LINE_NOISE = ("Failed to load resource",)
# Pauses before something is tried again pass twenty times as fast; whatever gives up gives up no sooner.
HASTEN = """() => {
    const wait = setTimeout;
    const isPause = (ms) => ms > 1_000 && ms < 60_000 && ![20_000, 30_000].includes(ms);
    globalThis.setTimeout = (act, ms, ...more) => wait(act, isPause(ms) ? ms / 20 : ms, ...more);
}"""
FULL = """() => {
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') };
    globalThis.makeRoom = () => { IDBObjectStore.prototype.add = add };
}"""
MAKE_ROOM = "() => makeRoom()"
# An expectation looks no more than twice a second once it has waited for a while.
LOOK_EVERY_MS = 50
PATIENCE_MS = 45_000


@dataclass
class Window:
    """One open page. `complaints`: errors, warnings and broken policies; `addresses`: everything it asked for."""

    page: Page
    village: Village
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.addresses.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(LINE_NOISE):
            self.complaints.append(message.text)

    def look_away(self) -> None:
        """What stands there as an answer is none to what is done next."""
        self.page.evaluate(OLD)

    def type_code(self, code: str) -> None:
        """And send it, as Enter does."""
        self.look_away()
        self.page.evaluate(TYPE_CODE, code)

    def scan(self, *payloads: str | None, inverted: bool = False) -> None:
        """Hold cards before the camera, from when it is turned on."""
        stop = self.page.get_by_role("button", name="Apagar")
        if stop.is_visible():
            stop.click()
        self.look_away()
        self.village.show(*payloads, inverted=inverted)
        self.page.get_by_role("button", name="Encender cámara").click()

    def expect_answer(self, state: str, *texts: str) -> None:
        wanted = [state, list(texts)]
        try:
            self.page.wait_for_function(ANSWERED, arg=wanted, polling=LOOK_EVERY_MS, timeout=PATIENCE_MS)
        except GaveUp:
            raise AssertionError(f"{wanted} is not in {self.page.locator('.answer').all_inner_texts()}") from None


class Scanner(Window):
    """The page of the panel."""

    @property
    def address(self) -> str:
        return f"{self.village.origin}/panel/sesiones/{self.village.made['session']}/asistencia"

    def sign_in(self) -> None:
        """As the coordination."""
        cookie = {"name": "staff", "value": self.village.made["desk"], "url": self.village.origin}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]

    def send_now(self) -> None:
        """As a tap on the button; where the page has sent by itself meanwhile, the button is gone already."""
        self.page.evaluate("() => document.querySelector('[data-send-now]').click()")

    def row(self, person: Person) -> Locator:
        return self.page.locator(f'tr[data-registration="{person.registration_id}"]')

    def film_for(self, seconds: float) -> None:
        """Let the camera look for so long; it looks about eight times a second."""
        self.page.wait_for_function("(t) => document.querySelector('video').currentTime > t", arg=seconds)

    def expect_sync(self, text: str) -> None:
        expect(self.page.locator("[data-sync]")).to_have_text(text)

    def expect_count(self, text: str) -> None:
        expect(self.page.locator("[data-count]")).to_contain_text(text)


def wait_for(page: Page, selector: str) -> None:
    """Until the page has something like that, shown or hidden."""
    there = "(selector) => document.querySelector(selector) !== null"
    page.wait_for_function(there, arg=selector, polling=LOOK_EVERY_MS, timeout=PATIENCE_MS)


def wait_until(page: Page, question: str, *, arg: object = None) -> None:
    """Until what the page answers later (a promise) is true: `wait_for_function` takes the promise itself for that."""
    give_up_at = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(question, arg):
        assert time.monotonic() < give_up_at, f"never true: {question}"
        page.wait_for_timeout(LOOK_EVERY_MS)


def opened(context: BrowserContext, village: Village) -> Scanner:
    """The page in a new window of who is signed in, once its script is ready."""
    scanner = Scanner(context.new_page(), village)
    scanner.listen()
    scanner.sign_in()
    scanner.page.goto(scanner.address)
    scanner.expect_sync("Todo enviado")
    return scanner
