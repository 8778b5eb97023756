"""A morning in a village school: who marked whom on which phone, and what three people at the door saw themselves.

What was seen is kept here in plain sets, apart from every program, so that what the server makes of it can be compared.
"""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.marcar import Phone, Village, at_door, shifted
from trainings.lib import tokens

CLOCK_OF_ITS_OWN = shifted(timedelta(days=-4_000))
"""As in a phone whose battery was out: it knows how long things take, not which day it is."""


@dataclass
class Facilitator:
    """One of the three, her phone, and whom she saw come: people by registration, nameless cards by their hash."""

    phone: Phone
    village: Village
    people: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)

    @property
    def page(self) -> Page:
        return self.phone.page

    def to_rows(self) -> None:
        self.phone.follow("Por fila", "filas")
        expect(self.page.locator("[name=hoja]")).to_have_value(self.village.made["sheet"])

    def to_cards(self) -> None:
        self.phone.follow("Con cámara", "marcar")

    def card(self, index: int, state: str = "present") -> None:
        """The ticket of somebody, read by a scanner with a cable. Its name opens."""
        person = self.village.made["people"][index]
        self.phone.type_code(person["token"])
        self.phone.expect_answer(state, person["name"])
        self.people.add(person["registration_id"])

    def spare(self) -> None:
        token = self.village.spare()
        self.phone.type_code(token)
        self.phone.expect_answer("present", "Tarjeta sin nombre")
        expect(self.page.get_by_label("Código del boleto")).to_have_value("")
        self.cards.add(hash_of(token))

    def row(self, number: int) -> None:
        """A row of the sheet, with somebody's name or without one."""
        people = self.village.made["people"]
        self.phone.mark_row(number)
        named = len(people) - 1
        if number <= named:
            self.people.add(people[number - 1]["registration_id"])
        else:
            self.cards.add(hash_of(self.village.made["spares"][number - named - 1]))

    def undo_person(self, index: int) -> None:
        self._undo()
        self.people.remove(self.village.made["people"][index]["registration_id"])

    def undo_card(self, card: str) -> None:
        self._undo()
        self.cards.remove(card)

    def _undo(self) -> None:
        self.phone.look_away()
        self.page.locator(".keys [data-undo]").click()
        self.phone.expect_answer("undone")

    def send(self) -> None:
        self.page.context.set_offline(False)
        self.phone.send_now()
        self.phone.expect_queue("Todo enviado")


def hash_of(token: str) -> str:
    """As the phone knows a card."""
    return tokens.digest(token, "qr")[:24]


def arrive(context: BrowserContext, village: Village, cookie: str) -> Facilitator:
    """Ready at the door, and then without signal."""
    facilitator = Facilitator(at_door(context, village, cookie), village)
    context.set_offline(True)
    return facilitator


@dataclass
class Desk:
    """The coordination in town, in the panel."""

    page: Page
    village: Village

    @property
    def door(self) -> str:
        return f"{self.village.origin}/panel/sesiones/{self.village.made['session']}"

    def revoke(self, name: str) -> None:
        self.page.goto(f"{self.village.origin}/panel/telefonos")
        self.page.get_by_role("link", name=name).click()
        self.page.get_by_role("link", name="retirarlo").click()
        self._press(self.page.get_by_role("button", name="Retirar el teléfono"))

    def type_in(self, rows: str) -> None:
        """The signed sheet, as the paper tells it."""
        self.page.goto(f"{self.door}/hojas/{self.village.made['sheet']}")
        self.page.get_by_label("Quiénes firmaron").fill(rows)
        self.page.get_by_role("button", name="Revisar antes de marcar").click()
        self.page.get_by_role("button", name=re.compile("^Marcar")).click()
        expect(self.page.locator("#linea")).to_be_visible()

    def review(self) -> str:
        """What waits for a decision, and what is missing."""
        return self._read("revisar")

    def n_unnamed(self) -> int:
        """How many have no name yet, as the attendance page says."""
        found = re.search(r"(\d+) con tarjeta, sin nombre", self._read("asistencia"))
        return int(found[1]) if found else 0

    def _read(self, page: str) -> str:
        """Its words, one space between two."""
        text = self.page.request.get(f"{self.door}/{page}").text()
        return " ".join(re.sub("<[^>]*>", "", unescape(text).partition("<main")[2]).split())

    def decide(self, answer: str, who: str) -> None:
        """`who`: a person, or a phone with all that waits of it."""
        self.page.goto(f"{self.door}/revisar")
        self._unfold()
        self._press(self.page.get_by_role("button", name=re.compile(f"^{answer} ?: {who}")))

    def count_cards(self) -> None:
        """Whoever came with a card that is nobody's yet, seen by the phone that was taken out of use."""
        self.page.goto(f"{self.door}/revisar")
        self._unfold()
        waiting = self.page.get_by_role("button", name="Cuenta sin nombre")
        while waiting.count():
            self._press(waiting.first)
            self._unfold()

    def _unfold(self) -> None:
        """Many of one kind are folded."""
        folded = self.page.locator("details:not([open]) > summary", has_text=re.compile("^Ver las "))
        while folded.count():
            folded.first.click()

    def _press(self, button: Locator) -> None:
        with self.page.expect_navigation():
            button.click()


def at_desk(context: BrowserContext, village: Village) -> Desk:
    context.add_cookies([{"name": "staff", "value": village.made["desk"], "url": village.origin}])
    return Desk(context.new_page(), village)


def kill_browser(profile: Path) -> None:
    """As when the battery is pulled out: its main process is the one that names the folder and no type."""
    running = commands_with(profile)
    for process, command in running.items():
        if not any(part.startswith("--type=") for part in command):
            os.kill(process, signal.SIGKILL)
    # The others end by themselves once they notice, and until then may hold what the next one opens.
    while commands_with(profile):
        time.sleep(0.05)


def commands_with(profile: Path) -> dict[int, list[str]]:
    """The processes of the browser with this profile."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}" in command:
            found[int(folder.name)] = command
    return found
