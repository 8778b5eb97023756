"""What goes wrong in villages with the phone itself: its clock, its account, its disk, a list whose time is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.marcar import APP, Phone, Village, at_door
from tests.browser.scanner import PHONE
from tests.browser.village_server import moved, story
from trainings import clock
from trainings.attendance.device_cookie import COOKIE

SHIFTED = """(() => {
    const Real = Date;
    const shift = Number(localStorage.getItem("shift")) * 86_400_000;
    globalThis.Date = class extends Real {
        constructor(...parts) { super(...(parts.length ? parts : [Real.now() + shift])); }
        static now() { return Real.now() + shift; }
    };
})()"""
SHIFT = "(days) => localStorage.setItem('shift', days)"
TAKEN_BACK = """() => {
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.add = function (...what) {
        const request = add.apply(this, what);
        // Written, and then the disk says no: between the two nothing may be green.
        request.addEventListener('success', () => this.transaction.abort());
        return request;
    };
}"""
REFUSED = """() => {
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.add = function (event) { add.call(this, event); return add.call(this, event); };
}"""
AT_ONCE = """([session, code]) => new Promise((done) => {
    const seen = new MutationObserver(() => {
        const form = document.querySelector("main form.type");
        if (!form) return;
        seen.disconnect();
        form.elements.code.value = code;
        form.requestSubmit();
        done(true);
    });
    seen.observe(document.querySelector("main"), { childList: true });
    location.hash = `#/marcar/${session}`;
})"""
OFFLINE_IT_SAYS = "Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false })"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", name="village")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with story(tmp_path_factory.mktemp("pitfalls"), 14) as village:
        moved(village)
        yield village


@pytest.fixture
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, locale="es-GT")
    context.add_init_script(SHIFTED)
    yield context
    context.close()


@pytest.fixture
def phone(pocket: BrowserContext, village: Village) -> Phone:
    return at_door(pocket, village, village.made["phones"][0])


def sent(phone: Phone) -> None:
    phone.page.context.set_offline(False)
    phone.send_now()
    phone.expect_queue("Todo enviado")


def test_clock_that_is_days_off_then_kept_at_the_true_time(phone: Phone, village: Village) -> None:
    """A day ahead; before it was prepared; so far ahead that the list would be over."""
    for days, person in zip((1, -40, 40), village.people(3), strict=True):
        phone.page.context.set_offline(True)
        phone.page.evaluate(SHIFT, days)
        began = clock.now()
        phone.reload()

        phone.type_code(person.token)
        phone.expect_answer("present", person.name)
        sent(phone)

        [(arrived, flag)] = village.ask(
            "SELECT a.arrived_at, e.flag FROM attendance a JOIN scan_event e ON e.registration_id = a.registration_id "
            "WHERE a.is_present AND a.registration_id = ?",
            person.registration_id,
        )
        assert began - MINUTE < datetime.fromisoformat(arrived).replace(tzinfo=UTC) < clock.now() + MINUTE
        assert flag == "clock"


def test_account_that_is_over_in_the_village_then_marking_goes_on_and_sending_waits(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    ana, byron = village.people(2)
    cookie = next(one["value"] for one in pocket.cookies() if one["name"] == COOKIE)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.expect_queue("Todo enviado")
    pocket.clear_cookies()

    phone.type_code(byron.token)
    phone.expect_answer("present", byron.name)
    phone.reload()
    phone.type_code(byron.token)
    phone.expect_answer("already", byron.name)
    phone.expect_queue("2 por enviar")

    pocket.add_cookies([{"name": COOKIE, "value": cookie, "url": village.origin + APP}])
    sent(phone)
    assert (village.scans_of(byron), village.presences_of(byron)) == (2, 1)


def test_mark_that_the_disk_takes_back_then_it_was_never_green(phone: Phone, village: Village) -> None:
    for trouble, person in zip((TAKEN_BACK, REFUSED), village.people(2), strict=True):
        phone.page.evaluate(trouble)

        phone.type_code(person.token)

        phone.expect_answer("not_saved", "NO SE GUARDÓ", person.name)
        phone.expect_queue("Todo enviado")
        phone.reload()
        phone.expect_count(0)
        assert village.scans_of(person) == 0


def test_browser_that_takes_itself_for_offline_then_marks_are_sent(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.page.context.add_init_script(OFFLINE_IT_SAYS)
    phone.reload()
    assert phone.page.evaluate("() => navigator.onLine") is False

    phone.type_code(ana.token)

    phone.expect_answer("present", ana.name)
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 1


def test_marks_of_the_panel_that_wait_in_this_browser_then_the_app_does_not_say_that_all_is_sent(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    """Somebody marked in the panel, lost the signal, and looks at the app."""
    [ana] = village.people(1)
    pocket.add_cookies([{"name": "staff", "value": village.made["desk"], "url": village.origin}])
    panel = pocket.new_page()
    panel.goto(f"{village.origin}/panel/sesiones/{village.made['session']}/asistencia")
    pocket.route("**/asistencia/marcas", lambda route: route.abort())
    panel.get_by_label("Código del boleto").fill(ana.short_code)
    panel.get_by_role("button", name="Marcar", exact=True).click()
    expect(panel.locator(".answer [data-state=kept]")).to_be_visible()
    panel.close()

    phone.reload()
    phone.expect_queue("1 marca del panel por enviar")
    pocket.unroute("**/asistencia/marcas")
    with pocket.expect_page() as opening:
        phone.page.get_by_role("link", name="Enviarlas en el panel").click(modifiers=["Control"])
    expect(opening.value.locator("[data-sync]")).to_have_text("Todo enviado")
    phone.page.bring_to_front()
    phone.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")

    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 1


def test_marks_of_the_app_that_wait_then_the_panel_does_not_say_that_all_is_sent(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    [ana] = village.people(1)
    pocket.add_cookies([{"name": "staff", "value": village.made["desk"], "url": village.origin}])
    pocket.route("**/marcar/api/marcas", lambda route: route.abort())
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    panel, door = pocket.new_page(), f"{village.origin}/panel/sesiones/{village.made['session']}/asistencia"

    panel.goto(door)
    expect(panel.locator("[data-sync]")).to_have_text("Sin enviar en «Marcar llegadas» de este teléfono: 1")
    panel.goto(f"{door}/cerrar")
    expect(panel.get_by_text("guarda marcas sin enviar")).to_be_visible()
    pocket.unroute("**/marcar/api/marcas")
    phone.page.bring_to_front()
    sent(phone)

    panel.goto(door)
    expect(panel.locator("[data-sync]")).to_have_text("Todo enviado")
    panel.goto(f"{door}/cerrar")
    expect(panel.get_by_text("guarda marcas sin enviar")).to_be_hidden()


def test_signing_out_of_the_panel_then_it_asks_first_and_every_mark_is_still_here(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    [ana] = village.people(1)
    pocket.add_cookies([{"name": "staff", "value": village.made["desk"], "url": village.origin}])
    panel = pocket.new_page()
    panel.goto(f"{village.origin}/panel")
    pocket.route("**/marcar/api/marcas", lambda route: route.abort())
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)

    asked = panel.get_by_role("dialog", name="Este aparato guarda 1 marca de asistencia sin enviar")
    panel.get_by_role("button", name="Salir", exact=True).click()
    asked.get_by_role("button", name="No salir todavía").click()
    expect(asked).to_be_hidden()
    expect(panel).to_have_url(f"{village.origin}/panel")
    panel.get_by_role("button", name="Salir", exact=True).click()
    asked.get_by_role("button", name="Salir de todos modos").click()
    expect(panel).not_to_have_url(f"{village.origin}/panel")
    pocket.unroute("**/marcar/api/marcas")
    phone.reload()

    phone.expect_count(1)
    sent(phone)
    assert village.presences_of(ana) == 1


def test_code_that_comes_before_the_screen_listens_then_it_stays_out_of_the_address(
    phone: Phone, village: Village
) -> None:
    """A scanner with a cable is faster than a slow phone."""
    [ana] = village.people(1)
    phone.follow("Sesiones", "inicio")
    phone.expect_ready()

    phone.page.evaluate(AT_ONCE, [village.made["session"], ana.token])

    phone.page.wait_for_function("() => document.querySelector('main [data-count-text]')?.textContent")
    assert ana.token not in phone.page.url
    assert not any(ana.token in address for address in phone.addresses)
    expect(phone.page.get_by_label("Código del boleto")).to_have_value(ana.token)
    phone.page.get_by_role("button", name="Marcar", exact=True).click()
    phone.expect_answer("present", ana.name)


def test_closing_once_the_other_phones_have_nothing_to_send_then_closed_by_itself(
    phone: Phone, browser: Browser, village: Village
) -> None:
    others = [browser.new_context(viewport=PHONE, locale="es-GT") for _phone in range(2)]
    helpers = [
        at_door(context, village, cookie) for context, cookie in zip(others, village.made["phones"][1:], strict=True)
    ]
    phone.visit("cierre", village.made["session"])
    phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora").click()
    expect(phone.page.locator("[data-waits]")).to_be_visible()
    sent(phone)
    closed = "SELECT id FROM training_session WHERE closed_at IS NOT NULL AND id = ?"
    assert village.ask(closed, village.made["session"]) == []

    for helper in helpers:
        with helper.page.expect_response("**/marcar/api/marcas"):
            helper.reload()

    assert len(village.ask(closed, village.made["session"])) == 1
    for context in others:
        context.close()
