"""The attendance page before the application itself: the contract that the stand-in of the other tests keeps to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.browser.door import Person
from tests.browser.fakecam import make_mjpeg
from tests.browser.scanner import PHONE, Scanner
from tests.database import put_template
from tests.processes import running
from trainings import clock

OPEN = (
    "SELECT count(*) FROM scan_event WHERE session_id = ?",
    "SELECT count(*) FROM attendance WHERE is_present AND session_id = ?",
)


@dataclass
class Running:
    """The application's process, one of its sessions, and what it stored of that."""

    folder: Path
    made: dict[str, Any]
    number: int

    @property
    def session(self) -> str:
        return str(self.made["sessions"][self.number]["session"])

    @property
    def address(self) -> str:
        return f"{self.made['origin']}/panel/sesiones/{self.session}/asistencia"

    @property
    def people(self) -> list[Person]:
        return [Person("", **person) for person in self.made["sessions"][self.number]["people"]]

    @property
    def counts(self) -> tuple[int, int]:
        """Events stored, people present."""
        with closing(sqlite3.connect(f"file:{self.folder / 'trainings.db'}?mode=ro", uri=True)) as connection:
            n_events, n_present = (connection.execute(question, [self.session]).fetchone()[0] for question in OPEN)
        return n_events, n_present


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Running]]:
    """One session after the other, of one application."""
    folder = tmp_path_factory.mktemp("door")
    put_template(folder)
    with running("tests.browser.app_server", folder) as server:
        yield (Running(folder, server.made, number) for number in range(len(server.made["sessions"])))


@pytest.fixture(name="running")
def one_of(sessions: Iterator[Running]) -> Running:
    """A session at which nobody was marked yet."""
    return next(sessions)


@pytest.fixture
def door_page(context: BrowserContext, running: Running) -> Scanner:
    """The page as the facilitator, once its script is ready."""
    scanner = signed_in(context, running)
    scanner.expect_sync("Todo enviado")
    return scanner


def signed_in(context: BrowserContext, running: Running) -> Scanner:
    context.add_cookies([{"name": "staff", "value": running.made["cookie"], "url": running.made["origin"]}])
    scanner = Scanner(context.new_page(), running.made["origin"])
    scanner.listen()
    scanner.page.goto(running.address)
    return scanner


def test_application_takes_scan_code_and_row(cameras: Browser, film: Path, running: Running) -> None:
    ana, byron, _candelaria, telma = running.people
    make_mjpeg(film, [ana.token])
    context = cameras.new_context(viewport=PHONE, locale="es-GT", permissions=["camera"])
    scanner = signed_in(context, running)
    scanner.expect_sync("Todo enviado")

    scanner.page.get_by_role("button", name="Encender cámara").click()
    scanner.expect_answer("present", "Ana Lucía B. C.")
    scanner.page.get_by_role("button", name="Apagar").click()
    scanner.type_code(ana.short_code)
    scanner.expect_answer("already", "Ana Lucía B. C.")
    scanner.type_code(telma.short_code)
    scanner.expect_answer("review", "Telma I. C.")
    scanner.row(byron).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present", "Byron C. X.")

    scanner.expect_count("3 de 4 presentes")
    assert scanner.complaints == []
    assert running.counts == (4, 3)
    context.close()


def test_application_counts_once_takes_back_and_keeps_marks_of_who_is_signed_out(
    door_page: Scanner, running: Running
) -> None:
    lose_an_answer(door_page, running)
    note_an_early_exit(door_page, running)
    sign_out(door_page, running)


def lose_an_answer(scanner: Scanner, running: Running) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    scanner.page.route("**/marcas", lose)
    scanner.type_code(running.people[0].short_code)
    scanner.expect_answer("kept")
    scanner.expect_sync("Sin señal. Sin enviar: 1")
    expect(scanner.page.get_by_role("button", name="Enviar ya")).to_be_visible()
    assert running.counts == (1, 1)

    scanner.page.unroute("**/marcas")
    scanner.send_now()

    scanner.expect_answer("present", "Ana Lucía B. C.")
    scanner.expect_sync("Todo enviado")
    assert running.counts == (1, 1)


def note_an_early_exit(scanner: Scanner, running: Running) -> None:
    """And take it back."""
    row = scanner.row(running.people[1])
    row.get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present")

    scanner.page.get_by_role("link", name="Presentes").click()
    row.get_by_role("button", name="Se fue antes").click()
    scanner.expect_answer("left", "Salida anotada")
    expect(row).to_have_attribute("data-state", "left")
    row.get_by_role("button", name="Deshacer").click()

    scanner.expect_answer("undone")
    expect(row).to_have_attribute("data-state", "present")
    assert running.counts == (4, 2)


def sign_out(scanner: Scanner, running: Running) -> None:
    cookies = scanner.page.context.cookies()
    scanner.page.context.clear_cookies()

    scanner.type_code(running.people[2].short_code)
    scanner.expect_answer("kept")
    expect(scanner.page.get_by_role("link", name="Entrar")).to_be_visible()
    expect(scanner.page.locator("[data-sync]")).to_contain_text("nada se pierde")
    scanner.page.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": scanner.origin} for c in cookies if c["name"] == "staff"]
    )
    scanner.send_now()

    scanner.expect_answer("present", "Ma. Candelaria Q. Q.")
    expect(scanner.page.get_by_role("link", name="Entrar")).to_be_hidden()
    assert running.counts == (5, 3)


def test_application_takes_a_walk_in_closes_and_opens_again(browser: Browser, running: Running) -> None:
    context = browser.new_context(viewport=PHONE, locale="es-GT", java_script_enabled=False)
    page = signed_in(context, running).page

    page.get_by_role("link", name="Sin boleto").click()
    page.get_by_label("Nombres").fill("Juan")
    page.get_by_label("Apellidos").fill("Pérez")
    page.get_by_label("Viene como").select_option("cocode")
    page.get_by_label("Mujer").check()
    page.get_by_label("La persona dijo que sí").check()
    page.get_by_role("button", name="Anotar y marcar llegada").click()
    expect(page.locator(".answer [data-state=present]")).to_be_visible()
    page.get_by_role("link", name="Cerrar la sesión").click()
    page.get_by_label("¿A qué hora terminó?").fill(f"{clock.local(clock.now()):%H:%M}")
    page.get_by_role("button", name="Cerrar la sesión").click()
    expect(page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    page.get_by_role("button", name="Abrir otra vez").click()

    expect(page.get_by_role("heading", name="Marcar llegadas")).to_be_visible()
    assert running.counts == (1, 1)
    context.close()
