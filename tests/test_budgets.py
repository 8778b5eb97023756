"""What a first visit costs: forty kilobytes and six requests, everything counted, in a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser_setup import quickest
from tests.database import put_template

MOST_BYTES = 40_000
MOST_REQUESTS = 6
TELEPHONE = {"width": 360, "height": 760}


@dataclass
class Visit:
    """One first visit: addresses asked for, bytes that came over the line (heads too), complaints of the browser."""

    asked: list[str] = field(default_factory=list)
    n_bytes: int = 0
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def showroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Origin and a training of a running application."""
    folder = tmp_path_factory.mktemp("showroom")
    put_template(folder)
    command = [sys.executable, "-m", "tests.showroom", str(folder)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told, (folder / "log").read_text()
        yield json.loads(told)
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=quickest(), args=["--no-sandbox"])
        yield browser
        browser.close()


def first_visit(browser: Browser, address: str, **options: Any) -> Visit:
    """Open an address as somebody who never was there, and wait until nothing more comes."""
    visit = Visit()
    context = browser.new_context(viewport=TELEPHONE, locale="es-GT", **options)  # type: ignore[arg-type]
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.requestWillBeSent", lambda event: _note(visit, event["request"]["url"]))
    wire.on("Network.loadingFinished", lambda event: _add(visit, event["encodedDataLength"]))
    page.on("console", lambda message: visit.complaints.append(message.text) if message.type == "error" else None)
    answer = page.goto(address, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200, address
    context.close()
    return visit


def _note(visit: Visit, address: str) -> None:
    """What is asked of a server; the browser has drawings of its own for the buttons of a player."""
    if not address.startswith("data:"):
        visit.asked.append(address)


def _add(visit: Visit, n_bytes: float) -> None:
    visit.n_bytes += int(n_bytes)


def pages(showroom: dict[str, str]) -> dict[str, str]:
    """The pages that the budget is about: those that people open on a telephone before anything else."""
    return {
        "home": "/",
        "municipality": "/municipios/la-libertad-peten",
        "training": showroom["training"],
        "sign-up": showroom["training"] + "/inscripcion",
        "month": "/calendario",
        "note": showroom["note"],
        "notes": "/notas",
        "orientation": "/orientacion",
        "situation": "/orientacion/ninez-sin-su-familia?municipio=la-libertad-peten",
    }


@pytest.mark.parametrize(
    "name", ["home", "municipality", "training", "sign-up", "month", "note", "notes", "orientation", "situation"]
)
def test_first_visit_stays_within_the_budget(showroom: dict[str, str], browser: Browser, name: str) -> None:
    path = pages(showroom)[name]

    visit = first_visit(browser, showroom["origin"] + path)

    assert visit.n_bytes <= MOST_BYTES, visit
    assert len(visit.asked) <= MOST_REQUESTS, visit
    assert {address.startswith(showroom["origin"]) for address in visit.asked} == {True}
    assert any("/static/css/site.css" in address for address in visit.asked)
    assert visit.complaints == []


def test_home_of_the_budget_is_a_full_one(showroom: dict[str, str], browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="es-GT")
    page = context.new_page()
    page.goto(showroom["origin"] + "/")

    assert page.locator(".places a[href^='/municipios/']").count() == 10
    assert page.locator("svg.map a[href^='/municipios/']").count() == 10
    assert page.get_by_text("Ver las 12 capacitaciones").count() == 1
    context.close()
