"""The attendance page with a camera: what is scanned, typed or tapped is counted once and answered in its place."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.door import Door
from tests.browser.scanner import OpenPage, Scanner
from trainings.lib import tokens

HIDE = """() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
SHORT_MINUTE = """
    const wait = setTimeout;
    globalThis.setTimeout = (act, ms, ...more) => wait(act, ms === 60_000 ? 500 : ms, ...more);
"""


# -- camera


def test_scan_with_camera_shows_present_and_counts(before_camera: OpenPage, door: Door) -> None:
    rosa = door.people[3]

    scanner = before_camera(rosa.token)

    scanner.expect_answer("present", "Presente", "Rosa Amalia C. T.")
    expect(scanner.row(rosa)).to_contain_text("Deshacer")
    expect(scanner.row(rosa)).to_contain_text("Cámara", use_inner_text=False)
    scanner.expect_count("1 de 4 presentes")
    expect(scanner.page.locator("[data-lens]")).to_have_attribute("data-reader", "zxing")
    [event] = door.events.values()
    assert (event["kind"], event["code"], event["how"], event["seq"]) == ("in", rosa.token, "camera", 1)
    assert event["id"][14] == "7"
    expect_all_from_us(scanner)


def expect_all_from_us(scanner: Scanner) -> None:
    """Under its policy."""
    wasm = [address for address in scanner.addresses if address.partition("?")[0].endswith(".wasm")]
    assert [address.startswith(f"{scanner.origin}/static/vendor/") for address in wasm] == [True]
    assert {address[: len(scanner.origin)] for address in scanner.addresses} == {scanner.origin}
    assert scanner.complaints == []


def test_card_held_before_the_camera_is_one_scan_and_no_camera_films_a_hidden_page(
    before_camera: OpenPage, door: Door
) -> None:
    scanner = before_camera(door.people[0].token)
    scanner.expect_answer("present")

    scanner.film_for(4)

    assert len(door.events) == 1
    scanner.expect_answer("present")
    scanner.page.evaluate(HIDE)
    assert scanner.page.evaluate("() => document.querySelector('video').srcObject === null")
    expect(scanner.page.locator("[data-lens-note]")).to_contain_text("descansa")
    expect(scanner.page.get_by_role("button", name="Encender cámara")).to_be_visible()


def test_card_shown_again_three_seconds_after_it_left_is_another_scan(scanner: Scanner) -> None:
    sights = [0, 125, 2900, 5800, 8700, 11_700, 14_800]
    ask = "async (sights) => { const { Rearm } = await import('/static/js/scan/sight.js'); const r = new Rearm();"
    ask += " return sights.map((now) => r.isNew('A', now)).concat(r.isNew('B', 14_800)) }"

    assert scanner.page.evaluate(ask, sights) == [True, False, False, False, False, True, True, True]


def test_cards_one_after_another_are_all_counted(before_camera: OpenPage, door: Door) -> None:
    three = door.people[:3]

    scanner = before_camera(*(person.token for person in three))

    for person in three:
        expect(scanner.row(person)).to_have_attribute("data-state", "present", timeout=45_000)
    assert door.n_present == 3


