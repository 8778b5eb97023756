"""The attendance page of the panel: with a camera, by codes and rows, on a failing line, and without script.

Its camera is the app's (`test_marcar_door.py`). That no mark is lost and none counts twice is in
`tests/attendance/phone/panel.test.mjs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect

from tests.browser.marcar import Village
from tests.browser.scanner import FULL, MAKE_ROOM, PHONE, Scanner, opened
from trainings import clock
from trainings.attendance.phones.shell import samples
from trainings.lib import tokens

HIDE = """() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    delete document.hidden;
}"""
SHORT_MINUTE = """
    const wait = setTimeout;
    globalThis.setTimeout = (act, ms, ...more) => wait(act, ms === 60_000 && globalThis.isShort ? 500 : ms, ...more);
"""
NO_CAMERA = (
    "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') } }"
)
IS_OFF = "() => document.querySelector('video').srcObject === null"
UNSENT_NOTE_RAN = """async () => { await import(document.querySelector('script[src*="/unsent-note"]').src) }"""
MARKS = "**/asistencia/marcas"


@pytest.fixture
def village(first_village: Village) -> Village:
    """A session at which nobody was marked yet."""
    return first_village.another(n_people=8, n_phones=0)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, locale="es-GT")
    yield context
    context.close()


@pytest.fixture
def scanner(context: BrowserContext, village: Village) -> Iterator[Scanner]:
    """The page without a camera; nothing may be complained about at the end."""
    scanner = opened(context, village)
    yield scanner
    assert scanner.complaints == []


def test_codes_rows_and_camera_mark_and_the_camera_rests_when_nobody_needs_it(
    pocket: BrowserContext, village: Village
) -> None:
    pocket.add_init_script(SHORT_MINUTE)
    scanner = opened(pocket, village)
    scanner.page.evaluate("() => { globalThis.sameDocument = true }")
    film(scanner, village)
    assert {address[: len(village.origin)] for address in scanner.addresses} == {village.origin}
    find_people(scanner)
    type_codes(scanner, village)
    tap_rows(scanner, village)
    show_a_nameless_card(scanner, village)
    assert scanner.page.evaluate("() => globalThis.sameDocument")
    warn_of_nothing(scanner)
    assert scanner.complaints == []


def film(scanner: Scanner, village: Village) -> None:
    [ana] = village.people(1)
    start = scanner.page.get_by_role("button", name="Encender cámara")
    start.click()
    scanner.film_for(0.5)
    scanner.expect_answer("ready")
    scanner.scan("WIFI:S:Casa;T:WPA;P:secreto;;")
    scanner.expect_answer("not_ticket", "No es un boleto")
    assert not any(address.endswith("/marcas") for address in scanner.addresses), "what is no ticket stays here"

    scanner.scan(ana.token)
    scanner.expect_answer("present", "Presente", ana.name)
    expect(scanner.row(ana)).to_contain_text("Deshacer")
    expect(scanner.row(ana)).to_contain_text("Cámara", use_inner_text=False)
    scanner.expect_count("1 de 8 presentes")

    note = scanner.page.locator("[data-lens-note]")
    scanner.page.evaluate(HIDE)
    assert scanner.page.evaluate(IS_OFF), "no camera films a hidden page"
    expect(note).to_contain_text("descansa")
    scanner.page.evaluate("() => { globalThis.isShort = true }")
    scanner.scan(None)
    expect(note).not_to_contain_text("descansa")
    expect(note).to_contain_text("descansa")
    assert scanner.page.evaluate(IS_OFF), "nor longer than a minute without a card"

    wasm = [address for address in scanner.addresses if address.partition("?")[0].endswith(".wasm")]
    assert [address.startswith(f"{village.origin}/static/vendor/") for address in wasm] == [True]


def find_people(scanner: Scanner) -> None:
    """By search and tabs; and without a camera it is said what to do."""
    scanner.page.evaluate(NO_CAMERA)
    scanner.page.get_by_role("button", name="Encender cámara").click()
    expect(scanner.page.locator("[data-lens-note]")).to_contain_text("escriba el código", ignore_case=True)
    visible = scanner.page.locator("[data-roster] tbody tr:visible")
    scanner.page.get_by_label("Buscar por nombre o código").fill("persóna03")
    expect(visible).to_have_count(1)
    scanner.page.get_by_label("Buscar por nombre o código").fill("")
    scanner.page.get_by_role("link", name="Faltan 7").click()
    expect(visible).to_have_count(7)
    scanner.page.get_by_role("link", name="Presentes 1").click()
    expect(visible).to_have_count(1)
    scanner.page.get_by_label("Buscar por nombre o código").fill("persona03")
    expect(visible).to_have_count(0)
    expect(scanner.page.locator("[data-none]")).to_be_visible()
    scanner.page.get_by_label("Buscar por nombre o código").fill("")
    scanner.page.get_by_role("link", name="Todas").click()
    expect(visible).to_have_count(12)


def type_codes(scanner: Scanner, village: Village) -> None:
    [ana], field = village.people(1), scanner.page.get_by_label("Código del boleto")
    asked = len(scanner.addresses)
    scanner.type_code(ana.short_code[:-1] + ("0" if ana.short_code[-1] != "0" else "1"))
    scanner.expect_answer("not_ticket", "Revise el código")
    scanner.type_code(samples()[0].short_code)
    scanner.expect_answer("not_ticket", "Es una tarjeta de práctica")
    assert not any(address.endswith("/marcas") for address in scanner.addresses[asked:])
    scanner.type_code(f" {tokens.show_short_code(ana.short_code).lower().replace('0', 'o')} ")
    scanner.expect_answer("present", ana.name)
    expect(field).to_be_focused()
    expect(field).to_have_value("")

    scanner.type_code(ana.short_code)
    scanner.expect_answer("already", "Ya estaba", ana.name, "Cuenta una sola vez")
    assert (village.scans_of(ana), village.presences_of(ana)) == (2, 1)
    scanner.type_code(tokens.short_code())
    scanner.expect_answer("review", "Guardado, por revisar", "Deje pasar")


def tap_rows(scanner: Scanner, village: Village) -> None:
    [byron, carla], waiting = village.people(2), village.waiting()
    scanner.row(waiting).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("review", waiting.name)
    expect(scanner.row(waiting)).to_have_attribute("data-state", "review")
    expect(scanner.page.get_by_text("Últimas marcas de este aparato")).to_be_visible()

    row = scanner.row(byron)
    row.get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present", byron.name)
    row.get_by_role("button", name=re.compile(f"^Deshacer .*{byron.name}")).click()
    scanner.expect_answer("undone", "Deshecho")
    expect(row.get_by_role("button", name="Marcar llegada")).to_be_visible()
    assert village.presences_of(byron) == 0
    row.get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present")
    scanner.page.get_by_role("link", name="Presentes").click()
    row.get_by_role("button", name="Se fue antes").click()
    scanner.expect_answer("left", "Salida anotada")
    expect(row).to_have_attribute("data-state", "left")
    scanner.page.get_by_role("link", name="Todas").click()

    scanner.type_code(carla.short_code)
    scanner.expect_answer("present")
    scanner.page.locator(".keys").get_by_role("button", name="Deshacer").click()
    scanner.expect_answer("undone")
    expect(scanner.row(carla)).to_have_attribute("data-state", "missing")
    scanner.page.get_by_text("Últimas marcas de este aparato").click()
    expect(scanner.page.locator("[data-recent] li").nth(1)).to_contain_text(f"{carla.name} Presente")


def show_a_nameless_card(scanner: Scanner, village: Village) -> None:
    """The answer leads to the form in which it gets a name, and the next one does not any more."""
    scanner.type_code(village.spare())
    scanner.expect_answer("card", "Tarjeta sin nombre")
    link = scanner.page.get_by_role("link", name="Escribir sus datos")
    expect(link).to_have_attribute("href", re.compile("/asistencia/sin-boleto[?]tarjeta="))
    size = link.bounding_box()
    assert size is not None
    assert size["height"] >= 44, "a thumb finds it"
    expect(scanner.page.locator("form[data-undo-last]")).to_be_hidden()

    scanner.type_code(village.people(1)[0].short_code)
    scanner.expect_answer("present")
    expect(link).to_have_count(0)


def warn_of_nothing(scanner: Scanner) -> None:
    """Before the session is closed: no mark waits."""
    scanner.expect_sync("Todo enviado")
    scanner.page.get_by_role("link", name="Cerrar la sesión").click()
    expect(scanner.page.get_by_label("¿A qué hora terminó?")).to_be_visible()
    scanner.page.evaluate(UNSENT_NOTE_RAN)
    assert scanner.page.locator("[data-unsent]").is_hidden()


# -- on a failing line


def test_marks_on_a_failing_line_are_told_of_until_they_are_sent(
    scanner: Scanner, context: BrowserContext, village: Village
) -> None:
    lose_an_answer(scanner, village)
    sign_out(scanner, village)
    ask_for_a_list_before_a_mark(scanner, village)
    scanner = close_and_open_again(scanner, context, village)
    mark_on_a_full_device(scanner, context, village)
    close_the_session(scanner, village)


def lose_an_answer(scanner: Scanner, village: Village) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    [ana] = village.people(1)
    scanner.page.route(MARKS, lose)
    scanner.type_code(ana.short_code)
    scanner.expect_answer("kept")
    scanner.expect_sync("Sin señal. Sin enviar: 1")
    assert (village.scans_of(ana), village.presences_of(ana)) == (1, 1)

    scanner.page.unroute(MARKS)
    scanner.send_now()

    scanner.expect_answer("present", ana.name)
    scanner.expect_sync("Todo enviado")
    assert (village.scans_of(ana), village.presences_of(ana)) == (1, 1)


def sign_out(scanner: Scanner, village: Village) -> None:
    [byron] = village.people(1)
    scanner.page.context.clear_cookies()
    scanner.type_code(byron.short_code)
    scanner.expect_answer("kept")
    expect(scanner.page.get_by_role("link", name="Entrar")).to_be_visible()
    expect(scanner.page.locator("[data-sync]")).to_contain_text("nada se pierde")
    scanner.sign_in()
    scanner.send_now()

    scanner.expect_answer("present", byron.name)
    expect(scanner.page.get_by_role("link", name="Entrar")).to_be_hidden()


def ask_for_a_list_before_a_mark(scanner: Scanner, village: Village) -> None:
    """It comes late, and does not hide the mark."""
    late: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    [carla] = village.people(1)
    scanner.page.route(scanner.address, hold_first)
    scanner.page.evaluate("() => { document.dispatchEvent(new Event('visibilitychange')) }")
    while not late:
        scanner.page.wait_for_timeout(10)
    scanner.type_code(carla.short_code)
    scanner.expect_answer("present")

    [(route, before)] = late
    with scanner.page.expect_request(scanner.address):
        route.fulfill(response=before)

    scanner.expect_count("3 de 8 presentes")
    expect(scanner.row(carla)).to_have_attribute("data-state", "present")
    scanner.page.unroute(scanner.address)


def close_and_open_again(scanner: Scanner, context: BrowserContext, village: Village) -> Scanner:
    """Without signal: what waits is sent by the next page."""
    dora, elmer = village.people(2)
    context.set_offline(True)
    scanner.type_code(dora.short_code)
    scanner.expect_answer("kept")
    scanner.row(elmer).get_by_role("button", name="Marcar llegada").click()
    expect(scanner.row(elmer)).to_contain_text("Sin enviar")
    scanner.expect_sync("Sin señal. Sin enviar: 2")
    scanner.page.close()

    context.set_offline(False)
    again = opened(context, village)

    again.expect_count("5 de 8 presentes")
    for person in (dora, elmer):
        expect(again.row(person)).to_have_attribute("data-state", "present")
    return again


def mark_on_a_full_device(scanner: Scanner, context: BrowserContext, village: Village) -> None:
    """It sends what it can, and says what is not saved."""
    flor, gil = village.people(2)
    scanner.page.evaluate(FULL)
    scanner.type_code(flor.short_code)
    scanner.expect_answer("present")
    assert village.presences_of(flor) == 1

    context.set_offline(True)
    scanner.row(gil).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("not_saved", "NO SE GUARDÓ", "papel")
    expect(scanner.row(gil)).to_have_attribute("data-state", "missing")
    context.set_offline(False)
    scanner.send_now()
    scanner.expect_sync("Todo enviado")


def close_the_session(scanner: Scanner, village: Village) -> None:
    """What still waits is said before, and is sent although it is closed."""
    [hugo], page = village.people(1), scanner.page
    page.evaluate(MAKE_ROOM)
    page.route(MARKS, lambda route: route.abort())
    scanner.type_code(hugo.short_code)
    scanner.expect_answer("kept")
    page.get_by_role("link", name="Cerrar la sesión").click()
    expect(page.get_by_text("guarda marcas sin enviar")).to_be_visible()
    page.get_by_label("¿A qué hora terminó?").fill(f"{clock.local(clock.now()):%H:%M}")
    page.get_by_role("button", name="Cerrar la sesión").click()
    expect(page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    page.unroute(MARKS)
    page.reload()

    scanner.expect_sync("Todo enviado")
    scanner.expect_count("8 de 8 presentes")
    assert page.get_by_role("button", name="Marcar").count() == 0


# -- without script


def test_everything_is_done_without_script(browser: Browser, village: Village) -> None:
    """Every button is a form."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False, locale="es-GT")
    scanner = Scanner(context.new_page(), village)
    scanner.sign_in()
    scanner.page.goto(scanner.address)
    mark_without_script(scanner, village)
    take_a_walk_in(scanner.page)
    close_and_open(scanner.page)
    assert scanner.complaints == []
    context.close()


