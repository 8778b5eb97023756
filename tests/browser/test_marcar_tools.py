"""What is done at a door beside marking: companions, departures, closing, saving power, all without signal."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.marcar import Phone, Village, of_store
from tests.browser.scanner import wait_until
from tests.browser.test_marcar_shell import DUMP
from trainings import clock

SENT = "Todo enviado"
CLOSINGS = "SELECT id FROM scan_event WHERE kind = 'close' AND session_id = ?"
SAVING = of_store("meta", "get('ahorro')")
STANDING = """SELECT sex, SUM(number) FROM head_count AS c WHERE age_band = ?
AND NOT EXISTS (SELECT 1 FROM head_count AS u WHERE u.target_id = c.id) GROUP BY sex"""
AWAKE = """() => {
const lock = { release() { globalThis.awake = false } };
Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => ((globalThis.awake = true), lock) } });
}"""
BATTERY = """navigator.getBattery = async () => Object.assign(new EventTarget(), { level: 0.1, charging: false })"""
# So is a telephone that installs by hand.
BY_HAND = "Object.defineProperty(navigator, 'standalone', { value: false })"
A_QUARTER_AGO = re.compile("^hace 15\u00a0min(, |$)")
"""Just after midnight the day is named as well."""


def _to(phone: Phone, name: str) -> None:
    """One of the links behind the camera."""
    phone.page.locator(".more summary").click()
    phone.page.get_by_role("link", name=name).click()
    expect(phone.page.locator("main h1")).to_be_focused()


def _send(phone: Phone) -> None:
    phone.page.context.set_offline(False)
    phone.send_now()
    phone.expect_queue(SENT)


def test_companions_departures_and_heads_are_counted_power_is_saved_and_a_session_closed(
    phone: Phone, village: Village
) -> None:
    count_companions(phone, village)
    phone.visit("marcar", village.made["session"])
    note_who_left_early(phone, village)
    phone.visit("marcar", village.made["session"])
    mark_who_leaves(phone, village)
    count_heads(phone, village)
    phone.visit("marcar", village.made["session"])
    save_power(phone, village)
    phone.visit("marcar", village.made["session"])
    close_and_take_back(phone, village)
    close_for_good(phone, village)


def count_companions(phone: Phone, village: Village) -> None:
    """A minor alone is nothing more than a head."""
    phone.type_code(village.spare())
    phone.expect_answer("present", "Tarjeta sin nombre")
    _to(phone, "Acompañantes")
    phone.page.context.set_offline(True)
    less = phone.page.get_by_role("button", name="Una persona menos")
    more = phone.page.get_by_role("button", name="Una persona más")
    heads = phone.page.locator("[data-number-of-heads]")
    expect(less).to_be_disabled()

    for number in (1, 2, 3):
        more.click()
        expect(heads).to_have_text(str(number))
    less.click()
    expect(heads).to_have_text("2")
    phone.page.get_by_text("vino sin su familia?").click()
    card = phone.page.get_by_label("¿Ya le marcó con una tarjeta?")
    expect(card.locator("option")).to_have_text(["No", re.compile("Tarjeta sin nombre$")])
    card.select_option(index=1)
    phone.page.get_by_role("button", name="Contar y ver qué hacer").click()
    expect(heads).to_have_text("3")
    expect(card).to_be_hidden()
    expect(phone.page.get_by_text("Para participar hace falta su permiso")).to_be_visible()
    called = phone.page.locator("[data-calls] a")
    before = phone.page.evaluate(DUMP)
    phone.page.get_by_role("button", name="Viaja solo o sola").click()
    expect(called.first).to_be_visible()
    assert called.first.get_attribute("href") == f"tel:{village.made['hub_phone']}"
    assert phone.page.evaluate(DUMP) == before
    phone.reload()
    expect(called).to_have_count(0)
    expect(heads).to_have_text("3")

    _send(phone)
    heads_of = "SELECT number, registration_id FROM scan_event WHERE kind = 'heads' AND session_id = ? ORDER BY seq"
    assert village.ask(heads_of, village.made["session"]) == [(n, None) for n in (1, 1, 1, -1, 1)]
    of_card = """SELECT e.kind FROM scan_event AS e JOIN scan_event AS w ON w.id IN (e.id, e.target_id)
        WHERE w.kind = 'walkin' AND w.session_id = ? ORDER BY e.seq"""
    assert village.ask(of_card, village.made["session"]) == [("walkin",), ("undo",)], "one person, by card or as a head"


def note_who_left_early(phone: Phone, village: Village) -> None:
    """By row, code or card, with the time that somebody states."""
    ana, byron = village.people(2)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    _to(phone, "Se fue antes")
    phone.page.context.set_offline(True)
    who = phone.page.get_by_label("Número de fila, o código del boleto")
    expect(phone.page.locator("[name=hoja]")).to_be_hidden()
    phone.page.get_by_role("button", name="15 minutos antes").click()
    expect(phone.page.locator("[data-ago]")).to_have_text(A_QUARTER_AGO)
    who.fill(ana.short_code)
    who.press("Enter")
    phone.expect_answer("wrong_time", "Revise la hora", "Escoja una hora después")
    phone.page.get_by_role("button", name="15 minutos después").click()
    who.press("Enter")
    phone.expect_answer("left", "Su tiempo cuenta hasta la")
    phone.page.get_by_role("button", name="15 minutos antes").click()
    who.fill("200")
    who.press("Enter")
    phone.expect_answer("no_row", "no tiene fila 200")
    who.fill("17")
    who.press("Enter")
    phone.expect_answer("review", "Fila 17", "no tiene su llegada")
    phone.page.get_by_role("button", name="Deshacer", exact=True).first.click()
    phone.expect_answer("undone")
    phone.page.get_by_role("button", name="15 minutos antes").click(click_count=5)
    phone.page.get_by_text("Con la cámara").click()
    phone.scan(byron.token)
    phone.expect_answer("review", byron.name, "La sesión empieza a la")

    _send(phone)
    flags = "SELECT flag FROM scan_event WHERE kind = 'left' AND registration_id = ?"
    assert [village.ask(flags, one.registration_id) for one in (ana, byron)] == [[("",)], [("clock",)]]
    left = "SELECT how, row FROM scan_event WHERE kind = 'left' AND stated_at <= at AND session_id = ? ORDER BY seq"
    assert village.ask(left, village.made["session"]) == [("typed", None), ("row", 17), ("camera", None)]
    over = "SELECT left_at IS NOT NULL FROM attendance WHERE registration_id = ?"
    assert village.ask(over, ana.registration_id) == [(1,)]


def mark_who_leaves(phone: Phone, village: Village) -> None:
    """Under a line that says so."""
    [ana] = village.people(1)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.to_departures()
    expect(phone.page).to_have_title(village.made["title"])

    phone.type_code(ana.token)
    phone.expect_answer("left", ana.name)
    phone.page.get_by_role("link", name="Volver a llegadas").click()
    expect(phone.page.get_by_text("Marcando SALIDAS")).to_be_hidden()

    _send(phone)
    out = "SELECT kind FROM scan_event WHERE registration_id = ? ORDER BY seq"
    assert village.ask(out, ana.registration_id)[-2:] == [("in",), ("out",)]


def save_power(phone: Phone, village: Village) -> None:
    """The number pad is left; and a low battery says to finish on paper."""
    phone.page.evaluate(AWAKE)
    expect(phone.page.locator(".answer [data-state=ready]")).to_contain_text("Encienda la cámara")
    phone.scan(None)
    phone.page.wait_for_function("() => globalThis.awake === true")
    phone.page.locator(".more summary").click()
    phone.page.get_by_role("button", name="Ahorro").click()

    phone.page.wait_for_function("() => globalThis.awake === false")
    phone.expect_screen("filas")
    expect(phone.page.locator("[data-pad]")).to_be_visible()
    wait_until(phone.page, SAVING)
    phone.page.add_init_script(BATTERY)
    phone.page.add_init_script(BY_HAND)
    phone.reload()
    expect(phone.page.locator("body")).to_have_css("background-color", "rgb(0, 0, 0)")
    expect(phone.page.get_by_role("link", name="Con cámara")).to_have_count(0)
    phone.follow("Por código", "marcar")
    expect(phone.page.get_by_label("Código del boleto")).to_be_visible()
    expect(phone.page.locator("[data-lens]")).to_be_hidden()
    ready = phone.page.locator(".answer [data-state=ready]")
    expect(ready).to_contain_text("Escriba el código del boleto.")
    expect(ready).not_to_contain_text("cámara")
    phone.follow("Sesiones", "inicio")
    phone.page.get_by_role("link", name=village.made["title"]).click()
    expect(phone.page.locator("[data-pad]")).to_be_visible()
    phone.follow("Sesiones", "inicio")
    expect(phone.page.get_by_role("alert").filter(has_text="Termine en papel")).to_be_visible()
    phone.page.get_by_role("button", name="Ahorro").first.click()
    expect(phone.page.locator("html[data-saving]")).to_have_count(0)
    phone.page.locator(".about summary").click()
    expect(phone.page.get_by_text("lo que está en el navegador no pasa a la aplicación")).to_be_visible()


def close_and_take_back(phone: Phone, village: Village) -> None:
    """Early, it asks for the true end."""
    [ana] = village.people(1)
    phone.context.set_offline(True)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    n_present = phone.page.locator("[data-count-text]").inner_text().split()[0]
    _to(phone, "Cerrar sesión")
    expect(phone.page.locator("[data-present]")).to_have_text(re.compile(f"^{n_present} de "))
    expect(phone.page.locator("[data-unsent]")).to_have_text("1 por enviar")
    time = phone.page.get_by_role("group", name="¿A qué hora terminó?")
    expect(time).to_contain_text("ahora")
    expect(phone.page.get_by_text("Se cuentan solo las horas hasta")).to_be_visible()
    time.get_by_role("button", name="15 minutos antes").click()
    expect(time).to_contain_text("hace 15\N{NO-BREAK SPACE}min")

    phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora").click()
    expect(phone.page.locator("[data-waits]")).to_contain_text("Vale cuando todos los teléfonos hayan enviado")
    phone.page.get_by_role("button", name="Deshacer el cierre").click()
    expect(phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora")).to_be_visible()
    expect(phone.page.get_by_role("status").filter(has_text="Cierre deshecho")).to_be_visible()
    expect(time).to_be_visible()

    _send(phone)
    [(close,)] = village.ask(CLOSINGS, village.made["session"])
    assert village.ask("SELECT kind FROM scan_event WHERE target_id = ?", close) == [("undo",)]
    ended = "SELECT ROUND((julianday(at) - julianday(stated_at)) * 24 * 60) FROM scan_event WHERE id = ?"
    assert village.ask(ended, close) == [(15.0,)], "the true end is sent"
    closed = "SELECT closed_at FROM training_session WHERE id = ?"
    assert village.ask(closed, village.made["session"]) == [(None,)]


def close_for_good(phone: Phone, village: Village) -> None:
    """What took effect is taken back in the panel alone."""
    said: dict[str, object] = {"closed": True}

    def as_said(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        # Not before the second closing is there: the phone may be asking just now.
        if len(village.ask(CLOSINGS, village.made["session"])) > 1:
            body["sessions"] = [{**one, **said} for one in body["sessions"]]
        route.fulfill(response=answer, json=body)

    phone.context.route("**/marcar/api/estado", as_said)
    phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora").click()
    expect(phone.page.get_by_text("puede abrirla otra vez en el panel")).to_be_visible()
    expect(phone.page.get_by_role("button", name="Deshacer el cierre")).to_be_hidden()
    said = {"closed": False, "reopened": clock.now().isoformat()}
    phone.page.reload()
    expect(phone.page.get_by_role("button", name="Sí, cerrar la sesión ahora")).to_be_visible()
    expect(phone.page.locator("[data-waits]")).to_be_hidden()


def count_heads(phone: Phone, village: Village) -> None:
    """At an activity."""
    phone.follow("Sesiones", "inicio")
    phone.page.locator(".about summary").click()
    expect(phone.page.locator("[data-iphone]")).to_be_hidden()
    phone.follow("Feria de la otra semana", "conteo")
    expect(phone.page.get_by_text("se cuenta desde el día de la actividad")).to_be_visible()
    expect(phone.page.locator("[data-cell]:enabled")).to_have_count(0)
    phone.follow("Sesiones", "inicio")
    phone.follow("Feria informativa", "conteo")
    phone.context.set_offline(True)
    woman = phone.page.get_by_role("group", name="Personas adultas").get_by_role("button", name="Mujer")

    woman.click()
    woman.click()
    phone.page.get_by_role("group", name="Niñez").get_by_role("button", name="Hombre").click()
    expect(phone.page.locator("[data-total]")).to_have_text("3")
    phone.page.get_by_role("button", name="Deshacer el último").click()
    expect(phone.page.locator("[data-total]")).to_have_text("2")
    phone.reload()
    expect(woman.locator("b")).to_have_text("2")

    _send(phone)
    assert [village.ask(STANDING, band) for band in ("18-59", "0-11")] == [[("mujer", 2)], []]
