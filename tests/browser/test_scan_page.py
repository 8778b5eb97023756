"""The attendance page with a camera: what is scanned, typed or tapped is counted once and answered in its place."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.door import BASE, Door
from tests.browser.fakecam import make_mjpeg
from tests.browser.scanner import OLD, OpenPage, Scanner
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
COUNTED_CLOCK = """
    const now = performance.now.bind(performance);
    globalThis.ahead = globalThis.nAsked = 0;
    performance.now = () => (globalThis.nAsked++, now() + globalThis.ahead);
"""
AHEAD = "(ms) => { globalThis.ahead += ms; return globalThis.nAsked }"
HALF_OF_REARM_MS = 1_600
"""Two such halves are longer than what makes a card that comes back a new one; one, and a slow look, are not."""
A_FEW_LOOKS_LATER = "(before) => globalThis.nAsked >= before + 7"
"""A look asks the clock three times."""
IS_OFF = "() => document.querySelector('video').srcObject === null"
FORM = f"{BASE}/sin-boleto?tarjeta=0193d3c0-0000-7000-8000-00000000c001"


# -- camera


def test_camera_reads_tickets_and_rests_when_nobody_needs_it(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(None, script=SHORT_MINUTE + COUNTED_CLOCK)
    expect(scanner.page.locator("[data-lens]")).to_have_class(re.compile(r"\bon\b"))
    scanner.film_for(0.5)
    assert door.n_requests == 0
    scanner.expect_answer("ready")

    read_one_and_hold_it(scanner, door)
    read_others(scanner, door)
    rest(scanner, door)
    expect_all_from_us(scanner)


def show(scanner: Scanner, *payloads: str | None, inverted: bool = False) -> None:
    """From when the camera is next turned on."""
    stop = scanner.page.get_by_role("button", name="Apagar")
    if stop.is_visible():
        stop.click()
    scanner.page.evaluate(OLD)
    make_mjpeg(scanner.film, payloads, inverted=inverted)
    scanner.page.get_by_role("button", name="Encender cámara").click()


def read_one_and_hold_it(scanner: Scanner, door: Door) -> None:
    rosa = door.people[3]
    show(scanner, rosa.token)
    scanner.expect_answer("present", "Presente", "Rosa Amalia C. T.")
    expect(scanner.row(rosa)).to_contain_text("Deshacer")
    expect(scanner.row(rosa)).to_contain_text("Cámara", use_inner_text=False)
    scanner.expect_count("1 de 4 presentes")
    expect(scanner.page.locator("[data-lens]")).to_have_attribute("data-reader", "zxing")
    [event] = door.events.values()
    assert (event["kind"], event["code"], event["how"], event["seq"]) == ("in", rosa.token, "camera", 1)
    assert event["id"][14] == "7"

    for _half in range(2):
        before = scanner.page.evaluate(AHEAD, HALF_OF_REARM_MS)
        scanner.page.wait_for_function(A_FEW_LOOKS_LATER, arg=before)
    assert len(door.events) == 1
    scanner.expect_answer("present")


def read_others(scanner: Scanner, door: Door) -> None:
    """One after another, as an address, from a telephone in dark mode; what is no ticket stays here."""
    ana, byron, candelaria = door.people[:3]
    show(scanner, f"HTTPS://CAPACITA.EXAMPLE/C/{byron.token}", ana.token)
    for person in (ana, byron):
        expect(scanner.row(person)).to_have_attribute("data-state", "present", timeout=45_000)
    show(scanner, candelaria.token, inverted=True)
    scanner.expect_answer("present", candelaria.name)
    assert door.n_present == 4
    codes = {event["code"] for event in door.events.values()}
    assert codes == {person.token for person in door.people[:4]}

    n_requests = door.n_requests
    show(scanner, "WIFI:S:Casa;T:WPA;P:secreto;;")
    scanner.expect_answer("not_ticket", "No es un boleto")
    assert scanner.page.locator(".answer [role=alert]").inner_text()
    assert door.n_requests == n_requests


def rest(scanner: Scanner, door: Door) -> None:
    """No camera films a hidden page, nor longer than a minute without a card."""
    note, start = scanner.page.locator("[data-lens-note]"), scanner.page.get_by_role("button", name="Encender cámara")
    scanner.page.evaluate(HIDE)
    assert scanner.page.evaluate(IS_OFF)
    expect(note).to_contain_text("descansa")
    expect(start).to_be_visible()

    scanner.page.evaluate("() => { globalThis.isShort = true }")
    show(scanner, None)
    expect(note).not_to_contain_text("descansa")
    expect(note).to_contain_text("descansa")
    assert scanner.page.evaluate(IS_OFF)


def expect_all_from_us(scanner: Scanner) -> None:
    """Under its policy."""
    wasm = [address for address in scanner.addresses if address.partition("?")[0].endswith(".wasm")]
    assert [address.startswith(f"{scanner.origin}/static/vendor/") for address in wasm] == [True]
    assert {address[: len(scanner.origin)] for address in scanner.addresses} == {scanner.origin}
    assert scanner.complaints == []


def test_browser_without_webassembly_reads_with_jsqr(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(door.people[0].token, script="delete globalThis.WebAssembly")

    scanner.expect_answer("present", "Ana Lucía B. C.")
    expect(scanner.page.locator("[data-lens]")).to_have_attribute("data-reader", "jsqr")


# -- codes and rows


def test_codes_and_rows_are_marked_and_taken_back_without_a_camera(scanner: Scanner, door: Door) -> None:
    scanner.page.evaluate("() => { globalThis.sameDocument = true }")
    find_no_camera(scanner)
    find_people(scanner)
    type_codes(scanner, door)
    tap_rows(scanner, door)
    show_a_nameless_card(scanner, door)
    assert scanner.page.evaluate("() => globalThis.sameDocument")


def find_no_camera(scanner: Scanner) -> None:
    """Without permission it is said what to do."""
    scanner.page.get_by_role("button", name="Encender cámara").click()
    expect(scanner.page.locator("[data-lens-note]")).to_contain_text("escriba el código", ignore_case=True)
    expect(scanner.page.get_by_role("button", name="Encender cámara")).to_be_visible()


def find_people(scanner: Scanner) -> None:
    """By search and tabs."""
    visible = scanner.page.locator("[data-roster] tbody tr:visible")
    scanner.page.get_by_label("Buscar").fill("lucia")
    expect(visible).to_have_count(1)
    scanner.page.get_by_label("Buscar").fill("")
    scanner.page.get_by_role("link", name="Faltan 4").click()
    expect(visible).to_have_count(4)
    scanner.page.get_by_role("link", name="Presentes 0").click()
    expect(visible).to_have_count(0)
    expect(scanner.page.locator("[data-none]")).to_be_visible()
    scanner.page.get_by_role("link", name="Todas").click()
    expect(visible).to_have_count(5)


def type_codes(scanner: Scanner, door: Door) -> None:
    ana, stranger, field = door.people[0], tokens.short_code(), scanner.page.get_by_label("Código del boleto")
    scanner.type_code(ana.short_code[:-1] + ("0" if ana.short_code[-1] != "0" else "1"))
    scanner.expect_answer("not_ticket", "Revise el código")
    scanner.type_code(samples()[0].short_code)
    scanner.expect_answer("not_ticket", "Es una tarjeta de práctica")
    assert door.n_requests == 0
    scanner.type_code(f" {tokens.show_short_code(ana.short_code).lower().replace('0', 'o')} ")
    scanner.expect_answer("present", "Ana Lucía B. C.")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    assert [event["code"] for event in door.events.values()] == [ana.short_code]

    scanner.type_code(ana.short_code)
    scanner.expect_answer("already", "Ya estaba", "Ana Lucía B. C.", "Cuenta una sola vez")
    assert (len(door.events), door.n_present) == (2, 1)
    scanner.type_code(stranger)
    scanner.expect_answer("review", "Guardado, por revisar", "Deje pasar")
    assert [event["code"] for event in door.events.values()][-1] == stranger


def tap_rows(scanner: Scanner, door: Door) -> None:
    _ana, byron, candelaria, _rosa, telma = door.people
    scanner.row(telma).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("review", "Telma Ixim C. P.", "Lista de espera")
    expect(scanner.row(telma)).to_have_attribute("data-state", "review")
    expect(scanner.page.get_by_text("Últimas marcas de este aparato")).to_be_visible()

    scanner.row(byron).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present", "Byron C. X.")
    expect(scanner.row(byron).get_by_role("button", name="Deshacer")).to_be_visible()
    scanner.row(byron).get_by_role("button", name="Deshacer").click()
    scanner.expect_answer("undone", "Deshecho")
    expect(scanner.row(byron).get_by_role("button", name="Marcar llegada")).to_be_visible()
    *_, arrival, undo = door.events.values()
    assert (undo["kind"], undo["target"], door.counting(byron)) == ("undo", arrival["id"], None)

    scanner.type_code(candelaria.short_code)
    scanner.expect_answer("present")
    scanner.page.locator(".keys").get_by_role("button", name="Deshacer").click()
    scanner.expect_answer("undone")
    expect(scanner.row(candelaria)).to_have_attribute("data-state", "missing")
    assert door.counting(candelaria) is None


def show_a_nameless_card(scanner: Scanner, door: Door) -> None:
    """The answer leads to the form in which it gets a name, and the next one does not any more."""
    code = tokens.short_code()
    door.cards[code] = FORM
    count = scanner.page.locator("[data-count]").inner_text()
    scanner.type_code(code)
    scanner.expect_answer("card", "Tarjeta sin nombre")
    link = scanner.page.get_by_role("link", name="Escribir sus datos")
    expect(link).to_have_attribute("href", FORM)
    size = link.bounding_box()
    assert size is not None
    assert size["height"] >= 44, "a thumb finds it"
    expect(scanner.page.locator("form[data-undo-last]")).to_be_hidden()
    scanner.expect_count(count)

    scanner.type_code(door.people[3].short_code)
    scanner.expect_answer("present")
    expect(scanner.page.get_by_role("link", name="Escribir sus datos")).to_have_count(0)
