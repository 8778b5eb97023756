"""The small scripts and the narrow screen, in a real Chromium; the pages are ours, only the line is made of memory."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.telephone import Telephone, telephone_at
from tests.web.pages import draw
from trainings.audit.actor import Actor
from trainings.web.forms import Typed
from trainings.web.static import STATIC_DIR

ORIGIN = "http://localhost:8000"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
FRAME = '{% extends "layouts/public.html" %}'
FORM = (
    FRAME + '{% block content %}<form action="/enviado" method="post" data-once="Enviando…">'
    '<button name="add" value="1">Agregar</button><button>Inscribirme</button></form>{% endblock %}'
    '{% block scripts %}{{ script("once") }}{% endblock %}'
)
SHARE = (
    FRAME + '{% block content %}<a href="https://wa.me/?text=hola" data-share="http://localhost:8000/c" '
    'data-title="Taller">Invitar</a>'
    '<button hidden data-copy="http://localhost:8000/c" data-done="Copiado">Copiar</button>{% endblock %}'
    '{% block scripts %}{{ script("share", "copy") }}{% endblock %}'
)

SEND_AGAIN = "form => form.dispatchEvent(new SubmitEvent('submit', { cancelable: true, bubbles: true }))"
STAFF = '{% extends "layouts/staff.html" %}'
VILMA = Actor(id=None, role="assistant", name="Vilma")
COORDINATOR = Actor(id=None, role="coordinator", name="Rosa", roles_everywhere=frozenset({"hub_coordinator"}))
ROWS = """() => [".top > *", ".ways a"].map((which) => {
    const all = [...document.querySelectorAll(which)].map((one) => one.getBoundingClientRect());
    const boxes = all.filter((one) => one.height);
    return new Set(boxes.map((one) => Math.round((one.top + one.bottom) / 20))).size;
})"""
KEEP_TWO = """() => new Promise((done) => {
    const opening = indexedDB.open("marcar", 1);
    opening.onupgradeneeded = () => {
        const kept = opening.result.createObjectStore("events", { keyPath: "id" });
        kept.createIndex("waiting", "waiting");
        for (const [n, id] of ["a", "b"].entries()) kept.add({ id, waiting: n + 1 });
    };
    opening.onsuccess = () => { opening.result.close(); done(true); };
})"""


@pytest.fixture(scope="module")
def one_for_all(browser: Browser) -> Iterator[Telephone]:
    telephone = telephone_at(browser, ORIGIN)
    yield telephone
    telephone.page.context.close()


@pytest.fixture
def page(one_for_all: Telephone) -> Iterator[Page]:
    """A phone that fails the test when the browser complains, of the content policy for example."""
    yield from _heard(one_for_all)


@pytest.fixture
def own_page(browser: Browser) -> Iterator[Page]:
    """The same for one test alone, whose clock may be moved."""
    telephone = telephone_at(browser, ORIGIN)
    yield from _heard(telephone)
    telephone.page.context.close()


def _heard(telephone: Telephone) -> Iterator[Page]:
    telephone.watch.complaints.clear()
    yield telephone.page
    telephone.page.unroute_all()
    # Whatever is asked for is answered by the test.
    assert [one for one in telephone.watch.complaints if not one.startswith("asked elsewhere: ")] == []


def show(page: Page, source: str, **values: Any) -> list[str]:
    """Open a page written in the test; the list fills with what is sent or opened afterwards."""
    body = draw(source, **values).source
    asked: list[str] = []

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.path.startswith("/static/"):
            file = STATIC_DIR / address.path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "")
        elif address.path == "/pagina":
            route.fulfill(
                body=body, content_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY}
            )
        else:
            asked.append(f"{route.request.method} {route.request.url} {route.request.post_data or ''}".strip())
            # 204 leaves the page where it is, as a slow line does.
            route.fulfill(status=204)

    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/pagina")
    return asked


def test_form_goes_once_by_the_button_that_was_pressed_and_again_after_half_a_minute_without_answer(
    own_page: Page,
) -> None:
    page = own_page
    page.clock.install()
    asked = show(page, FORM)
    send, add = page.locator("button:not([name])"), page.locator("button[name=add]")

    with page.expect_response("**/enviado"):
        send.dblclick()
    expect(send).to_have_text("Enviando…")
    expect(send).to_have_attribute("aria-disabled", "true")
    assert page.locator("form").evaluate(SEND_AGAIN) is False
    page.clock.run_for(29_000)
    expect(send).to_have_text("Enviando…")
    assert asked == [f"POST {ORIGIN}/enviado"]
    page.clock.run_for(1_000)
    expect(send).to_have_text("Inscribirme")

    with page.expect_response("**/enviado"):
        add.click()
    expect(add).to_have_text("Enviando…")
    expect(send).to_have_text("Inscribirme")
    assert asked == [f"POST {ORIGIN}/enviado", f"POST {ORIGIN}/enviado add=1"]


def test_summary_of_errors_has_the_focus_and_leads_to_the_field(page: Page) -> None:
    source = (
        FRAME + '{% from "parts/summary.html" import summary %}{% import "parts/field.html" as field %}'
        '{% block content %}{{ summary(form) }}{{ field.phone(form, "phone", "Teléfono") }}{% endblock %}'
        '{% block scripts %}{{ script("focus-summary") }}{% endblock %}'
    )

    show(page, source, form=Typed({}, {"phone": "Escriba los 8 números."}))

    expect(page.locator(".summary")).to_be_focused()
    page.get_by_role("link", name="Escriba los 8 números.").click()
    expect(page.get_by_label("Teléfono")).to_be_focused()


def test_share_opens_the_telephones_own_sheet_or_whatsapp_and_copy_fills_the_clipboard(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ORIGIN)
    asked = show(page, SHARE)
    page.evaluate("() => { window.shared = []; navigator.share = async (what) => { window.shared.push(what) } }")
    page.get_by_role("link", name="Invitar").click()
    assert page.evaluate("window.shared") == [{"title": "Taller", "url": "http://localhost:8000/c"}]
    assert asked == []

    page.evaluate("() => { navigator.share = undefined }")
    with page.expect_response("https://wa.me/**"):
        page.get_by_role("link", name="Invitar").click()
    assert asked == ["GET https://wa.me/?text=hola"]

    page.get_by_role("button", name="Copiar").click()
    expect(page.get_by_role("status")).to_have_text("Copiado")
    assert page.evaluate("navigator.clipboard.readText()") == "http://localhost:8000/c"


def test_pages_fit_the_narrowest_screen(page: Page) -> None:
    fits = {}
    for name in ("pages/privacidad", "pages/accesibilidad", "pages/quejas", "errors/404", "errors/503"):
        show(page, f'{{% extends "{name}.html" %}}')
        fits[name] = page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    assert [name for name, is_narrow in fits.items() if not is_narrow] == []


def test_head_of_the_panel_has_two_rows_and_escape_closes_its_menu(page: Page) -> None:
    show(page, STAFF, actor=COORDINATOR)
    summary, leave = page.get_by_text("Cuenta", exact=True), page.get_by_role("button", name="Salir", exact=True)

    assert page.evaluate(ROWS) == [2, 1]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(leave).to_be_hidden()
    summary.press("Enter")
    expect(leave).to_be_visible()
    page.keyboard.press("Escape")
    expect(leave).to_be_hidden()
    expect(summary).to_be_focused()
    summary.press("Enter")
    page.mouse.click(10, 400)
    expect(leave).to_be_hidden()


def test_first_tab_leads_past_the_header(page: Page) -> None:
    show(page, FORM)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ir al contenido")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{ORIGIN}/pagina#contenido")
    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="Agregar")).to_be_focused()


def test_signing_out_asks_nothing_and_makes_no_store_unless_marks_of_the_door_page_wait(page: Page) -> None:
    asked = show(page, STAFF, actor=VILMA)
    page.get_by_text("Cuenta", exact=True).click()
    leave = page.get_by_role("button", name="Salir", exact=True)

    with page.expect_response("**/salir"):
        leave.click()

    assert asked == [f"POST {ORIGIN}/salir"]
    assert page.evaluate("() => indexedDB.databases()") == []
    expect(page.locator("dialog")).to_be_hidden()
    page.evaluate(KEEP_TWO)

    leave.click()

    dialog = page.get_by_role("dialog", name="Este aparato guarda 2 marcas sin enviar")
    expect(dialog.get_by_role("button", name="No salir todavía")).to_be_focused()
    assert len(asked) == 1
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
