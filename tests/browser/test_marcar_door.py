"""The scan app at a door: what is scanned or typed is answered in colour, words and sound, and can be taken back."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.marcar import APP, Person, Phone, Village, of_store
from tests.browser.scanner import FULL, MAKE_ROOM, wait_until
from trainings import clock
from trainings.attendance.device_access import COOKIE
from trainings.lib import tokens

LISTEN = """() => {
    globalThis.signals = [];
    navigator.vibrate = (pattern) => { signals.push(['vibration', pattern.join(' ')]); return true; };
    const Real = OscillatorNode;
    globalThis.OscillatorNode = class extends Real {
        constructor(context, options) { super(context, options); signals.push(['note', options.frequency]); }
    };
}"""
SIGNALS = "() => { const heard = signals; globalThis.signals = []; return heard; }"
NEWER_DATABASE = "() => new Promise((done) => { indexedDB.open('marcar', 99).onsuccess = () => done(true) })"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
EVENTS = of_store("events", "getAll()")
MUTED = of_store("meta", "get('muted')")
TWO_CAMERAS = """
    globalThis.asked = [];
    const { mediaDevices } = navigator;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (wish) => {
        asked.push(wish.video.deviceId?.ideal ?? 'any');
        return real({ video: true });
    };
    const camera = (deviceId, label) => ({ kind: 'videoinput', deviceId, label });
    mediaDevices.enumerateDevices = async () => [camera('front', 'Delantera'), camera('back', 'Trasera')];
    globalThis.light = [];
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
    MediaStreamTrack.prototype.applyConstraints = async ({ advanced: [wish] }) => { light.push(wish.torch); };
"""
# An old phone: as long as people need for the next card.
SLOW = """() => {
    const digest = SubtleCrypto.prototype.digest;
    SubtleCrypto.prototype.digest = async function (...given) {
        await new Promise((done) => setTimeout(done, 400));
        return digest.apply(this, given);
    };
}"""
STARTING = """() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    globalThis.opened = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((done) => { globalThis.open = done });
        opened.push(await open(wanted));
        return opened.at(-1);
    };
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
HOLD = "() => document.querySelector('video').currentTime"


def kept(phone: Phone) -> list[dict[str, Any]]:
    return sorted(phone.page.evaluate(EVENTS), key=lambda one: int(one["event"]["seq"]))


def said(phone: Phone) -> tuple[str, str]:
    """Colour and role of the answer on the screen."""
    place = "[...document.querySelectorAll('.answer [role] .result')][0]"
    color = phone.page.evaluate(f"() => getComputedStyle({place}).backgroundColor")
    return color, phone.page.evaluate(f"() => {place}.parentElement.getAttribute('role')")


def test_door_marks_takes_back_and_tells_five_answers_apart(phone: Phone, village: Village) -> None:
    take_back(phone, village)
    type_codes(phone, village)
    scan_with_a_cable(phone, village)
    remember_silence(phone, village)
    tell_answers_apart(phone, village)
    phone.page.evaluate(MAKE_ROOM)
    scan_before_the_screen_listens(phone, village)
    keep_nothing_any_more(phone, village)


