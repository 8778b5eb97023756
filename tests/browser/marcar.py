"""The scan app as somebody at a door sees it, the server's process behind it, and what that stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, expect

from tests.browser.fakecam import make_mjpeg
from tests.browser.marcar_server import FAULT, MORE, MOVE
from tests.browser.scanner import LOOK_EVERY_MS, PATIENCE_MS, Window, wait_for
from tests.browser.telephone import ALIVE
from tests.database import put_template
from tests.processes import ASKING, running
from trainings import clock
from trainings.attendance.device_access import COOKIE, device_digest

APP = "/marcar/"
N_PEOPLE = 22
N_PHONES = 12


def of_store(store: str, question: str) -> str:
    """A script that asks the phone's database: all of a store (`getAll()`), how many (`count()`), one (`get('x')`)."""
    return f"""() => new Promise((done) => {{
        indexedDB.open('marcar').onsuccess = ({{ target: {{ result: db }} }}) => {{
            db.transaction('{store}').objectStore('{store}').{question}.onsuccess = ({{ target }}) => {{
                db.close();
                done(target.result);
            }};
        }};
    }})"""


def shifted(by: timedelta) -> str:
    """A script for pages whose clock is from then on so much later than it was."""
    return f"""(() => {{
        const Real = Date, shift = {by // timedelta(milliseconds=1)};
        globalThis.Date = class extends Real {{
            constructor(...parts) {{ super(...(parts.length ? parts : [Real.now() + shift])); }}
            static now() {{ return Real.now() + shift; }}
        }};
    }})()"""


# A screen gets its titles as it begins to listen: what is done before that is done to nobody.
OPEN = """(screen) => {
    const { at } = document.querySelector('main').dataset;
    return (screen ? at === screen : at) && !document.querySelector('main :is(h1, [data-title]):empty');
}"""
LOOKED_AT_UNTIL = """(selector) => {
    document.dispatchEvent(new Event('visibilitychange'));
    return document.querySelector(selector) !== null;
}"""
# From key to key it takes a scanner so long, however slow the machine is.
KEYS_OF_A_SCANNER = """() => {
    const times = new WeakMap();
    let now = performance.now();
    Object.defineProperty(KeyboardEvent.prototype, 'timeStamp', {
        configurable: true,
        get() {
            if (!times.has(this)) times.set(this, now += 10);
            return times.get(this);
        },
    });
}"""
KEYS_OF_A_PERSON = "() => delete KeyboardEvent.prototype.timeStamp"
EMPTY = """async () => {
    localStorage.clear();
    for (const { name } of await indexedDB.databases()) {
        await new Promise((done, failed) => {
            Object.assign(indexedDB.deleteDatabase(name), { onsuccess: done, onerror: failed });
        });
    }
}"""


@dataclass(frozen=True)
class Person:
    """Somebody with a ticket; `name` is what a phone may show of them."""

    name: str
    registration_id: str
    token: str
    short_code: str


@dataclass
class Village:
    """A session of the application in `folder`, and what was prepared for it; `film` is what cameras see.

    Each test takes people and phones of its own.
    """

    folder: Path
    made: dict[str, Any]
    film: Path
    n_phones: int = 0
    n_people: int = 0
    n_spares: int = 0

    @property
    def origin(self) -> str:
        return str(self.made["origin"])

    def people(self, n: int) -> list[Person]:
        """Some who are expected and whom nobody marked yet."""
        self.n_people += n
        n_expected = len(self.made["people"]) - self.made["n_waiting"]
        assert self.n_people <= n_expected, "this village has no more people: its server makes them"
        return [Person(**one) for one in self.made["people"][self.n_people - n : self.n_people]]

    def waiting(self, n: int = 0) -> Person:
        """One of those on the waiting list."""
        return Person(**self.made["people"][-1 - n])

    def spare(self) -> str:
        """The token of a card without a name that nobody used yet."""
        self.n_spares += 1
        return str(self.made["spares"][-self.n_spares])

    def phone(self) -> str:
        """The cookie of a phone that nobody used yet."""
        self.n_phones += 1
        return str(self.made["phones"][self.n_phones - 1])

    @property
    def last_phone(self) -> str:
        return str(self.made["phones"][self.n_phones - 1])

    def revoke(self, cookie: str) -> None:
        """As the panel does, beside the running application."""
        with closing(sqlite3.connect(self.folder / "trainings.db", timeout=60)) as connection, connection:
            question = "UPDATE device SET revoked_at = ? WHERE token_hash = ?"
            connection.execute(question, (f"{clock.now():%F %T}", device_digest(cookie)))

    def show(self, *payloads: str | None, inverted: bool = False) -> None:
        """What the camera sees from when it is next turned on."""
        make_mjpeg(self.film, payloads, inverted=inverted)

    def ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'trainings.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(question, values).fetchall()

    def scans_of(self, person: Person) -> int:
        return self.ask("SELECT id FROM scan_event WHERE registration_id = ?", person.registration_id).__len__()

    def presences_of(self, person: Person) -> int:
        question = "SELECT id FROM attendance WHERE registration_id = ? AND is_present"
        return self.ask(question, person.registration_id).__len__()

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """What goes wrong meanwhile: see `marcar_server`."""
        file = self.folder / FAULT
        file.write_text(name)
        try:
            yield
        finally:
            file.unlink()

    def another(self, n_people: int = N_PEOPLE, n_phones: int = N_PHONES, *, days: int = 0) -> Village:
        """A session of the same application, in so many days, with people and phones that nobody used yet."""
        made = ASKING.get(f"{self.origin}{MORE}{n_people}/{n_phones}/{days}", timeout=60).json()
        return Village(self.folder, self.made | made, self.film)

    def move(self, days: int) -> None:
        """The office lets the session begin so many days earlier."""
        assert ASKING.get(f"{self.origin}{MOVE}{self.made['session']}/{days}", timeout=60).is_success