def mark_without_script(scanner: Scanner, village: Village) -> None:
    page, (ana, byron) = scanner.page, village.people(2)
    boxes = [one.bounding_box() for one in page.locator(".roster th a").all()]
    assert len(boxes) == 12
    assert all(box is not None and min(box["width"], box["height"]) >= 44 for box in boxes), "a thumb finds a name"
    form = scanner.row(byron).locator("form[data-mark=in]")
    repeated: dict[str, str | float | bool] = {
        name: form.locator(f"[name={name}]").input_value() for name in ("id", "registration", "how")
    }
    for _press in range(2):
        page.request.post(f"{page.url}/marcas", form=repeated)
    assert (village.scans_of(byron), village.presences_of(byron)) == (1, 1), "after going back it counts once"

    field, press = page.get_by_label("Código del boleto"), page.get_by_role("button", name="Marcar", exact=True)
    field.fill("K7Q2")
    press.click()
    expect(field).to_have_value("K7Q2")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#code-e")).to_contain_text("Revise el código")
    field.fill(ana.short_code)
    press.click()
    expect(page).to_have_url(re.compile("#resultado$"))
    expect(page.locator(".answer [data-state=present]")).to_contain_text(ana.name)
    expect(page.locator("[data-count]")).to_contain_text("2 de 8 presentes")
    scanner.row(ana).get_by_role("button", name="Deshacer").click()
    expect(page.locator(".answer [data-state=undone]")).to_be_visible()
    expect(scanner.row(ana)).to_have_attribute("data-state", "missing")


def take_a_walk_in(page: Page) -> None:
    page.get_by_role("link", name="Sin boleto").click()
    page.get_by_label("Nombres").fill("Juan")
    page.get_by_label("Apellidos").fill("Pérez")
    page.get_by_label("Viene como").select_option("cocode")
    page.get_by_label("Mujer").check()
    page.get_by_label("La persona dijo que sí").check()
    page.get_by_role("button", name="Anotar y marcar llegada").click()
    expect(page.locator(".answer [data-state=present]")).to_be_visible()


def close_and_open(page: Page) -> None:
    page.get_by_role("link", name="Cerrar la sesión").click()
    page.get_by_label("¿A qué hora terminó?").fill(f"{clock.local(clock.now()):%H:%M}")
    page.get_by_role("button", name="Cerrar la sesión").click()
    expect(page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    page.get_by_role("button", name="Abrir otra vez").click()
    expect(page.get_by_role("heading", name="Marcar llegadas")).to_be_visible()
