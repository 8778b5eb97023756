"""What a first visit costs: forty kilobytes and six requests, everything counted, in a real browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from playwright.sync_api import CDPSession

from tests.browser.steps import FITS
from tests.browser.telephone import Telephone
from tests.processes import run

LEAST_BYTES, MOST_BYTES = 5_000, 40_000
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


@dataclass
class Visit:
    """One first visit: addresses asked for, bytes that came over the line (heads too)."""

    asked: list[str] = field(default_factory=list)
    n_bytes: int = 0

    def begin(self, wire: CDPSession) -> None:
        wire.send("Network.enable")
        wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        wire.on("Network.requestWillBeSent", lambda event: self._note(event["request"]["url"]))
        wire.on("Network.loadingFinished", lambda event: self._add(event["encodedDataLength"]))

    def _note(self, address: str) -> None:
        """What is asked of a server; the browser has drawings of its own for the buttons of a player."""
        if not address.startswith("data:"):
            self.asked.append(address)

    def _add(self, n_bytes: float) -> None:
        self.n_bytes += int(n_bytes)


def first_visit(telephone: Telephone, path: str) -> Visit:
    """Until nothing more comes, for somebody who never was there."""
    telephone.empty()
    wire, visit = telephone.page.context.new_cdp_session(telephone.page), Visit()
    visit.begin(wire)
    telephone.open(path).wait_for_load_state("networkidle")
    wire.detach()
    return visit


def test_first_visits_stay_within_the_budget(telephone: Telephone, people_site: dict[str, str]) -> None:
    told = people_site | {"sign-up": people_site["training"] + "/inscripcion"}
    visits = [first_visit(telephone, told.get(path, path)) for path in PAGES]

    assert [visit for visit in visits if visit.n_bytes > MOST_BYTES] == []
    assert [visit for visit in visits if len(visit.asked) > MOST_REQUESTS] == []
    assert [visit for visit in visits if not any("/static/css/site.css" in address for address in visit.asked)] == []
    assert min(visit.n_bytes for visit in visits) > LEAST_BYTES, "what comes is counted"


def test_home_of_the_budget_is_a_full_one(people_site: dict[str, str]) -> None:
    home = httpx2.get(people_site["origin"] + "/").text

    [n_trainings] = re.findall(r"Ver las (\d+) capacitaciones", home)
    assert int(n_trainings) >= 12
    drawing, list_of = home.partition('class="map')[2].partition("</svg>")[::2]
    assert [part.count('href="/municipios/') for part in (drawing, list_of)] == [10, 10]


def test_calendar_on_a_stick_fits_a_small_telephone_and_asks_for_nothing(
    telephone: Telephone, people_folder: Path, tmp_path: Path
) -> None:
    """As it is opened from its folder, without a server."""
    made = run(people_folder, "export-site", str(tmp_path), base_url="https://capacitaciones.municipalidad.example")
    assert made.returncode == 0, made.stderr
    page = telephone.page
    page.context.set_offline(True)

    wide = []
    for kind in ("index.html", "municipios/*.html", "capacitaciones/*.html"):
        [path, *_] = sorted(tmp_path.glob(kind))
        page.goto(path.as_uri())
        wide += [path.name] if not page.evaluate(FITS) else []

    assert wide == []
