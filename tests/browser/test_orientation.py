"""The orientation and the notes on a small telephone: nothing sticks out, fingers fit, the way out has no way back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.serving import running
from tests.database import put_template

SITUATION = "/orientacion/ninez-sin-su-familia"
CHOSEN = f"{SITUATION}?municipio=la-libertad-peten"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SMALL = """() => [...document.querySelectorAll("main a, main button, main select")]
    .filter((one) => !one.closest("p:not(.exit), dd, .words") || one.matches(".tap, .button"))
    .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44 && !one.closest("h2, h3"))
    .map((one) => one.textContent.trim())"""
LEVELS = "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => Number(one.tagName[1]))"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Origin and a note of a running application."""
    folder = tmp_path_factory.mktemp("orientation")
    put_template(folder)
    with running("tests.showroom", folder) as server:
        yield server.made


def opened(browser: Browser, address: str, *, width: int = 360, scripts: bool = True) -> Page:
    size = ViewportSize(width=width, height=700)
    page = browser.new_context(viewport=size, locale="es-GT", java_script_enabled=scripts).new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("path", ["/orientacion", SITUATION, "/notas", "note", CHOSEN])
def test_page_fits_the_smallest_screen_with_room_for_fingers_and_no_heading_left_out(
    site: dict[str, str], browser: Browser, path: str
) -> None:
    page = opened(browser, site["origin"] + site.get(path, path), width=320)

    assert page.evaluate(FITS)
    assert page.evaluate(SMALL) == []
    levels = page.evaluate(LEVELS)
    assert levels[0] == 1
    assert [after for before, after in pairwise(levels) if after > before + 1] == []
    page.context.close()


def test_way_out_replaces_the_page_so_that_going_back_does_not_show_it(site: dict[str, str], browser: Browser) -> None:
    page = opened(browser, site["origin"] + "/privacidad")
    page.context.route("https://www.google.com/", lambda route: route.fulfill(body="<title>Buscar</title>"))
    asked: list[str | None] = []
    page.goto(site["origin"] + SITUATION)
    # The icon of the window may come late: only the ways from page to page are told of.
    page.on(
        "request",
        lambda request: asked.append(request.headers.get("referer")) if request.is_navigation_request() else None,
    )

    page.get_by_role("link", name="Salir rápido").click()
    page.wait_for_url("https://www.google.com/")
    told = list(asked)
    page.go_back()

    expect(page).to_have_url(site["origin"] + "/privacidad")
    assert told == [None]
    page.context.close()


def test_everything_is_reached_without_script_and_by_keyboard(site: dict[str, str], browser: Browser) -> None:
    page = opened(browser, site["origin"] + "/", scripts=False)

    page.get_by_role("link", name="Necesito orientación").click()
    page.get_by_role("link", name="Una niña, un niño o adolescente está sin su familia").press("Enter")
    page.get_by_label("Municipio").select_option(label="La Libertad, Petén")
    page.get_by_role("button", name="Ver a quién llamar").press("Enter")

    expect(page).to_have_url(f"{site['origin']}{CHOSEN}#ventanilla")
    expect(page.get_by_role("heading", name="Ventanilla de La Libertad, Petén")).to_be_visible()
    assert page.get_by_role("link", name="Salir rápido").get_attribute("href") == "https://www.google.com/"
    assert page.context.cookies() == []
    page.context.close()


def test_recording_plays_under_our_policy(site: dict[str, str], browser: Browser) -> None:
    page = opened(browser, site["origin"] + site["note"])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    seconds = page.evaluate(
        """() => new Promise((resolve, reject) => {
            const audio = document.querySelector("audio");
            audio.addEventListener("loadedmetadata", () => resolve(audio.duration));
            audio.addEventListener("error", () => reject(new Error("no sound")), true);
            audio.load();
            audio.preload = "metadata";
        })"""
    )

    assert 5 < seconds < 6
    assert complaints == []
    page.context.close()
