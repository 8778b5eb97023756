"""A village without signal: three phones, one without a clock, one killed, one taken out of use; paper and mistakes.

The session was moved the evening before. Once all has come in, the server holds what the three at the door saw.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, Route

from tests.browser.marcar import Village, emptied, opened
from tests.browser.scanner import PHONE
from tests.browser.village_story import CLOCK_OF_ITS_OWN, arrive, at_desk, hash_of, kill_browser
from tests.browser_setup import quickest
from trainings import clock

MARKS = "**/marcar/api/marcas"
MINUTE = timedelta(minutes=1)
DAYS_BEFORE = 2
"""So much later the session was to be when the phones were prepared."""


class Story:
    """Who does what. All but the last of the people are expected, and stand on the rows of the sheet in their order."""

    def __init__(
        self, playwright: Playwright, lent: BrowserContext, village: Village, profile: Path, n_walk_ins: int
    ) -> None:
        self.playwright, self.lent, self.village, self.profile = playwright, lent, village, profile
        n = len(village.made["people"])
        self.n_named, self.each, self.cards = n - 1, (n - 2) // 4, n_walk_ins // 3
        self.ana_cookie, berta_cookie, carla_cookie = village.made["phones"]
        self.ana = arrive(self._with_profile(), village, self.ana_cookie)
        self.berta = arrive(self._without_clock(), village, berta_cookie)
        self.carla = arrive(emptied(lent, village), village, carla_cookie)

    def _with_profile(self) -> BrowserContext:
        return self.playwright.chromium.launch_persistent_context(
            self.profile, executable_path=quickest(), args=["--no-sandbox"], viewport=PHONE, locale="es-GT"
        )

    @property
    def browser(self) -> Browser:
        browser = self.lent.browser
        assert browser is not None
        return browser

    def _without_clock(self) -> BrowserContext:
        context = self.browser.new_context(viewport=PHONE, locale="es-GT")
        context.add_init_script(CLOCK_OF_ITS_OWN)
        return context

    def at_door(self) -> None:
        """Some come to two phones, some are marked by mistake: two for good, three to be marked again or elsewhere."""
        self._first_phone()
        self._phone_without_clock()
        self._phone_to_be_revoked()

    def _first_phone(self) -> None:
        ana = self.ana
        for index in range(self.each + 2):
            ana.card(index)
            if index in {1, self.each}:
                ana.undo_person(index)
        kill_browser(self.profile)
        context = self._with_profile()
        context.set_offline(True)
        # The browser itself had not written the cookie of a moment ago to the disk.
        ana.phone = opened(context, self.village, cookie=self.ana_cookie)
        ana.phone.to_door()
        ana.card(self.n_named, "review")
        for _card in range(self.cards):
            ana.spare()

    def _phone_without_clock(self) -> None:
        berta, again = self.berta, self.each + 4
        berta.to_rows()
        for row in range(self.each + 1, 2 * self.each + 3):
            berta.row(row)
            if row == again:
                berta.undo_person(row - 1)
                berta.row(row)
        for row in range(self.n_named + 1, self.n_named + 2 + self.cards):
            berta.row(row)
        berta.undo_card(hash_of(self.village.made["spares"][self.cards]))

    def _phone_to_be_revoked(self) -> None:
        carla = self.carla
        for index in range(2 * self.each, 3 * self.each):
            carla.card(index)
        carla.spare()
        carla.undo_card(next(iter(carla.cards)))
        carla.to_rows()
        # The first of these rows is a card that the other phone saw too.
        for row in range(self.n_named + self.cards, self.n_named + 2 * self.cards + 1):
            carla.row(row)

    @property
    def paper(self) -> range:
        """Rows that are signed on the sheet: the last of another phone's people, and those who were on none."""
        return range(3 * self.each, 4 * self.each)

    @property
    def taken_back_late(self) -> str:
        """Whose mark was a mistake; that it was taken back is what does not arrive at first."""
        return str(self.village.made["people"][1]["registration_id"])

    def on_paper(self) -> set[str]:
        return {str(self.village.made["people"][row - 1]["registration_id"]) for row in self.paper}


