"""Marking by the row number of the printed sheet, camera off, without signal."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.marcar import Phone, Village
from trainings.lib.text import initials

SENT = "Todo enviado"
PRESS = "(digits) => digits.forEach((one) => document.querySelector(`[data-pad] [data-key='${one}']`).click())"


def _pad(phone: Phone, row: int) -> None:
    phone.look_away()
    phone.page.evaluate(PRESS, [*str(row)])
    phone.page.locator("[data-pad] button.button").click()


def _to_rows(phone: Phone) -> None:
    phone.follow("Por fila", "filas")
    expect(phone.page.locator("[name=hoja]")).to_have_value(phone.village.made["sheet"])


def _present(phone: Phone, rows: list[int]) -> set[int]:
    """Which of these rows the server holds for present, as a card without a name or a person."""
    marks = ", ".join("?" * len(rows))
    counted = (
        "SELECT e.row FROM scan_event e WHERE e.kind IN ('in', 'walkin') AND NOT EXISTS (SELECT 1 FROM scan_event u "
        f"WHERE u.kind = 'undo' AND u.target_id = e.id) AND e.session_id = ? AND e.row IN ({marks})"
    )
    return {row for (row,) in phone.village.ask(counted, phone.village.made["session"], *map(str, rows))}


def _initials(village: Village, registration_id: str) -> str:
    names = (
        "SELECT given_names, surnames FROM participant p JOIN registration r ON participant_id = p.id WHERE r.id = ?"
    )
    [name] = village.ask(names, registration_id)
    return initials(*name)


def test_rows_are_marked_one_by_one_by_cable_and_as_a_whole_sheet_and_taken_back(
    phone: Phone, village: Village
) -> None:
    mark_one_by_one(phone)
    scan_with_a_cable(phone, village)
    leave_who_left(phone, village)
    mark_a_whole_sheet(phone)
    mark_on_a_sheet_that_is_not_here(phone, village)


def mark_one_by_one(phone: Phone) -> None:
    phone.page.set_viewport_size({"width": 360, "height": 640})
    _to_rows(phone)
    phone.context.set_offline(True)
    expect(phone.page.locator("[data-pad] button.button")).to_be_in_viewport(ratio=1)

    for key in ("[data-key='1']", "[data-key='7']", "button.button"):
        phone.page.locator(f"[data-pad] {key}").click()
    phone.expect_answer("present", "Fila 17")
    _pad(phone, 17)
    phone.expect_answer("already", "Fila 17")
    _pad(phone, 18)
    phone.page.get_by_role("button", name="Deshacer", exact=True).first.click()
    phone.expect_answer("undone")
    _pad(phone, 62)
    phone.expect_answer("no_row", "Revise la fila", "no tiene fila 62")
    phone.page.get_by_label("Fila", exact=True).fill("40")
    expect(phone.page.locator("[data-row-text]")).to_contain_text("sin nombre")
    phone.page.get_by_label("Fila", exact=True).press("Enter")
    phone.expect_answer("present", "Fila 40")

    phone.context.set_offline(False)
    phone.send_now()
    phone.expect_queue(SENT)
    assert _present(phone, [17, 18, 40]) == {17, 40}


def mark_a_whole_sheet(phone: Phone) -> None:
    """In one line it counts, and goes back together."""
    n = int(phone.page.locator("[data-count-text]").inner_text().split()[0])
    line = phone.page.get_by_label("Quiénes vinieron")

    line.fill("todas menos cuatro")
    expect(phone.page.locator("[data-list-text]")).to_contain_text("«cuatro»")
    line.fill("menos 4, 5")
    expect(phone.page.locator("[data-list-text]")).to_contain_text("no queda ninguna fila marcada")
    line.fill("10-14, 12 y 16")
    expect(phone.page.locator("[data-list-text]")).to_have_text("Se van a marcar 6 filas: 10-14, 16.")
    line.press("Enter")
    phone.expect_answer("present", "6 filas")
    phone.expect_count(n + 6)
    phone.send_now()
    phone.expect_queue(SENT)
    assert _present(phone, [10, 11, 12, 13, 14, 16]) == {10, 11, 12, 13, 14, 16}

    phone.page.get_by_role("button", name="Deshacer todas").click()
    phone.expect_answer("undone", "6 marcas ya no cuentan.")
    phone.expect_count(n)
    phone.send_now()
    phone.expect_queue(SENT)
    assert _present(phone, [10, 11, 12, 13, 14, 16]) == set()


def scan_with_a_cable(phone: Phone, village: Village) -> None:
    """It marks the card and no row: its first digits are none, nor is its Enter a press of the key that has the focus.
    Whoever types a row with the keyboard and takes a digit back is no scanner.
    """
    [ana] = village.people(1)
    field = phone.page.get_by_label("Fila", exact=True)
    _pad(phone, 19)
    phone.expect_answer("present", "Fila 19")

    key, chooser = phone.page.locator("[data-pad] [data-key='1']"), phone.page.locator("[name=hoja]")
    for focused, answer in ((field, "present"), (key, "already"), (chooser, "already")):
        phone.look_away()
        focused.focus()
        phone.type_by_cable(ana.token)
        phone.expect_answer(answer, ana.name)
        expect(field).to_have_value("")

    field.focus()
    for typed in ("1", "2", "Backspace", "Backspace", "2", "4", "Enter"):
        phone.page.keyboard.press(typed)
    phone.expect_answer("present", "Fila 24")
    field.fill(" 25 ")
    expect(phone.page.locator("[data-row-text]")).to_contain_text("Fila 25: sin nombre.")
    field.press("Enter")
    phone.expect_answer("present", "Fila 25")
    field.fill("0")
    field.press("Enter")
    phone.expect_answer("no_row", "Revise la fila", "no tiene fila 0")
    field.fill("4,9")
    field.press("Enter")
    phone.expect_answer("no_row", "Revise la fila", "Varias de una vez se marcan abajo")
    phone.send_now()
    phone.expect_queue(SENT)
    assert _present(phone, list(range(1, 10))) == set()


def leave_who_left(phone: Phone, village: Village) -> None:
    """A whole sheet brings nobody back who left before."""
    phone.follow("Con cámara", "marcar")
    [ana] = village.people(1)
    [(row,)] = village.ask("SELECT number FROM sheet_row WHERE registration_id = ?", ana.registration_id)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.to_departures()
    phone.type_code(ana.token)
    phone.expect_answer("left", ana.name)

    _to_rows(phone)
    phone.page.get_by_text("Muchas filas a la vez").click()
    phone.page.get_by_label("Quiénes vinieron").fill(f"{row}, 45")
    expect(phone.page.locator("[data-list-text]")).to_have_text("Se va a marcar 1 fila: 45.")


def mark_on_a_sheet_that_is_not_here(phone: Phone, village: Village) -> None:
    """The list was printed in town after the phone had its last signal: the server says whose row it is."""
    [ana] = village.people(1)
    [(row,)] = village.ask("SELECT number FROM sheet_row WHERE registration_id = ?", ana.registration_id)
    sheet = village.made["sheet"]

    def without(route: Route) -> None:
        answer = route.fetch(headers={**route.request.headers, "if-none-match": ""})
        route.fulfill(response=answer, json={**answer.json(), "sheets": [], "version": "before"})

    def older(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        route.fulfill(
            response=answer, json={**body, "sessions": [{**one, "version": "before"} for one in body["sessions"]]}
        )

    phone.context.route("**/marcar/api/estado", older)
    phone.context.route("**/lista", without)
    phone.look_until("[data-no-sheet]:not([hidden])")
    code = phone.page.get_by_label("Código de su hoja, como")
    code.fill("KDYD-X")
    code.press("Enter")
    expect(phone.page.locator("[data-other-text]")).to_contain_text("Revise el código")
    code.fill(f"{sheet[:4].lower()} {sheet[4]}")
    code.press("Enter")
    expect(phone.page.locator("[data-row-text]")).to_contain_text("no está en este teléfono")

    _pad(phone, row)
    phone.expect_answer("review", f"Fila {row} de {sheet[:4]}-{sheet[4:]}", "El servidor dirá de quién es.")
    _pad(phone, row)
    phone.expect_answer("already", f"Fila {row}")
    phone.send_now()
    phone.expect_queue(SENT)
    phone.expect_answer("already", f"Fila {row}", _initials(village, ana.registration_id))
    expect(phone.page.locator("body")).not_to_contain_text(ana.name)

    assert village.presences_of(ana) == 1
