"""The page of a family in a real browser: narrow, by keyboard, without script; and an adult's link made theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.steps import Watch, press_on, read_screen, type_into
from tests.database import put_template
from tests.processes import running
from trainings.lib import tokens

NARROW: dict[str, Any] = {"viewport": ViewportSize(width=320, height=640)}
PLAIN = NARROW | {"java_script_enabled": False}
OWN_PAGE = re.compile(r"/i/[0-9A-Z]{32}$")

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Origin and the families' pages."""
    folder = tmp_path_factory.mktemp("group")
    put_template(folder)
    with running("tests.browser.group_server", folder) as server:
        yield server.made


@pytest.fixture
def visit(browser: Browser, site: dict[str, str]) -> Iterator[Visit]:
    """Opens a page in a browser of its own; at the end nothing may have been complained about."""
    watch = Watch()
    with ExitStack() as stack:

        def open_page(path: str, **options: Any) -> Page:
            context: BrowserContext = browser.new_context(locale="es-GT", **options)
            stack.callback(context.close)
            watch.over(context)
            page = context.new_page()
            page.goto(path if path.startswith("http") else site["origin"] + path)
            return page

        yield open_page
    assert watch.complaints == []


def is_as_wide_as_the_screen(page: Page) -> bool:
    return bool(page.locator("html").evaluate("page => page.scrollWidth") == NARROW["viewport"]["width"])


def hand_over(page: Page, name: str) -> str:
    """From the tickets to that adult's link, as the text to be copied holds it."""
    press_on(page.get_by_role("link", name=re.compile(f"^Entregar su enlace.*{name}")), "Enter")
    expect(page.get_by_role("img", name=f"Código QR del enlace de {name}")).to_be_visible()
    assert is_as_wide_as_the_screen(page)
    found = re.search(r"http://\S+/i/[0-9A-Z]{32}", page.get_by_label("Texto con el enlace").input_value())
    assert found
    return found[0]


def answer(page: Page) -> None:
    press_on(page.get_by_role("link", name="Responder"), "Enter")
    type_into(page.get_by_label("Sexo"), "Hombre")
    type_into(page.get_by_label("Idioma que prefiere"), "Q’eqchi’")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("button", name="Guardar mis respuestas"), "Enter")
    expect(page.get_by_role("status")).to_contain_text("Listo, gracias.")


def test_link_is_handed_over_and_made_ones_own_and_questions_are_answered_without_script(
    visit: Visit, site: dict[str, str]
) -> None:
    family = visit(site["handed"], **PLAIN)
    address = hand_over(family, "Beto Coc Xol")

    beto = visit(address, **PLAIN)
    expect(beto.get_by_role("heading", level=1)).to_have_text("¿Este boleto es suyo?")
    _screen, code = read_screen(beto)
    assert tokens.read_qr(code) == code
    press_on(beto.get_by_role("button", name="Este boleto es mío"), "Enter")

    expect(beto).not_to_have_url(address)
    expect(beto).to_have_url(OWN_PAGE)
    expect(beto.get_by_role("status")).to_contain_text("Listo, este boleto es suyo.")
    answer(beto)
    family.goto(site["origin"] + site["handed"])
    expect(family.locator("article.ticket").filter(has_text="Beto")).to_contain_text(
        "Ya tiene su propio enlace: desde ahí corrige su nombre o cancela."
    )
    expect(family.get_by_role("link", name=re.compile("^Entregar su enlace.*Beto"))).to_have_count(0)


def test_old_address_opens_nothing_once_the_link_is_somebodys_own(
    browser: Browser, visit: Visit, site: dict[str, str]
) -> None:
    family = visit(site["wide"], **NARROW)
    address = hand_over(family, "Ana Coc Xol")
    owner = visit(address, **NARROW)
    press_on(owner.get_by_role("button", name="Este boleto es mío"), "Enter")
    expect(owner.get_by_role("status")).to_contain_text("Listo, este boleto es suyo.")
    answer(owner)

    with browser.new_context() as context:
        answered = context.new_page().goto(address)

    assert answered is not None
    assert answered.status == 404


def test_all_cancel_and_come_back_by_keyboard(visit: Visit, site: dict[str, str]) -> None:
    page = visit(site["cancelled"], **PLAIN)
    press_on(page.get_by_role("link", name="Ya no podemos ir: soltar todos los lugares"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("¿Ya no pueden ir?")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("button", name="Cancelar las 3 inscripciones"), "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Estas inscripciones están canceladas")
    assert is_as_wide_as_the_screen(page)

    press_on(page.get_by_role("button", name="Volver a inscribirnos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")
    expect(page.get_by_role("link", name="Guardar este boleto")).to_have_count(3)


def test_offer_is_accepted_by_keyboard_without_script(visit: Visit, site: dict[str, str]) -> None:
    page = visit(site["offered"], **PLAIN)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hay lugar para ustedes")
    assert is_as_wide_as_the_screen(page)
    press_on(page.get_by_role("link", name="No podemos", exact=True), "Enter")
    press_on(page.get_by_role("link", name="Volver", exact=True), "Enter")

    press_on(page.get_by_role("button", name="Sí, vamos"), "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Listo, ya tienen su lugar")


def test_family_page_holds_at_four_hundred_percent_and_in_forced_colours(
    browser: Browser, site: dict[str, str]
) -> None:
    """1280 px at 400 % are 320 of the page's own."""
    with browser.new_context(device_scale_factor=4, locale="es-GT", **NARROW) as context:
        page = context.new_page()
        page.goto(site["origin"] + site["wide"])

        for colours in ("none", "active"):
            page.emulate_media(forced_colors=colours)
            assert is_as_wide_as_the_screen(page), colours
        expect(page.get_by_role("img", name="Código QR del boleto de Cata Coc Xol")).to_be_visible()