def take_back(phone: Phone, village: Village) -> None:
    """Names show only after a tap, and none of who was marked before the page was opened anew."""
    ana, byron = village.people(2)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.page.locator(".keys").get_by_role("button", name="Deshacer").click()
    phone.expect_answer("undone", "Deshecho")
    phone.expect_count(0)
    phone.type_code(byron.token)
    phone.expect_answer("present", byron.name)
    recent = phone.page.locator("[data-recent]")
    expect(recent.get_by_text(ana.name)).to_be_hidden()

    recent.get_by_text("Últimas marcas").click()
    expect(recent.locator("li")).to_contain_text([f"{byron.name} Presente", f"{ana.name} Deshecho"])
    recent.get_by_role("button", name=f"Deshacer: {byron.name}").click()

    phone.expect_answer("undone")
    phone.expect_queue("Todo enviado")
    assert [village.presences_of(one) for one in (ana, byron)] == [0, 0]
    assert [one["event"]["kind"] for one in kept(phone)] == ["in", "undo", "in", "undo"]
    phone.follow("Por fila", "filas")
    phone.follow("Con cámara", "marcar")
    recent.get_by_text("Últimas marcas").click()
    expect(recent.locator("li").first).to_contain_text(f"{byron.name} Deshecho")
    phone.page.get_by_role("button", name="Sin sonido").click()
    wait_until(phone.page, MUTED)
    phone.reload()
    recent.get_by_text("Últimas marcas").click()
    [(row,)] = village.ask("SELECT number FROM sheet_row WHERE registration_id = ?", byron.registration_id)
    expect(recent.locator("li").first).to_contain_text(f"Fila {row} Deshecho")
    [(first,)] = village.ask("SELECT number FROM sheet_row WHERE registration_id = ?", ana.registration_id)
    recent.get_by_label("Buscar por número de fila").fill(str(first))
    expect(recent.locator("li")).to_contain_text([f"Fila {first} Deshecho"])
    expect(phone.page.locator("body")).not_to_contain_text(ana.name)


def type_codes(phone: Phone, village: Village) -> None:
    """A code opens no name; what is none stays in the field to be put right."""
    ana, byron = village.people(2)
    field = phone.page.get_by_label("Código del boleto")
    phone.type_code("K7Q2-9XMD-D")
    phone.expect_answer("not_ticket")
    expect(field).to_have_value("K7Q2-9XMD-D")
    expect(field).to_be_focused()
    phone.type_code(ana.short_code)
    phone.expect_answer("present", "Código aceptado", tokens.show_short_code(ana.short_code))
    expect(phone.page.locator("body")).not_to_contain_text(ana.name)

    phone.type_code(byron.token)
    phone.expect_answer("present", byron.name)
    phone.expect_count(2)


def scan_with_a_cable(phone: Phone, village: Village) -> None:
    """Wherever the focus is; and the next card is typed while an old phone still keeps the one before."""
    [ana, *more], cameras = village.people(3), phone.page.locator("[data-choice]")
    cameras.evaluate("(one) => { one.hidden = false }")
    for focused, answer in ((phone.page.locator("h1"), "present"), (cameras, "already")):
        phone.look_away()
        focused.focus()
        expect(focused).to_be_focused()
        phone.type_by_cable(ana.token)
        phone.expect_answer(answer, ana.name)
        expect(phone.page.get_by_label("Código del boleto")).to_have_value("")

    phone.page.evaluate(SLOW)
    for one in more:
        phone.page.keyboard.type(one.token)
        phone.page.keyboard.press("Enter")
    phone.expect_count(5)
    phone.expect_answer("present", more[-1].name)
    expect(phone.page.get_by_label("Código del boleto")).to_have_value("")


def remember_silence(phone: Phone, village: Village) -> None:
    """It was asked for before the page was opened anew."""
    [ana] = village.people(1)
    quiet = phone.page.get_by_role("button", name="Sin sonido")
    phone.page.evaluate(LISTEN)
    expect(quiet).to_have_attribute("aria-pressed", "true")

    phone.type_code(ana.token)
    phone.expect_answer("present")

    assert {kind for kind, _what in phone.page.evaluate(SIGNALS)} == {"vibration"}
    quiet.click()
    expect(quiet).to_have_attribute("aria-pressed", "false")