def hold_back(context: BrowserContext) -> list[int]:
    """The third mark of what this phone sends does not arrive, until the route is gone; its number."""
    held: list[int] = []

    def without(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        held[:] = held or [body["events"][2]["seq"]]
        body["events"] = [one for one in body["events"] if one["seq"] not in held]
        route.continue_(post_data=json.dumps(body))

    context.route(MARKS, without)
    return held


def present(village: Village) -> dict[str, bool]:
    """Who is present on the server, and whether that is to be reviewed."""
    question = "SELECT registration_id, to_review FROM attendance WHERE is_present AND session_id = ?"
    return dict(village.ask(question, village.made["session"]))


def in_time(village: Village, people: set[str], began: datetime) -> bool:
    """Whether these arrived this morning, those on the phone without a clock among them."""
    kept = village.ask("SELECT registration_id, arrived_at FROM attendance WHERE is_present")
    moments = [datetime.fromisoformat(at).replace(tzinfo=UTC) for who, at in kept if who in people]
    return all(began - MINUTE < at < clock.now() + MINUTE for at in moments)


def play(scene: Story) -> None:
    village, desk = scene.village, at_desk(scene.browser.new_context(locale="es-GT"), scene.village)
    ana, berta, carla = scene.ana, scene.berta, scene.carla
    began, (ana_phone, _berta_phone, carla_phone) = clock.now(), village.made["phone_names"]
    village.move(DAYS_BEFORE)

    scene.at_door()
    desk.type_in(f"{scene.paper[0]}-{scene.paper[-1]}")
    assert present(village).keys() == scene.on_paper()
    desk.revoke(carla_phone)
    berta.send()
    carla.send()
    held = hold_back(ana.page.context)
    ana.page.context.set_offline(False)
    ana.phone.send_now()
    ana.phone.expect_queue("1 marca que el servidor no entiende")

    assert f"Falta 1 marca de {ana_phone}" in desk.review()
    assert present(village).keys() == scene.on_paper() | ana.people | berta.people | {scene.taken_back_late}
    ana.page.context.unroute(MARKS)
    ana.send()
    assert held == [3]
    assert "Lo que falta de los teléfonos" not in desk.review()
    waiting = village.made["people"][-1]["registration_id"]
    expected = dict.fromkeys(scene.on_paper() | ana.people | berta.people, 0) | {waiting: 1}
    assert present(village) == expected
    assert desk.n_unnamed() == len(ana.cards | berta.cards)

    refused = village.made["people"][3 * scene.each - 1]
    desk.decide("No cuenta", refused["name"])
    desk.decide("Todas cuentan", carla_phone)
    desk.decide("Cuenta", village.made["people"][-1]["name"])
    desk.count_cards()

    counted = carla.people - {refused["registration_id"]}
    assert present(village) == dict.fromkeys(expected.keys() | counted, 0)
    assert desk.n_unnamed() == len(ana.cards | berta.cards | carla.cards)
    assert in_time(village, (ana.people | berta.people | carla.people) - scene.on_paper(), began)
    assert "Lo que falta de los teléfonos" not in desk.review()
    desk.page.context.close()


def tell(playwright: Playwright, lent: BrowserContext, village: Village, profile: Path, *, n_walk_ins: int) -> None:
    del village.made["people"][1 - village.made["n_waiting"] :]
    scene = Story(playwright, lent, village, profile, n_walk_ins)
    play(scene)
    scene.carla.page.close()
    for one in (scene.ana, scene.berta):
        one.page.context.close()


def test_small_village_then_attendance_is_what_they_saw(
    playwright: Playwright, lent: BrowserContext, first_village: Village, tmp_path: Path
) -> None:
    tell(playwright, lent, first_village.another(13, 3, days=DAYS_BEFORE), tmp_path, n_walk_ins=3)


@pytest.mark.proof
def test_village_of_eighty_then_attendance_is_what_they_saw(
    playwright: Playwright, lent: BrowserContext, first_village: Village, tmp_path: Path
) -> None:
    tell(playwright, lent, first_village.another(79, 3, days=DAYS_BEFORE), tmp_path, n_walk_ins=12)
