"""The scan app at a door: what is scanned or typed is answered in colour, words and sound, and can be taken back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.marcar import Phone, Village, of_store, opened
from tests.browser.scanner import wait_until
from trainings import clock
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
FULL = """() => {
    IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') };
}"""
NEWER_DATABASE = "() => new Promise((done) => { indexedDB.open('marcar', 99).onsuccess = () => done(true) })"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
EVENTS = of_store("events", "getAll()")
MUTED = of_store("meta", "get('muted')")
MARK_WHILE_READING = """async () => {
    const { Book } = await import('/static/js/marcar/book.js');
    let answer;
    const asked = new Promise((ask) => { answer = ask; });
    let give;
    const given = new Promise((resolve) => { give = resolve; });
    const store = { roster: async () => null, of: () => { answer(); return given; } };
    const book = new Book({ id: 's', training: 't' });
    const reading = book.read(store);
    await asked;
    book.add({ id: 'made', kind: 'in', h: 'b', seq: 2 });
    give([{ event: { id: 'read', kind: 'in', h: 'a', seq: 1 } }]);
    await reading;
    return book.events.map(({ id }) => id);
}"""
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
HOLD = "() => document.querySelector('video').currentTime"


def kept(phone: Phone) -> list[dict[str, Any]]:
    return sorted(phone.page.evaluate(EVENTS), key=lambda one: int(one["event"]["seq"]))


def said(phone: Phone) -> tuple[str, str]:
    """Colour and role of the answer on the screen."""
    place = "[...document.querySelectorAll('.answer [role] .result')][0]"
    color = phone.page.evaluate(f"() => getComputedStyle({place}).backgroundColor")
    return color, phone.page.evaluate(f"() => {place}.parentElement.getAttribute('role')")


def test_five_answers_differ_in_colour_icon_word_sound_and_vibration(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    telma, last = village.waiting(), village.waiting(1)
    phone.page.evaluate(LISTEN)
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

    assert [role for _color, role, *_more in seen] == ["status", "status", "status", "alert", "alert"]
    for differing in (0, 2, 3):
        assert len({one[differing] for one in seen}) == 5
    assert all("note" in one[3] and "vibration" in one[3] for one in seen)
    phone.expect_queue("Todo enviado")
    assert (village.presences_of(ana), village.presences_of(telma), village.scans_of(last)) == (1, 1, 0)


def test_foreign_codes_are_refused_and_stay_on_the_phone(phone: Phone) -> None:
    phone.scan("WIFI:S:Casa;T:WPA;P:secreto;;")

    phone.expect_answer("not_ticket", "Busque el código cuadrado")
    assert kept(phone) == []


def test_ticket_that_the_list_does_not_know_travels_whole(phone: Phone, village: Village) -> None:
    stranger, torn = village.made["stranger"], tokens.qr_token()

    phone.scan(f"HTTPS://CAPACITA.EXAMPLE/C/{stranger}")
    phone.expect_answer("review", "No está en esta lista. Deje pasar a la persona.")
    phone.scan(torn, inverted=True)
    expect(phone.page.locator("[data-count-text]")).to_have_text(re.compile("^0 de .* y 2 más$"))
    phone.expect_queue("Todo enviado")

    assert [(one["event"]["known"], one["event"]["code"]) for one in kept(phone)] == [(False, stranger), (False, torn)]
    flags = village.ask("SELECT flag FROM scan_event WHERE flag IN ('other_training', 'unknown_code') ORDER BY flag")
    assert flags == [("other_training",), ("unknown_code",)]


def test_card_held_before_the_camera_is_one_mark(phone: Phone, village: Village) -> None:
    ana, byron = village.people(2)
    phone.scan(ana.token)
    phone.expect_answer("present", ana.name)

    start = phone.page.evaluate(HOLD)
    phone.page.wait_for_function("(t) => document.querySelector('video').currentTime > t", arg=start + 4)

    phone.expect_answer("present", ana.name)
    assert len(kept(phone)) == 1
    phone.scan(ana.token, byron.token)
    phone.expect_count(2)


def test_mark_is_taken_back_and_names_show_only_after_a_tap(phone: Phone, village: Village) -> None:
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
    phone.reload()
    recent.get_by_text("Últimas marcas").click()
    [(row,)] = village.ask("SELECT number FROM sheet_row WHERE registration_id = ?", byron.registration_id)
    expect(recent.locator("li").first).to_contain_text(f"Fila {row} Deshecho")
    expect(phone.page.locator("body")).not_to_contain_text(ana.name)


def test_undo_of_one_of_two_marks_leaves_the_person_here_and_says_so(phone: Phone, village: Village) -> None:
    """Marked by mistake, and then they came."""
    [ana] = village.people(1)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.type_code(ana.token)
    phone.expect_answer("already", ana.name)
    recent = phone.page.locator("[data-recent]")
    recent.get_by_text("Últimas marcas").click()

    phone.look_away()
    recent.get_by_role("button", name=f"Deshacer: {ana.name}").last.click()
    phone.expect_answer("undone", "Sigue presente por otra marca de este teléfono")
    phone.expect_count(1)
    phone.look_away()
    recent.get_by_role("button", name=f"Deshacer: {ana.name}").click()
    phone.expect_answer("undone", "Esa marca ya no cuenta.")
    phone.expect_count(0)

    phone.expect_queue("Todo enviado")
    assert (village.scans_of(ana), village.presences_of(ana)) == (4, 0)


def test_scanner_with_a_cable_types_wherever_the_focus_is(phone: Phone, village: Village) -> None:
    [ana], cameras = village.people(1), phone.page.locator("[data-choice]")
    cameras.evaluate("(one) => { one.hidden = false }")

    for focused, answer in ((phone.page.locator("h1"), "present"), (cameras, "already")):
        phone.look_away()
        focused.focus()
        expect(focused).to_be_focused()
        phone.type_by_cable(ana.token)
        phone.expect_answer(answer, ana.name)
        expect(phone.page.get_by_label("Código del boleto")).to_have_value("")


def test_camera_that_is_still_starting_when_it_is_left_does_not_stay_on(phone: Phone, village: Village) -> None:
    """As on a slow telephone, or while somebody thinks about the permission."""
    phone.page.evaluate(
        """() => {
            const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            globalThis.opened = [];
            navigator.mediaDevices.getUserMedia = async (wanted) => {
                await new Promise((done) => { globalThis.open = done });
                opened.push(await open(wanted));
                return opened.at(-1);
            };
        }"""
    )
    phone.page.get_by_role("button", name="Encender cámara").click()
    phone.page.wait_for_function("() => globalThis.open")

    phone.follow("Por fila", "filas")
    phone.page.evaluate("() => globalThis.open()")

    phone.page.wait_for_function(
        "() => opened.length && opened.every((one) => one.getTracks().every((track) => track.readyState === 'ended'))"
    )


def test_code_is_read_however_it_is_typed_and_opens_no_name(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)

    phone.type_code(f" {tokens.show_short_code(ana.short_code).lower().replace('0', 'o').replace('1', 'l')} ")

    phone.expect_answer("present", "Código aceptado", tokens.show_short_code(ana.short_code))
    expect(phone.page.locator("body")).not_to_contain_text(ana.name)
    [mark] = kept(phone)
    assert set(mark["event"]) == {
        "id",
        "kind",
        "session",
        "at",
        "perf",
        "page",
        "seq",
        "how",
        "h",
        "known",
        "roster",
        "app",
    }
    assert mark["event"]["h"] == tokens.digest(ana.token, "qr")[:24]


def test_silence_is_remembered(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.page.get_by_role("button", name="Sin sonido").click()
    wait_until(phone.page, MUTED)
    phone.reload()
    phone.page.evaluate(LISTEN)
    expect(phone.page.get_by_role("button", name="Sin sonido")).to_have_attribute("aria-pressed", "true")

    phone.type_code(ana.token)
    phone.expect_answer("present")

    assert {kind for kind, _what in phone.page.evaluate(SIGNALS)} == {"vibration"}


def test_revoked_phone_says_so_and_what_it_sends_waits(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.context.set_offline(True)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    village.revoke(village.last_phone)
    phone.context.set_offline(False)
    phone.send_now()

    expect(phone.page.get_by_role("alert").filter(has_text="La coordinación retiró este teléfono")).to_be_visible()
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 0
    assert village.ask("SELECT flag FROM scan_event WHERE flag = 'revoked'") == [("revoked",)]
    phone.reload()
    expect(phone.page.get_by_role("alert").filter(has_text="pida que lo preparen otra vez")).to_be_visible()
    expect(phone.page.locator("[data-sessions] li")).to_have_count(0)
    expect(phone.page.get_by_text("Este teléfono no tiene sesiones.")).to_be_hidden()
    expect(phone.page.get_by_text("Listo para usar sin señal")).to_be_hidden()
    assert phone.page.evaluate(of_store("rosters", "count()")) == 0


def test_mark_that_the_server_does_not_understand_stays_here_until_it_does(phone: Phone, village: Village) -> None:
    ana, byron = village.people(2)
    line = "1 marca que el servidor no entiende"

    def puzzled(route: Route) -> None:
        events = json.loads(route.request.post_data or "")["events"]
        results = [{"id": one["id"], "state": "malformed", "flag": "", "text": ""} for one in events]
        route.fulfill(json={"now": clock.now().isoformat(), "results": results, "device": {"revoked": False}})

    def tried_again_by(act: Callable[[], object]) -> list[str]:
        """Which marks are sent by that."""
        phone.context.unroute("**/marcar/api/marcas")
        phone.context.route("**/marcar/api/marcas", puzzled)
        with phone.page.expect_response("**/marcar/api/marcas") as answered:
            act()
        phone.expect_queue(line)
        return [one["id"] for one in json.loads(answered.value.request.post_data or "")["events"]]

    phone.context.route("**/marcar/api/marcas", puzzled)
    phone.type_code(ana.token)
    phone.expect_queue(line)
    phone.context.unroute("**/marcar/api/marcas")
    with phone.page.expect_request("**/marcar/api/marcas") as sent:
        phone.type_code(byron.token)
    phone.expect_answer("present", byron.name)
    phone.expect_queue(line)
    assert json.loads(sent.value.post_data or "")["n_unsent"] == 1, "what is not understood is kept back, too"
    [first, _second] = kept(phone)
    assert [village.presences_of(one) for one in (ana, byron)] == [0, 1]

    assert tried_again_by(phone.send_now) == [first["id"]]
    assert tried_again_by(phone.reload) == [first["id"]]
    phone.context.unroute("**/marcar/api/marcas")
    phone.send_now()
    phone.expect_queue("Todo enviado")
    assert [village.presences_of(one) for one in (ana, byron)] == [1, 1]


def test_marks_that_arrived_leave_the_phone_when_the_list_expires(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.type_code(ana.token)
    phone.expect_answer("present", ana.name)
    phone.expect_queue("Todo enviado")
    assert len(kept(phone)) == 1

    over = (clock.now() - timedelta(hours=13)).isoformat()

    def later(route: Route, **times: str) -> None:
        answer = route.fetch()
        body = answer.json()
        body["sessions"] = [{**one, **times} for one in body["sessions"]]
        route.fulfill(response=answer, json=body)

    phone.context.route("**/marcar/api/estado", lambda route: later(route, ends=over))
    phone.follow("Sesiones", "inicio")
    phone.look_until("[data-sessions] [data-state=over]")
    expect(phone.page.locator("[data-sessions] .state")).to_have_text("Terminó")
    assert len(kept(phone)) == 1, "a backup that is put in place may be older"

    phone.context.route("**/marcar/api/estado", lambda route: later(route, ends=over, roster_until=over))
    # An earlier question may be under way.
    wait_until(phone.page, f"async () => {{ {LOOK}; return (await ({EVENTS})()).length === 0; }}")
    assert village.presences_of(ana) == 1


def test_other_version_in_another_window_is_told_and_nothing_turns_green(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)

    phone.page.evaluate(NEWER_DATABASE)

    expect(phone.page.get_by_role("alert").filter(has_text="se actualizó en otra ventana")).to_be_visible()
    phone.type_code(ana.token)
    phone.expect_answer("not_saved", ana.name, "Anote a la persona en papel")
    assert village.scans_of(ana) == 0


def test_mark_made_while_the_marks_are_read_is_not_forgotten(phone: Phone) -> None:
    assert phone.page.evaluate(MARK_WHILE_READING) == ["read", "made"]


def test_browser_that_keeps_nothing_says_so(pocket: BrowserContext, village: Village) -> None:
    pocket.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")

    phone = opened(pocket, village, cookie=village.phone())

    expect(phone.page.get_by_role("heading", name="Este navegador no guarda nada")).to_be_visible()


def test_camera_that_was_chosen_is_asked_for_again_and_its_light_can_be_turned_on(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    ana, byron = village.people(2)
    torch = phone.page.get_by_role("button", name="Linterna")
    phone.scan(None)
    expect(phone.page.get_by_role("button", name="Apagar")).to_be_visible()
    expect(torch).to_be_hidden()
    pocket.add_init_script(TWO_CAMERAS)
    phone.reload()
    phone.scan(ana.token)
    phone.expect_answer("present", ana.name)
    for is_on in ("true", "false"):
        torch.click()
        expect(torch).to_have_attribute("aria-pressed", is_on)
    assert phone.page.evaluate("() => light") == [True, False]
    phone.page.get_by_label("Cámara", exact=True).select_option("Trasera")
    phone.page.wait_for_function("() => asked.length === 2")
    phone.reload()
    phone.scan(byron.token)
    phone.expect_answer("present", byron.name)

    assert phone.page.evaluate("() => asked") == ["back"]
    expect(phone.page.get_by_label("Cámara", exact=True)).to_be_visible()