def test_ticket_on_a_dark_telephone_is_read(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(door.people[1].token, inverted=True)

    scanner.expect_answer("present", "Byron C. X.")


def test_ticket_as_address_counts_as_its_token(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(f"HTTPS://CAPACITA.EXAMPLE/C/{door.people[1].token}")

    scanner.expect_answer("present", "Byron C. X.")
    assert [event["code"] for event in door.events.values()] == [door.people[1].token]


def test_qr_of_something_else_is_refused_and_stays_here(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera("WIFI:S:Casa;T:WPA;P:secreto;;")

    scanner.expect_answer("not_ticket", "No es un boleto")
    assert scanner.page.locator(".answer [role=alert]").inner_text()
    assert door.n_requests == 0


def test_empty_wall_records_nothing(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(None)
    expect(scanner.page.locator("[data-lens]")).to_have_class(re.compile(r"\bon\b"))

    scanner.film_for(1.5)

    assert door.n_requests == 0
    scanner.expect_answer("ready")


def test_browser_without_webassembly_reads_with_jsqr(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(door.people[0].token, script="delete globalThis.WebAssembly")

    scanner.expect_answer("present", "Ana Lucía B. C.")
    expect(scanner.page.locator("[data-lens]")).to_have_attribute("data-reader", "jsqr")


def test_camera_rests_after_a_minute_without_a_card(before_camera: OpenPage, door: Door) -> None:
    scanner = before_camera(None, script=SHORT_MINUTE)

    expect(scanner.page.locator("[data-lens-note]")).to_contain_text("descansa")
    assert scanner.page.evaluate("() => document.querySelector('video').srcObject === null")


def test_camera_without_permission_says_what_to_do(scanner: Scanner) -> None:
    scanner.page.get_by_role("button", name="Encender cámara").click()

    expect(scanner.page.locator("[data-lens-note]")).to_contain_text("escriba el código", ignore_case=True)
    expect(scanner.page.get_by_role("button", name="Encender cámara")).to_be_visible()


# -- codes and rows


def test_typed_code_counts_however_it_is_written(scanner: Scanner, door: Door) -> None:
    ana = door.people[0]

    scanner.type_code(f" {tokens.show_short_code(ana.short_code).lower().replace('0', 'o')} ")

    scanner.expect_answer("present", "Ana Lucía B. C.")
    expect(scanner.page.get_by_label("Código del boleto")).to_be_focused()
    assert [event["code"] for event in door.events.values()] == [ana.short_code]


def test_same_code_again_says_already(scanner: Scanner, door: Door) -> None:
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("present")

    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("already", "Ya estaba", "Ana Lucía B. C.", "Cuenta una sola vez")
    assert (len(door.events), door.n_present) == (2, 1)


def test_code_of_nobody_is_stored_for_review(scanner: Scanner, door: Door) -> None:
    stranger = tokens.short_code()

    scanner.type_code(stranger)

    scanner.expect_answer("review", "Guardado, por revisar", "Deje pasar")
    assert [event["code"] for event in door.events.values()] == [stranger]


def test_mistyped_code_is_told_at_once_without_the_server(scanner: Scanner, door: Door) -> None:
    code = door.people[0].short_code

    scanner.type_code(code[:-1] + ("0" if code[-1] != "0" else "1"))

    scanner.expect_answer("not_ticket", "Revise el código")
    assert door.n_requests == 0


def test_waiting_person_is_let_in_for_review(scanner: Scanner, door: Door) -> None:
    telma = door.people[4]

    scanner.row(telma).get_by_role("button", name="Marcar llegada").click()

    scanner.expect_answer("review", "Telma Ixim C. P.", "Lista de espera")
    expect(scanner.row(telma)).to_have_attribute("data-state", "review")


def test_row_is_marked_and_taken_back_without_reload(scanner: Scanner, door: Door) -> None:
    byron = door.people[1]
    scanner.page.evaluate("() => { globalThis.sameDocument = true }")

    scanner.row(byron).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("present", "Byron C. X.")
    expect(scanner.row(byron).get_by_role("button", name="Deshacer")).to_be_visible()
    scanner.row(byron).get_by_role("button", name="Deshacer").click()

    scanner.expect_answer("undone", "Deshecho")
    expect(scanner.row(byron).get_by_role("button", name="Marcar llegada")).to_be_visible()
    scanner.expect_count("0 de 4 presentes")
    assert scanner.page.evaluate("() => globalThis.sameDocument")
    [arrival, undo] = door.events.values()
    assert (undo["kind"], undo["target"], door.n_present) == ("undo", arrival["id"], 0)


def test_last_mark_is_taken_back_beside_the_answer(scanner: Scanner, door: Door) -> None:
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("present")

    scanner.page.locator(".keys").get_by_role("button", name="Deshacer").click()

    scanner.expect_answer("undone")
    expect(scanner.row(door.people[0])).to_have_attribute("data-state", "missing")
    assert door.n_present == 0


def test_search_and_tabs_narrow_the_list(scanner: Scanner, door: Door) -> None:
    visible = scanner.page.locator("[data-roster] tbody tr:visible")

    scanner.page.get_by_label("Buscar").fill("lucia")
    expect(visible).to_have_count(1)
    scanner.page.get_by_label("Buscar").fill("")
    scanner.page.get_by_role("link", name="Faltan 4").click()
    expect(visible).to_have_count(4)
    scanner.page.get_by_role("link", name="Presentes 0").click()

    expect(visible).to_have_count(0)
    expect(scanner.page.locator("[data-none]")).to_be_visible()
