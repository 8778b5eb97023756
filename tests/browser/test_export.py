"""The exported calendar, opened from its folder on a small telephone: without a server, nothing from elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize

from tests.browser import demo
from tests.processes import run

FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_pages_on_a_stick_fit_a_small_telephone_and_ask_for_nothing(browser: Browser, tmp_path: Path) -> None:
    world, site = shutil.copytree(demo.seeded_once(), tmp_path / "world"), tmp_path / "site"
    made = run(
        world, "export-site", str(site), base_url="https://capacitaciones.municipalidad.example", **demo.SETTINGS
    )
    assert made.returncode == 0, made.stderr
    context = browser.new_context(viewport=ViewportSize(width=320, height=700), offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    wide = []
    for kind in ("index.html", "municipios/*.html", "capacitaciones/*.html"):
        for path in sorted(site.glob(kind))[:3]:
            page.goto(path.as_uri())
            wide += [path.name] if not page.evaluate(FITS) else []

    assert wide == []
    assert [address for address in asked if not address.startswith("file:")] == []
    context.close()
