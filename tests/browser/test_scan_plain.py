"""Taking attendance without script: every button is a form."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.door import Door


def test_code_counts_without_script(plain: Page, door: Door) -> None:
    plain.get_by_label("Código del boleto").fill(door.people[0].short_code)
    plain.get_by_role("button", name="Marcar", exact=True).click()

    expect(plain).to_have_url(re.compile("#resultado$"))
    expect(plain.locator(".answer [data-state=present]")).to_contain_text("Ana Lucía B. C.")
    expect(plain.locator("[data-count]")).to_contain_text("1 de 4 presentes")


def test_wrong_code_without_script_is_shown_again_with_its_error(plain: Page, door: Door) -> None:
    plain.get_by_label("Código del boleto").fill("K7Q2")
    plain.get_by_role("button", name="Marcar", exact=True).click()

    expect(plain.get_by_label("Código del boleto")).to_have_value("K7Q2")
    expect(plain.get_by_label("Código del boleto")).to_have_attribute("aria-invalid", "true")
    expect(plain.locator(".answer [role=alert]")).to_contain_text("No es un boleto")
    assert door.events == {}


def test_row_is_marked_and_taken_back_without_script(plain: Page, door: Door) -> None:
    row = plain.locator(f'tr[data-registration="{door.people[1].registration_id}"]')

    row.get_by_role("button", name="Marcar llegada").click()
    expect(plain.locator(".answer [data-state=present]")).to_contain_text("Byron C. X.")
    row.get_by_role("button", name="Deshacer").click()

    expect(plain.locator(".answer [data-state=undone]")).to_be_visible()
    expect(row).to_have_attribute("data-state", "missing")
    assert door.n_present == 0


def test_button_pressed_again_after_going_back_without_script_counts_once(plain: Page, door: Door) -> None:
    row = plain.locator(f'tr[data-registration="{door.people[1].registration_id}"]')
    form = row.locator("form[data-mark=in]")
    repeated: dict[str, str | float | bool] = {
        name: form.locator(f"[name={name}]").input_value() for name in ("id", "registration", "how")
    }

    for _ in range(2):
        plain.request.post(plain.url + "/marcas", form=repeated)

    assert (len(door.events), door.n_present) == (1, 1)


def test_names_that_lead_to_a_person_are_found_by_a_thumb(plain: Page, door: Door) -> None:
    plain.set_viewport_size({"width": 320, "height": 640})
    links = plain.locator(".roster th a")

    expect(links).to_have_count(len(door.people))
    boxes = [one.bounding_box() for one in links.all()]
    assert all(box is not None and min(box["width"], box["height"]) >= 44 for box in boxes), boxes
