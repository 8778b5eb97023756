"""The attendance page on a failing line, a full telephone, an expired sign-in: no mark is lost, none counts twice.

The failures are made between browser and server (`Page.route`), so these tests hold for any server behind the page.
"""

from __future__ import annotations

import json

from playwright.sync_api import APIResponse, BrowserContext, Route, expect

from tests.browser.door import BASE, Door
from tests.browser.scanner import HASTEN, MARKS, Scanner, opened

BREAK_STORE = "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') } }"


def ids_of(route: Route) -> list[str]:
    return [event["id"] for event in json.loads(route.request.post_data or "")["events"]]


def test_lost_answer_after_the_server_stored_counts_once(scanner: Scanner, door: Door) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    scanner.page.route(MARKS, lose)
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("kept", "Guardado, sin enviar")
    scanner.expect_sync("Sin señal. Sin enviar: 1")
    expect(scanner.page.get_by_role("button", name="Enviar ya")).to_be_visible()
    assert len(door.events) == 1

    scanner.page.unroute(MARKS)
    scanner.send_now()

    scanner.expect_answer("present", "Ana Lucía B. C.")
    scanner.expect_sync("Todo enviado")
    assert (len(door.events), door.n_present) == (1, 1)


def test_error_of_the_server_keeps_the_mark_and_sends_it_again_by_itself(scanner: Scanner, door: Door) -> None:
    attempts: list[str] = []

    def fail_twice(route: Route) -> None:
        attempts.extend(ids_of(route))
        if len(attempts) <= 2:
            route.fulfill(status=502, body="bad gateway")
        else:
            route.continue_()

    scanner.page.evaluate(HASTEN)
    scanner.page.route(MARKS, fail_twice)
    scanner.type_code(door.people[0].short_code)

    # That it is kept is shown for a moment only: how long is not what this is about.
    scanner.expect_answer("present")
    assert len(attempts) == 3
    assert set(attempts) == set(door.events)


def test_marks_without_signal_survive_closing_and_are_sent_later(
    scanner: Scanner, context: BrowserContext, door: Door
) -> None:
    context.set_offline(True)
    for person in door.people[:2]:
        scanner.type_code(person.short_code)
        scanner.expect_answer("kept")
    scanner.row(door.people[2]).get_by_role("button", name="Marcar llegada").click()
    expect(scanner.row(door.people[2])).to_contain_text("Sin enviar")
    scanner.expect_sync("Sin señal. Sin enviar: 3")
    assert door.events == {}
    scanner.page.close()

    context.set_offline(False)
    again = opened(context, scanner.origin)

    again.expect_count("3 de 4 presentes")
    for person in door.people[:3]:
        expect(again.row(person)).to_have_attribute("data-state", "present")
    assert [event["seq"] for event in door.events.values()] == [1, 2, 3]


def test_two_windows_send_the_same_marks_once(context: BrowserContext, origin: str, door: Door) -> None:
    first = opened(context, origin)
    first.page.route(MARKS, lambda route: route.abort())
    first.type_code(door.people[0].short_code)
    first.expect_answer("kept")

    second = opened(context, origin)
    assert len(door.events) == 1
    first.page.unroute(MARKS)
    first.send_now()

    first.expect_answer("present")
    second.expect_count("1 de 4 presentes")
    assert len(door.events) == 1


def test_list_that_was_asked_for_before_a_mark_does_not_hide_it(scanner: Scanner, door: Door) -> None:
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
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("present")

    [(route, before)] = late
    with scanner.page.expect_request(scanner.origin + BASE):
        route.fulfill(response=before)

    scanner.expect_count("1 de 4 presentes")
    expect(scanner.row(door.people[0])).to_have_attribute("data-state", "present")


def test_expired_sign_in_keeps_the_mark_and_leads_to_the_door(scanner: Scanner, door: Door) -> None:
    scanner.page.route(MARKS, lambda route: route.fulfill(status=401, json={"code": "sign_in_needed"}))
    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("kept")
    expect(scanner.page.get_by_role("link", name="Entrar")).to_be_visible()
    expect(scanner.page.locator("[data-sync]")).to_contain_text("nada se pierde")
    scanner.page.unroute(MARKS)
    scanner.send_now()
    scanner.expect_answer("present")


def test_page_of_a_hotel_instead_of_an_answer_is_no_answer(scanner: Scanner, door: Door) -> None:
    scanner.page.route(MARKS, lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>"))

    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("kept")
    assert door.events == {}


def test_one_bad_mark_does_not_hold_the_others(scanner: Scanner, context: BrowserContext, door: Door) -> None:
    poison: list[str] = []

    def refuse_poison(route: Route) -> None:
        if set(poison) & set(ids_of(route)):
            route.fulfill(status=422, json={"code": "unreadable"})
        else:
            route.continue_()

    context.set_offline(True)
    for person in door.people[:4]:
        scanner.type_code(person.short_code)
        scanner.expect_answer("kept")
        expect(scanner.page.locator("[data-sync]")).to_contain_text(f"Sin enviar: {door.people.index(person) + 1}")
    poison.append(scanner.page.locator("[data-recent] li").nth(2).get_attribute("data-event") or "")
    scanner.page.route(MARKS, refuse_poison)
    context.set_offline(False)
    scanner.send_now()

    scanner.expect_sync("Avise a la coordinación. Sin enviar: 1")
    assert len(door.events) == 3
    assert poison[0] not in door.events


def test_what_the_server_calls_no_ticket_waits_no_longer(scanner: Scanner, door: Door) -> None:
    def decline(route: Route) -> None:
        [event_id] = ids_of(route)
        result = {"id": event_id, "stored": False, "outcome": "not_a_ticket", "name": "", "arrived": "", "text": ""}
        route.fulfill(json={"results": [result], "n_present": 0, "n_expected": 4})

    scanner.page.route(MARKS, decline)

    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("not_ticket")
    scanner.expect_sync("Todo enviado")


def test_full_device_with_signal_still_counts(scanner: Scanner, door: Door) -> None:
    scanner.page.evaluate(BREAK_STORE)

    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("present")
    assert door.n_present == 1


def test_full_device_without_signal_says_not_saved(scanner: Scanner, context: BrowserContext, door: Door) -> None:
    scanner.page.evaluate(BREAK_STORE)
    context.set_offline(True)

    scanner.row(door.people[0]).get_by_role("button", name="Marcar llegada").click()

    scanner.expect_answer("not_saved", "NO SE GUARDÓ", "papel")
    expect(scanner.row(door.people[0])).to_have_attribute("data-state", "missing")
    assert door.events == {}


def test_closed_session_still_sends_what_waits_here(scanner: Scanner, door: Door) -> None:
    scanner.page.route(MARKS, lambda route: route.abort())
    scanner.type_code(door.people[0].short_code)
    scanner.expect_answer("kept")
    scanner.page.goto(f"{scanner.origin}{BASE}/cerrar")
    expect(scanner.page.get_by_text("guarda marcas sin enviar")).to_be_visible()
    door.closed = True
    scanner.page.unroute(MARKS)

    scanner.page.goto(scanner.origin + BASE)

    expect(scanner.page.get_by_role("heading", name="La sesión está cerrada")).to_be_visible()
    scanner.expect_sync("Todo enviado")
    scanner.expect_count("1 de 4 presentes")
    assert scanner.page.get_by_role("button", name="Marcar").count() == 0
