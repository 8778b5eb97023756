"""A scanner with a cable types the next card as soon as it is held before it, and waits for no phone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.marcar import Phone, Village

# An old phone: as long as people need for the next card.
SLOW = """() => {
    const digest = SubtleCrypto.prototype.digest;
    SubtleCrypto.prototype.digest = async function (...given) {
        await new Promise((done) => setTimeout(done, 400));
        return digest.apply(this, given);
    };
}"""


def _scan_all(phone: Phone, tokens: list[str]) -> None:
    """As the cable does it: one right behind the other."""
    for token in tokens:
        phone.page.keyboard.type(token)
        phone.page.keyboard.press("Enter")


def test_next_card_is_typed_while_one_is_still_kept_then_both_count(phone: Phone, village: Village) -> None:
    people = village.people(3)
    phone.context.set_offline(True)
    phone.page.evaluate(SLOW)

    _scan_all(phone, [one.token for one in people])

    phone.expect_count(3)
    phone.expect_answer("present", people[-1].name)
    expect(phone.page.get_by_label("Código del boleto")).to_have_value("")


def test_next_card_is_typed_while_a_departure_is_still_kept_then_both_are_noted(phone: Phone, village: Village) -> None:
    people = village.people(2)
    phone.context.set_offline(True)
    for one in people:
        phone.type_code(one.short_code)
        phone.expect_answer("present")
    phone.page.get_by_text("Acompañantes, fichas, salidas, cerrar").click()
    phone.page.get_by_role("link", name="Se fue antes").click()
    expect(phone.page.get_by_role("heading", name="Se fue antes")).to_be_visible()
    phone.page.evaluate(SLOW)

    _scan_all(phone, [one.token for one in people])

    phone.expect_answer("left", people[-1].name)
    expect(phone.page.get_by_label("Número de fila, o código del boleto")).to_have_value("")
    expect(phone.page.locator("[data-queue]")).to_contain_text("4 por enviar")


def test_what_is_no_ticket_stays_in_the_field_to_be_put_right(phone: Phone) -> None:
    field = phone.page.get_by_label("Código del boleto")

    phone.type_code("K7Q2-9XMD-D")
    phone.expect_answer("not_ticket")

    expect(field).to_have_value("K7Q2-9XMD-D")
    expect(field).to_be_focused()


def test_door_asks_for_no_camera_while_it_saves_power(phone: Phone) -> None:
    ready = phone.page.locator(".answer [data-state=ready]")
    expect(ready).to_contain_text("Encienda la cámara")
    phone.page.get_by_text("Acompañantes, fichas, salidas, cerrar").click()
    phone.page.get_by_role("button", name="Ahorro").first.click()
    expect(phone.page.get_by_role("heading", name="Por número de fila")).to_be_visible()

    phone.page.get_by_role("link", name="Por código").click()

    expect(ready).to_contain_text("Escriba el código del boleto.")
    expect(ready).not_to_contain_text("cámara")