@contextmanager
def village(folder: Path, film: Path) -> Iterator[Village]:
    """The application, before it has a session: ask it for `another`."""
    put_template(folder)
    with running("tests.browser.marcar_server", folder) as server:
        yield Village(folder, server.made, film)


class Phone(Window):
    """One window of the app."""

    @property
    def context(self) -> BrowserContext:
        """What the phone keeps."""
        return self.page.context

    def expect_ready(self) -> None:
        wait_for(self.page, "[data-ready][data-state=ready]")
        expect(self.page.locator("[data-ready]")).to_have_attribute("data-state", "ready")
        expect(self.page.locator("[data-ready] [data-yes]")).to_be_visible()

    def expect_screen(self, screen: str) -> None:
        """Until it is open and listens; it is named as in its address."""
        self.page.wait_for_function(OPEN, arg=screen, polling=LOOK_EVERY_MS, timeout=PATIENCE_MS)

    def follow(self, link: str, screen: str) -> None:
        """Tap a link: until its screen is there, whatever is tapped next may be a part of the one that goes."""
        self.page.get_by_role("link", name=link).click()
        self.expect_screen(screen)

    def visit(self, screen: str, *parts: str) -> None:
        self.page.goto(f"{self.village.origin}{APP}#/{'/'.join([screen, *parts])}")
        self.expect_screen(screen)

    def to_door(self) -> None:
        title = self.village.made["title"]
        self.follow(title, "marcar")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def to_departures(self) -> None:
        """From the door; both are the same screen."""
        self.page.locator(".more summary").click()
        self.page.get_by_role("link", name="Marcar salidas").click()
        expect(self.page.get_by_text("Marcando SALIDAS")).to_be_visible()

    def reload(self) -> None:
        self.page.reload()
        self.expect_screen("")

    def look_until(self, selector: str) -> None:
        """Look at the phone again and again, which asks the server each time: an earlier question may be under way."""
        self.page.wait_for_function(LOOKED_AT_UNTIL, arg=selector, polling=150, timeout=PATIENCE_MS)

    def mark_row(self, number: int) -> None:
        """By the keyboard."""
        self.look_away()
        field = self.page.locator("main form [name=fila]")
        field.fill(str(number))
        field.press("Enter")
        self.expect_answer("present", f"Fila {number}")

    def type_by_cable(self, code: str) -> None:
        """As a scanner with a cable does, wherever the focus is."""
        self.page.evaluate(KEYS_OF_A_SCANNER)
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")
        self.page.evaluate(KEYS_OF_A_PERSON)

    def send_now(self) -> None:
        """As a tap on the button; where the app has sent by itself meanwhile, the button is gone already."""
        self.page.evaluate("() => document.querySelector('[data-send]').click()")

    def expect_queue(self, text: str) -> None:
        """Says something of a mark only once that was answered: before, the line may be the old one."""
        expect(self.page.locator("[data-queue]")).to_have_text(text)

    def expect_count(self, n: int) -> None:
        expect(self.page.locator("[data-count-text]")).to_contain_text(f"{n} de ")


def opened(context: BrowserContext, village: Village, *, cookie: str | None = None) -> Phone:
    """The app in a new window of a prepared phone; in the one in which it was emptied."""
    if cookie:
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": village.origin + APP}])
    [page] = [one for one in context.pages if one.url == village.origin + ALIVE] or [context.new_page()]
    phone = Phone(page, village)
    phone.listen()
    phone.page.goto(village.origin + APP)
    expect(phone.page.locator("main h1")).to_be_visible()
    return phone


def emptied(context: BrowserContext, village: Village) -> BrowserContext:
    """The same phone as if nobody had used it yet, but that the program is on it."""
    context.unroute_all(behavior="ignoreErrors")
    context.set_offline(False)
    context.clear_cookies()
    for left in context.pages:
        left.close()  # by a test that failed: what is open keeps its database
    page = context.new_page()
    page.goto(village.origin + ALIVE)
    page.evaluate(EMPTY)
    return context


def at_door(context: BrowserContext, village: Village, cookie: str = "") -> Phone:
    """A phone of its own that is ready, at the door of the session."""
    phone = opened(context, village, cookie=cookie or village.phone())
    phone.expect_ready()
    phone.to_door()
    return phone