def tell_answers_apart(phone: Phone, village: Village) -> None:
    """In colour, icon, word, sound and vibration. What the phone cannot keep counts nobody, and can be copied."""
    [ana] = village.people(1)
    telma, last = village.waiting(), village.waiting(1)
    seen = []

    def note(state: str, *texts: str) -> None:
        phone.expect_answer(state, *texts)
        drawing = phone.page.locator(f".answer [data-state={state}] .sign path").get_attribute("d")
        seen.append((*said(phone), drawing, json.dumps(phone.page.evaluate(SIGNALS))))

    phone.type_code(ana.token)
    note("present", "Presente", ana.name)
    phone.type_code(ana.token)
    note("already", "Ya estaba", ana.name, "Cuenta una sola vez")
    phone.type_code(telma.token)
    note("review", "Guardado, por revisar", telma.name, "lista de espera")
    phone.type_code("K7Q2")
    note("not_ticket", "No es un boleto", "9 letras y números")
    phone.page.evaluate(FULL)
    phone.type_code(last.token)
    note("not_saved", "NO SE GUARDÓ", last.name, "está lleno")
    phone.expect_count(7)

    assert [role for _color, role, *_more in seen] == ["status", "status", "status", "alert", "alert"]
    for differing in (0, 2, 3):
        assert len({one[differing] for one in seen}) == 5
    assert all("note" in one[3] and "vibration" in one[3] for one in seen)
    phone.expect_queue("Todo enviado")
    assert (village.presences_of(ana), village.presences_of(telma), village.scans_of(last)) == (1, 1, 0)


def scan_before_the_screen_listens(phone: Phone, village: Village) -> None:
    """A scanner with a cable is faster than a slow phone: the code stays out of the address."""
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


def keep_nothing_any_more(phone: Phone, village: Village) -> None:
    """Because of another version in another window; then as in a browser that has no store."""
    [ana] = village.people(1)

    phone.page.evaluate(NEWER_DATABASE)

    expect(phone.page.get_by_role("alert").filter(has_text="se actualizó en otra ventana")).to_be_visible()
    phone.type_code(ana.token)
    phone.expect_answer("not_saved", ana.name, "Anote a la persona en papel")
    assert village.scans_of(ana) == 0
    phone.page.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    phone.page.reload()
    expect(phone.page.get_by_role("heading", name="Este navegador no guarda nada")).to_be_visible()


def test_camera_reads_each_card_once_and_line_on_top_says_what_stands_before_the_server(
    phone: Phone, village: Village
) -> None:
    ana, byron = village.people(2)
    hold_a_card(phone, ana)
    phone.scan(ana.token, byron.token)
    phone.expect_count(2)
    show_what_is_on_no_list(phone)
    leave_a_camera_that_is_still_starting(phone)
    choose_another_camera(phone, village)
    phone.page.get_by_role("button", name="Apagar").click()
    say_what_stands_before_the_server(phone, village)


def hold_a_card(phone: Phone, person: Person) -> None:
    phone.scan(person.token)
    phone.expect_answer("present", person.name)
    expect(phone.page.get_by_role("button", name="Linterna")).to_be_hidden()
    start = phone.page.evaluate(HOLD)
    phone.page.wait_for_function("(t) => document.querySelector('video').currentTime > t", arg=start + 1)
    phone.expect_answer("present", person.name)
    assert len(kept(phone)) == 1


def show_what_is_on_no_list(phone: Phone) -> None:
    """White on black too, as on a phone in dark mode. A foreign code stays unread."""
    n_kept, torn = len(kept(phone)), tokens.qr_token()
    phone.scan("WIFI:S:Casa;T:WPA;P:secreto;;")
    phone.expect_answer("not_ticket", "Busque el código cuadrado")
    assert len(kept(phone)) == n_kept
    phone.scan(torn, inverted=True)
    phone.expect_answer("review", "No está en esta lista. Deje pasar a la persona.")
    expect(phone.page.locator("[data-count-text]")).to_have_text(re.compile("^2 de .* y 1 más$"))
    assert [one["event"].get("code") for one in kept(phone)[n_kept:]] == [torn]


def leave_a_camera_that_is_still_starting(phone: Phone) -> None:
    """As on a slow telephone, or while somebody thinks about the permission: it does not stay on."""
    phone.page.get_by_role("button", name="Apagar").click()
    phone.page.evaluate(STARTING)
    phone.page.get_by_role("button", name="Encender cámara").click()
    phone.page.wait_for_function("() => globalThis.open")

    phone.follow("Por fila", "filas")
    phone.page.evaluate("() => globalThis.open()")

    phone.page.wait_for_function(
        "() => opened.length && opened.every((one) => one.getTracks().every((track) => track.readyState === 'ended'))"
    )
    phone.follow("Con cámara", "marcar")


