"""Taking attendance without script: every button is a form."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.door import Door


def test_codes_and_rows_are_marked_and_taken_back_without_script(plain: Page, door: Door) -> None:
    find_names_by_thumb(plain, door)
    press_twice(plain, door)
    type_a_wrong_code(plain, door)
    tap_a_row(plain, door)
    type_a_code(plain, door)


def type_a_code(plain: Page, door: Door) -> None:
    plain.get_by_label("Código del boleto").fill(door.people[0].short_code)
    plain.get_by_role("button", name="Marcar", exact=True).click()

    expect(plain).to_have_url(re.compile("#resultado$"))
    expect(plain.locator(".answer [data-state=present]")).to_contain_text("Ana Lucía B. C.")
    expect(plain.locator("[data-count]")).to_contain_text("2 de 4 presentes")


def type_a_wrong_code(plain: Page, door: Door) -> None:
    """It is shown again with its error."""
    plain.get_by_label("Código del boleto").fill("K7Q2")
    plain.get_by_role("button", name="Marcar", exact=True).click()

    expect(plain.get_by_label("Código del boleto")).to_have_value("K7Q2")
    expect(plain.get_by_label("Código del boleto")).to_have_attribute("aria-invalid", "true")
    expect(plain.locator(".answer [role=alert]")).to_contain_text("No es un boleto")
    assert len(door.events) == 1


def tap_a_row(plain: Page, door: Door) -> None:
    row = plain.locator(f'tr[data-registration="{door.people[1].registration_id}"]')

    row.get_by_role("button", name="Marcar llegada").click()
    expect(plain.locator(".answer [data-state=present]")).to_contain_text("Byron C. X.")
    row.get_by_role("button", name="Deshacer").click()

    expect(plain.locator(".answer [data-state=undone]")).to_be_visible()
    expect(row).to_have_attribute("data-state", "missing")
    assert door.n_present == 1


def press_twice(plain: Page, door: Door) -> None:
    """After going back: it counts once."""
    row = plain.locator(f'tr[data-registration="{door.people[2].registration_id}"]')
    form = row.locator("form[data-mark=in]")
    repeated: dict[str, str | float | bool] = {
        name: form.locator(f"[name={name}]").input_value() for name in ("id", "registration", "how")
    }

    for _ in range(2):
        plain.request.post(plain.url + "/marcas", form=repeated)

    assert (len(door.events), door.n_present) == (1, 1)


def find_names_by_thumb(plain: Page, door: Door) -> None:
    plain.set_viewport_size({"width": 320, "height": 640})
    links = plain.locator(".roster th a")

    expect(links).to_have_count(len(door.people))
    boxes = [one.bounding_box() for one in links.all()]
    assert all(box is not None and min(box["width"], box["height"]) >= 44 for box in boxes), boxes
