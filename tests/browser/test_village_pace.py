"""How long forty people take at the door: what the app needs is measured, what people need is written down below.

Nobody waits in this test: the pauses of people are added to what was measured. They are those of the keystroke-level
model (Card, Moran and Newell 1980), with a slow hand: a tap of the thumb 0.3 s, a decision 1.2 to 1.35 s.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.fakecam import FRAMES_BETWEEN, FRAMES_EACH, jpeg, put
from tests.browser.marcar import Phone, Village, at_door
from tests.browser.scanner import PHONE

N = 40

FIND_ROW_S = 1.2
"""The person points at their name on the sheet; its number is read."""
TAP_S = 0.3
GLANCE_S = 0.5
"""Green is seen, and the next person steps up meanwhile."""

HOLD_UP_S = 3.0
"""A ticket is taken out and held before the camera, until it is in the picture and still."""
GREET_S = 1.35
"""Green is seen, and the name is read aloud."""

MOST_BY_ROW_S, MOST_BY_CARD_S = 120, 240

ROWS = """async (rows) => {
    const press = (key) => document.querySelector(`[data-pad] [data-key="${key}"]`).click();
    const place = document.querySelector("[data-answer]");
    const answered = () => new Promise((done) => {
        const seen = new MutationObserver(() => { seen.disconnect(); done(); });
        seen.observe(place, { childList: true, subtree: true });
    });
    const began = performance.now();
    for (const row of rows) {
        for (const digit of String(row)) press(digit);
        const answer = answered();
        document.querySelector("[data-pad] button.button").click();
        await answer;
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
        if (!place.querySelector("[data-state=present]")) throw new Error(`row ${row}: ${place.textContent}`);
    }
    return (performance.now() - began) / 1000;
}"""


def told(how: str, measured: float, pauses: float, most: float) -> float:
    print(f"\n{N} people {how}: {measured:.1f} s of the app + {pauses:.1f} s of people, at most {most} s")
    return measured + pauses


@pytest.mark.proof
def test_people_come_at_the_pace_of_forty_in_four_minutes_by_card_and_in_two_by_row(
    browser: Browser, film: Path, first_village: Village
) -> None:
    """As many by card as by the number of their row."""
    village = first_village.another(n_people=2 * N, n_phones=1)
    context = browser.new_context(viewport=PHONE, locale="es-GT", permissions=["camera"])
    phone = at_door(context, village, village.phone())
    context.set_offline(True)
    mark_by_card(phone, film)
    mark_by_row(phone)
    context.close()


def mark_by_row(phone: Phone) -> None:
    """The first of the sheet."""
    phone.follow("Por fila", "filas")
    expect(phone.page.locator("[data-pad]")).to_be_visible()
    rows = list(range(1, N + 1))

    measured = phone.page.evaluate(ROWS, rows)

    phone.expect_count(2 * N)
    n_taps = sum(len(str(row)) + 1 for row in rows)
    pauses, most = N * (FIND_ROW_S + GLANCE_S) + n_taps * TAP_S, MOST_BY_ROW_S
    assert told("by row number", measured, pauses, most) < most


def mark_by_card(phone: Phone, film: Path) -> None:
    """Those who stand on the rows behind."""
    wall, village = jpeg(None), phone.village
    behind = {one for (one,) in village.ask("SELECT registration_id FROM sheet_row WHERE number > ?", str(N))}
    people = [one for one in village.people(2 * N) if one.registration_id in behind]
    tickets = [jpeg(one.token) for one in people]
    put(film, b"".join(wall * FRAMES_BETWEEN + ticket * FRAMES_EACH for ticket in tickets))
    phone.page.get_by_role("button", name="Encender cámara").click()
    began = phone.page.evaluate("() => performance.now()")

    counted = f"() => document.querySelector('[data-count-text]').textContent.startsWith('{N} ')"
    phone.page.wait_for_function(counted, timeout=90_000, polling=50)

    # The whole film counts as the app's time, though half of it is the walls between.
    measured = (phone.page.evaluate("() => performance.now()") - began) / 1000
    pauses, most = N * (HOLD_UP_S + GREET_S), MOST_BY_CARD_S
    assert told("by card", measured, pauses, most) < most