def choose_another_camera(phone: Phone, village: Village) -> None:
    """It is asked for again the next time, and its light can be turned on."""
    carla, dora = village.people(2)
    torch = phone.page.get_by_role("button", name="Linterna")
    phone.page.add_init_script(TWO_CAMERAS)
    phone.reload()
    phone.scan(carla.token)
    phone.expect_answer("present", carla.name)
    for is_on in ("true", "false"):
        torch.click()
        expect(torch).to_have_attribute("aria-pressed", is_on)
    assert phone.page.evaluate("() => light") == [True, False]
    phone.page.get_by_label("Cámara", exact=True).select_option("Trasera")
    phone.page.wait_for_function("() => asked.length === 2")
    phone.reload()
    phone.scan(dora.token)
    phone.expect_answer("present", dora.name)

    assert phone.page.evaluate("() => asked") == ["back"]
    expect(phone.page.get_by_label("Cámara", exact=True)).to_be_visible()


def say_what_stands_before_the_server(phone: Phone, village: Village) -> None:
    forget_the_phone(phone, village)
    be_puzzled_by_a_mark(phone, village)
    take_out_of_use(phone, village)


def forget_the_phone(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.expect_queue("Todo enviado")
    cookie = next(one["value"] for one in phone.context.cookies() if one["name"] == COOKIE)
    phone.context.clear_cookies()

    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    expect(phone.page.get_by_role("alert").filter(has_text="ya no conoce este teléfono")).to_be_visible()
    phone.expect_queue("1 por enviar")
    expect(phone.page.get_by_role("link", name="Preparar este teléfono")).to_be_visible()
    phone.context.add_cookies([{"name": COOKIE, "value": cookie, "url": village.origin + APP}])
    phone.send_now()

    phone.expect_queue("Todo enviado")
    expect(phone.page.locator(".account")).to_be_hidden()
    assert village.presences_of(ana) == 1


def be_puzzled_by_a_mark(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)

    def puzzled(route: Route) -> None:
        events = json.loads(route.request.post_data or "")["events"]
        results = [{"id": one["id"], "state": "malformed", "flag": "", "text": ""} for one in events]
        route.fulfill(json={"now": clock.now().isoformat(), "results": results, "device": {"revoked": True}})

    phone.context.route("**/marcar/api/marcas", puzzled)
    phone.type_code(ana.token)
    phone.expect_queue("1 marca que el servidor no entiende")
    expect(phone.page.get_by_role("alert").filter(has_text="guarde una copia")).to_be_visible()
    expect(phone.page.locator("[data-copy-now]")).to_be_visible()
    phone.context.unroute("**/marcar/api/marcas")
    phone.look_until("[data-queue] ~ [data-send][hidden]")
    phone.expect_queue("Todo enviado")
    expect(phone.page.locator("[data-copy-now]")).to_be_hidden()
    assert village.presences_of(ana) == 1


def take_out_of_use(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.context.set_offline(True)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    village.revoke(village.last_phone)
    phone.context.set_offline(False)
    phone.send_now()

    expect(phone.page.get_by_role("alert").filter(has_text="La coordinación retiró este teléfono")).to_be_visible()
    expect(phone.page.get_by_role("alert").filter(has_text="se envía y espera revisión")).to_be_visible()
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 0
    flags = village.ask("SELECT flag FROM scan_event WHERE registration_id = ?", ana.registration_id)
    assert flags == [("revoked",)]
    phone.follow("Sesiones", "inicio")
    expect(phone.page.get_by_role("alert").filter(has_text="pida que lo preparen otra vez")).to_be_visible()
    expect(phone.page.locator("[data-sessions] li")).to_have_count(0)
    expect(phone.page.get_by_text("Este teléfono no tiene sesiones.")).to_be_hidden()
    expect(phone.page.get_by_text("Listo para usar sin señal")).to_be_hidden()
    assert phone.page.evaluate(of_store("rosters", "count()")) == 0
