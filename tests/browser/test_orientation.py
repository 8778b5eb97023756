"""The orientation and the notes on a small telephone: nothing sticks out, fingers fit, the way out has no way back."""

from __future__ import annotations

from itertools import pairwise

from playwright.sync_api import expect

from tests.browser.steps import FITS
from tests.browser.telephone import Telephone

SITUATION = "/orientacion/ninez-sin-su-familia"
CHOSEN = f"{SITUATION}?municipio=la-libertad-peten"
SMALL = """() => [...document.querySelectorAll("main a, main button, main select")]
    .filter((one) => !one.closest("p:not(.exit), dd, .words") || one.matches(".tap, .button"))
    .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44 && !one.closest("h2, h3"))
    .map((one) => one.textContent.trim())"""
LENGTH_S = """() => new Promise((resolve, reject) => {
    const audio = document.querySelector("audio");
    audio.addEventListener("loadedmetadata", () => resolve(audio.duration));
    audio.addEventListener("error", () => reject(new Error("no sound")), true);
    audio.load();
    audio.preload = "metadata";
})"""
LEVELS = "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => Number(one.tagName[1]))"


def test_pages_fit_the_smallest_screen_with_room_for_fingers_and_no_heading_left_out(
    telephone: Telephone, people_site: dict[str, str]
) -> None:
    for path in ("/orientacion", SITUATION, "/notas", CHOSEN, people_site["note"]):
        page = telephone.open(path)
        assert page.evaluate(FITS), path
        assert page.evaluate(SMALL) == [], path
        levels = page.evaluate(LEVELS)
        assert levels[0] == 1, path
        assert [after for before, after in pairwise(levels) if after > before + 1] == [], path

    # The last one can be heard, under our policy.
    assert 5 < telephone.page.evaluate(LENGTH_S) < 6


def test_way_out_replaces_the_page_so_that_going_back_does_not_show_it(telephone: Telephone) -> None:
    page = telephone.open("/privacidad")
    page.route("https://www.google.com/", lambda route: route.fulfill(body="<title>Buscar</title>"))
    telephone.open(SITUATION)

    page.get_by_role("link", name="Salir rápido").click()
    page.wait_for_url("https://www.google.com/")
    told = page.evaluate("document.referrer")
    page.go_back()

    expect(page).to_have_url(telephone.origin + "/privacidad")
    assert told == ""
    page.unroute_all()
    assert telephone.watch.complaints.pop() == "asked elsewhere: https://www.google.com/"


def test_everything_is_reached_without_script_and_by_keyboard(telephone: Telephone) -> None:
    page = telephone.open("/", scripts=False)

    page.get_by_role("link", name="Necesito orientación").click()
    page.get_by_role("link", name="Una niña, un niño o adolescente está sin su familia").press("Enter")
    page.get_by_label("Municipio").select_option(label="La Libertad, Petén")
    page.get_by_role("button", name="Ver a quién llamar").press("Enter")

    expect(page).to_have_url(f"{telephone.origin}{CHOSEN}#ventanilla")
    expect(page.get_by_role("heading", name="Ventanilla de La Libertad, Petén")).to_be_visible()
    assert page.get_by_role("link", name="Salir rápido").get_attribute("href") == "https://www.google.com/"
    assert page.context.cookies() == []
