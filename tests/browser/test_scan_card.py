"""A nameless card before the scanner: the answer leads to the form in which it gets a name."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.door import BASE, Door
from tests.browser.scanner import Scanner
from trainings.lib import tokens

FORM = f"{BASE}/sin-boleto?tarjeta=0193d3c0-0000-7000-8000-00000000c001"


def test_nameless_card_is_answered_with_the_way_to_its_form(scanner: Scanner, door: Door) -> None:
    code = tokens.short_code()
    door.cards[code] = FORM

    scanner.type_code(code)

    scanner.expect_answer("card", "Tarjeta sin nombre")
    link = scanner.page.get_by_role("link", name="Escribir sus datos")
    expect(link).to_have_attribute("href", FORM)
    size = link.bounding_box()
    assert size is not None
    assert size["height"] >= 44, "a thumb finds it"
    expect(scanner.page.locator("form[data-undo-last]")).to_be_hidden()
    scanner.expect_count("0 de 4 presentes")


def test_answer_after_a_nameless_card_offers_no_form_any_more(scanner: Scanner, door: Door) -> None:
    code = tokens.short_code()
    door.cards[code] = FORM
    scanner.type_code(code)
    scanner.expect_answer("card")

    scanner.type_code(door.people[0].short_code)

    scanner.expect_answer("present")
    expect(scanner.page.get_by_role("link", name="Escribir sus datos")).to_have_count(0)
