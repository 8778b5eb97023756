"""The attendance page on a failing line and on a full telephone: what is told of marks that wait.

The failures are made between browser and server (`Page.route`), so these tests hold for any server behind the page.
That no mark is lost and none counts twice is in `tests/attendance/phone/panel.test.mjs`; an answer that is lost and a
sign-in that ended are before the application itself, in `test_scan_app.py`.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Route, expect

from tests.browser.door import BASE, Door, Person
from tests.browser.scanner import MARKS, Scanner, opened

BREAK_STORE = "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') } }"


@pytest.fixture
def door() -> Door:
    return Door([Person(f"Persona{n} C. X.", "Las Pozas") for n in range(12)])


def ids_of(route: Route) -> list[str]:
    return [event["id"] for event in json.loads(route.request.post_data or "")["events"]]


def test_marks_on_a_failing_line_are_told_of_until_they_are_sent(
    scanner: Scanner, context: BrowserContext, door: Door
) -> None:
    meet_a_hotel(scanner, door)
    send_a_bad_mark(scanner, context, door)
    close_and_open_again(scanner, context, door)


def meet_a_hotel(scanner: Scanner, door: Door) -> None:
    """Its page is no answer."""
    scanner.page.route(MARKS, lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>"))
    scanner.type_code(door.people[3].short_code)
    scanner.expect_answer("kept")
    assert door.n_present == 0
    scanner.page.unroute(MARKS)
    scanner.send_now()
    scanner.expect_answer("present")
    scanner.expect_sync("Todo enviado")


def send_a_bad_mark(scanner: Scanner, context: BrowserContext, door: Door) -> None:
    """It does not hold the others."""
    poison: list[str] = []

    def refuse_poison(route: Route) -> None:
        if set(poison) & set(ids_of(route)):
            route.fulfill(status=422, json={"code": "unreadable"})
        else:
            route.continue_()

    context.set_offline(True)
    for n, person in enumerate(door.people[4:7], 1):
        scanner.type_code(person.short_code)
        scanner.expect_answer("kept")
        expect(scanner.page.locator("[data-sync]")).to_contain_text(f"Sin enviar: {n}")
    poison.append(scanner.page.locator("[data-recent] li").nth(2).get_attribute("data-event") or "")
    scanner.page.route(MARKS, refuse_poison)
    context.set_offline(False)
    scanner.send_now()

    scanner.expect_sync("Avise a la coordinación. Sin enviar: 1")
    assert door.n_present == 3
    assert poison[0] not in door.events
    scanner.page.unroute(MARKS)
    scanner.send_now()
    scanner.expect_sync("Todo enviado")


def close_and_open_again(scanner: Scanner, context: BrowserContext, door: Door) -> None:
    context.set_offline(True)
    scanner.type_code(door.people[7].short_code)
    scanner.expect_answer("kept")
    scanner.row(door.people[8]).get_by_role("button", name="Marcar llegada").click()
    expect(scanner.row(door.people[8])).to_contain_text("Sin enviar")
    scanner.expect_sync("Sin señal. Sin enviar: 2")
    scanner.page.close()

    context.set_offline(False)
    again = opened(context, scanner.origin)

    again.expect_count("6 de 12 presentes")
    for person in door.people[7:9]:
        expect(again.row(person)).to_have_attribute("data-state", "present")
    first, second = [event["seq"] for event in door.events.values()][-2:]
    assert second == first + 1


def test_full_device_sends_what_it_can_and_says_what_is_not_saved(
    scanner: Scanner, context: BrowserContext, door: Door
) -> None:
    scanner.page.evaluate(BREAK_STORE)
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("present")
    assert door.n_present == 1

    context.set_offline(True)
    scanner.row(door.people[1]).get_by_role("button", name="Marcar llegada").click()
    scanner.expect_answer("not_saved", "NO SE GUARDÓ", "papel")
    expect(scanner.row(door.people[1])).to_have_attribute("data-state", "missing")
    assert door.n_present == 1


def test_slow_list_hides_no_mark_and_a_closed_session_still_sends(
    context: BrowserContext, origin: str, door: Door
) -> None:
    first = opened(context, origin)
    ask_for_a_list_before_a_mark(first, door)
    close_the_session(first, door)


def ask_for_a_list_before_a_mark(scanner: Scanner, door: Door) -> None:
    """It does not hide the mark."""
    late: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    scanner.page.route(scanner.origin + BASE, hold_first)
    scanner.page.evaluate("() => { document.dispatchEvent(new Event('visibilitychange')) }")
    while not late:
        scanner.page.wait_for_timeout(10)
    scanner.type_code(door.people[1].short_code)
    scanner.expect_answer("present")

    [(route, before)] = late
    with scanner.page.expect_request(scanner.origin + BASE):
        route.fulfill(response=before)

    scanner.expect_count("1 de 12 presentes")
    expect(scanner.row(door.people[1])).to_have_attribute("data-state", "present")
    scanner.page.unroute(scanner.origin + BASE)


def close_the_session(scanner: Scanner, door: Door) -> None:
    scanner.page.route(MARKS, lambda route: route.abort())
    scanner.type_code(door.people[2].short_code)
    scanner.expect_answer("kept")
    scanner.page.goto(f"{scanner.origin}{BASE}/cerrar")
    expect(scanner.page.get_by_text("guarda marcas sin enviar")).to_be_visible()
    door.closed = True
    scanner.page.unroute(MARKS)

    scanner.page.goto(scanner.origin + BASE)

    expect(scanner.page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    scanner.expect_sync("Todo enviado")
    scanner.expect_count("2 de 12 presentes")
    assert scanner.page.get_by_role("button", name="Marcar").count() == 0
