"""What a first visit costs: forty kilobytes and six requests, everything counted, in a real browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.browser.steps import FITS
from tests.processes import run

MOST_BYTES = 40_000
MOST_REQUESTS = 6
PAGES = (
    "/",
    "/municipios/la-libertad-peten",
    "training",
    "sign-up",
    "/calendario",
    "note",
    "/notas",
    "/orientacion",
    "/orientacion/ninez-sin-su-familia?municipio=la-libertad-peten",
)
"""The budget is about those that people open on a telephone before anything else."""
TELEPHONE = ViewportSize(width=360, height=760)


@dataclass
class Visit:
    """One first visit: addresses asked for, bytes that came over the line (heads too), complaints of the browser."""

    asked: list[str] = field(default_factory=list)
    n_bytes: int = 0
    complaints: list[str] = field(default_factory=list)


def begun(context: BrowserContext, address: str) -> Visit:
    """Open an address as somebody who never was there."""
    visit = Visit()
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.requestWillBeSent", lambda event: _note(visit, event["request"]["url"]))
    wire.on("Network.loadingFinished", lambda event: _add(visit, event["encodedDataLength"]))
    page.on("console", lambda message: visit.complaints.append(message.text) if message.type == "error" else None)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    return visit


def _note(visit: Visit, address: str) -> None:
    """What is asked of a server; the browser has drawings of its own for the buttons of a player."""
    if not address.startswith("data:"):
        visit.asked.append(address)


def _add(visit: Visit, n_bytes: float) -> None:
    visit.n_bytes += int(n_bytes)


def test_first_visits_stay_within_the_budget(people_site: dict[str, str], browser: Browser) -> None:
    origin, told = people_site["origin"], people_site | {"sign-up": people_site["training"] + "/inscripcion"}
    people = [browser.new_context(viewport=TELEPHONE, locale="es-GT") for _path in PAGES]
    visits = [begun(one, origin + told.get(path, path)) for one, path in zip(people, PAGES, strict=True)]
    for one in people:
        # Until nothing more comes, to all at once.
        one.pages[0].wait_for_load_state("networkidle")
        one.close()

    assert [visit for visit in visits if visit.n_bytes > MOST_BYTES] == []
    assert [visit for visit in visits if len(visit.asked) > MOST_REQUESTS] == []
    assert [address for visit in visits for address in visit.asked if not address.startswith(origin)] == []
    assert [visit for visit in visits if not any("/static/css/site.css" in address for address in visit.asked)] == []
    assert [visit.complaints for visit in visits if visit.complaints] == []


def test_home_of_the_budget_is_a_full_one(people_site: dict[str, str]) -> None:
    home = httpx2.get(people_site["origin"] + "/").text

    [n_trainings] = re.findall(r"Ver las (\d+) capacitaciones", home)
    assert int(n_trainings) >= 12
    drawing, list_of = home.partition('class="map')[2].partition("</svg>")[::2]
    assert [part.count('href="/municipios/') for part in (drawing, list_of)] == [10, 10]


def test_calendar_on_a_stick_fits_a_small_telephone_and_asks_for_nothing(
    people_site: dict[str, str], people_folder: Path, browser: Browser, tmp_path: Path
) -> None:
    """As it is opened from its folder, without a server."""
    made = run(people_folder, "export-site", str(tmp_path), base_url="https://capacitaciones.municipalidad.example")
    assert made.returncode == 0, made.stderr
    context = browser.new_context(viewport=ViewportSize(width=320, height=700), offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    wide = []
    for kind in ("index.html", "municipios/*.html", "capacitaciones/*.html"):
        [path, *_] = sorted(tmp_path.glob(kind))
        page.goto(path.as_uri())
        wide += [path.name] if not page.evaluate(FITS) else []

    assert wide == []
    assert [address for address in asked if not address.startswith("file:")] == []
    context.close()
