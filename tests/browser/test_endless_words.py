"""Whoever types a word without an end makes no page of the staff wider than the screen, nor the page of their card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.steps import FITS
from tests.browser.telephone import NARROW, WIDE, Telephone

WORD = "W" * 110
NAMED_ANEW = """word => {
  const names = [...document.querySelectorAll(".ticks strong, .choice > span")];
  for (const name of names) name.prepend(word);
  return names.length;
}"""
PERSON = {
    "given_names": WORD,
    "surnames": WORD,
    "municipality": "1705",
    "community": WORD,
    "actor_type": "comude",
    "needs": "food",
    "consent_data": "yes",
}


def test_no_list_is_wider_than_its_screen(coordinator: Telephone) -> None:
    page = coordinator.open("/panel/capacitaciones?q=Retorno&estado=published")
    with page.expect_navigation():
        page.get_by_role("link", name="Retorno y reintegración comunitaria").first.click()
    paths = filled(page)

    wide = []
    for path in paths:
        coordinator.open(path)
        for screen in (NARROW, WIDE) if WORD in page.content() else ():
            page.set_viewport_size(screen)
            if not page.evaluate(FITS):
                wide.append((screen, path))

    assert wide == []


def test_no_list_of_diplomas_is_wider_than_its_screen(coordinator: Telephone) -> None:
    coordinator.page.set_viewport_size(NARROW)
    page = coordinator.open("/panel/diplomas")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href$='/diplomas']").all()]
    trainings = [link.removesuffix("/diplomas") for link in links if link.startswith("/panel/capacitaciones/")]

    seen = {}
    for name in ("entrega", "diplomas/anular"):
        for training in trainings:
            coordinator.open(f"{training}/{name}")
            if page.evaluate(NAMED_ANEW, WORD):
                seen[name] = page.evaluate(FITS)
                break

    assert seen == {"entrega": True, "diplomas/anular": True}


def test_no_list_on_another_site_is_wider_than_its_frame(coordinator: Telephone) -> None:
    css = (Path(__file__).parents[2] / "static" / "css" / "embed.css").read_text()
    page = coordinator.open("about:blank")
    page.set_viewport_size(NARROW)

    page.set_content(
        f"<style>{css}</style><main><h1>{WORD}</h1><ul><li><a href='/'>{WORD}</a><p>{WORD}</p></ul></main>"
    )

    assert page.evaluate(FITS)


def filled(page: Page) -> list[str]:
    """A person, cards and a letter with that word, for the training that is shown; the pages on which it stands."""
    training = page.url
    person = posted(page, f"{training}/inscribir", PERSON)
    block = posted(page, f"{training}/tarjetas", {"n": "2", "community": WORD, "holder": WORD, "municipality": "1705"})
    posted(page, f"{training}/convocatorias", {"names": f"{WORD} | {WORD} | {WORD}"})
    [bearer] = re.findall(r"/tarjetas/[0-9A-Z]{32}", page.request.get(block).text())[:1]
    posted(page, f"{page.url.partition('/panel')[0]}{bearer}/1", PERSON | {"age_group": "18+"})
    pages = [training, f"{training}/tarjetas", f"{training}/convocatorias", block, f"{block}/soltar", bearer, person]
    more = ["/panel/apoyos", "/panel/personas/repetidas"]
    return [re.sub(r"^https?://[^/]+", "", one) for one in [*pages, person.replace("/boleto", ""), *more]]


def posted(page: Page, address: str, answers: Mapping[str, str]) -> str:
    """Where a form leads, without what follows the question mark."""
    answer = page.request.post(address, form={**answers}, max_redirects=0)
    assert answer.status == 303, answer.text()
    return page.url.partition("/panel")[0] + answer.headers["location"].partition("?")[0]
