"""The copy of all marks: a file that only the server opens, offered where a phone cannot send or keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Locator, expect

from tests.browser.marcar import APP, Phone, Village
from tests.browser.scanner import FULL, MAKE_ROOM
from tests.database import KEY
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealedBox

SHARING = """
navigator.canShare = ({ files }) => files.length === 1;
navigator.share = async ({ files }) => { globalThis.shared = files[0].name };
"""
NOT_UNDERSTOOD = """async () => {
    const db = await new Promise((resolve) => {
        const asked = indexedDB.open('marcar');
        asked.onsuccess = () => resolve(asked.result);
    });
    const store = db.transaction('events', 'readwrite').objectStore('events');
    const event = { id: 'x', kind: 'dance', at: Date.now(), seq: 99, how: 'button' };
    store.put({ id: 'x', scope: '', waiting: 1, event });
    await new Promise((resolve) => { store.transaction.oncomplete = resolve });
    db.close();
}"""


TELL_OF_DELETION = """() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...asked) {
        this.addEventListener('close', () => { document.body.dataset.taken = '' });
        return transaction.apply(this, asked);
    };
}"""


def saved(phone: Phone, button: Locator) -> Download:
    with phone.page.expect_download() as waiting:
        button.click()
    return waiting.value


def content_of(file: Path) -> dict[str, Any]:
    envelope = json.loads(file.read_text())
    box = SealedBox(Keyring([KEY]))
    opened: dict[str, Any] = json.loads(box.open(envelope["sealed"], f"backup|{envelope['device']}"))
    return opened


def test_copy_holds_every_mark_and_is_offered_where_one_is_lost(phone: Phone, village: Village) -> None:
    say_where_it_goes(phone, village)
    phone.context.set_offline(False)
    phone.to_door()
    offer_it(phone, village)
    lose_the_store(phone, village)


def say_where_it_goes(phone: Phone, village: Village) -> None:
    ana, byron = village.people(2)
    phone.page.evaluate(f"() => {{ {SHARING} }}")
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    phone.send_now()
    phone.expect_queue("Todo enviado")
    phone.context.set_offline(True)
    phone.type_code(byron.short_code)
    phone.expect_answer("present")
    phone.follow("Sesiones", "inicio")
    phone.page.locator(".about summary").click()

    file = saved(phone, phone.page.locator(".about [data-backup]"))

    assert file.suggested_filename.startswith("marcas-telefono-")
    assert file.suggested_filename.endswith(".json")
    copy = content_of(Path(file.path()))
    assert [(event["kind"], event["seq"]) for event in copy["events"]] == [("in", 1), ("in", 2)]
    assert abs(copy["offset"]) < 10_000
    note = phone.page.locator("[data-copy]")
    expect(note).to_contain_text(f"Copia guardada como {file.suggested_filename}")
    expect(note).to_contain_text("solo la ventanilla puede abrirla")
    note.get_by_role("button", name="Enviar la copia").click()
    phone.page.wait_for_function("() => globalThis.shared")
    assert phone.page.evaluate("() => globalThis.shared") == file.suggested_filename
    note.get_by_role("button", name="Entendido").click()
    expect(note).to_be_hidden()


def offer_it(phone: Phone, village: Village) -> None:
    """Where a mark is lost, or not understood."""
    [carla] = village.people(1)
    phone.page.evaluate(NOT_UNDERSTOOD)
    phone.send_now()
    phone.expect_queue("1 marca que el servidor no entiende")
    file = saved(phone, phone.page.locator("[data-copy-now]"))
    assert [event["kind"] for event in content_of(Path(file.path()))["events"]] == ["in", "in", "dance"]

    phone.page.evaluate(FULL)
    phone.type_code(carla.short_code)
    phone.expect_answer("not_saved")
    file = saved(phone, phone.page.locator(".keys [data-backup]"))
    assert len(content_of(Path(file.path()))["events"]) == 3

    phone.page.locator(".more summary").click()
    phone.follow("Acompañantes", "acompanantes")
    phone.page.get_by_role("button", name="Una persona más").click()
    expect(phone.page.get_by_role("alert").filter(has_text="NO SE GUARDÓ")).to_be_visible()
    expect(phone.page.locator("[data-number-of-heads]")).to_have_text("0")
    saved(phone, phone.page.locator("main [data-backup]"))


def lose_the_store(phone: Phone, village: Village) -> None:
    """The browser deletes it under the open page: that is said, and nothing is kept in another."""
    phone.page.evaluate(MAKE_ROOM)
    phone.visit("marcar", village.made["session"])
    ana, byron = village.people(2)
    phone.context.set_offline(True)
    phone.page.evaluate(TELL_OF_DELETION)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    cleared = {"origin": village.origin, "storageTypes": "indexeddb"}
    phone.context.new_cdp_session(phone.page).send("Storage.clearDataForOrigin", cleared)
    expect(phone.page.locator("body[data-taken]")).to_be_visible()

    phone.type_code(byron.short_code)

    phone.expect_answer("not_saved", "NO SE GUARDÓ", "borró")
    expect(phone.page.locator("[data-account]")).to_contain_text(
        "El navegador borró las marcas que guardaba este teléfono"
    )
    phone.expect_queue("")
    phone.expect_count(3)
    copy = content_of(Path(saved(phone, phone.page.locator("[data-copy-now]")).path()))
    n = len(copy["events"])
    assert [event["kind"] for event in copy["events"]].count("in") == 3
    expect(phone.page.locator("[data-copy]")).to_contain_text(f"las marcas que esta página todavía recuerda ({n})")
    assert phone.page.evaluate("() => indexedDB.databases()") == []

    # Left before the signal is back: this page could only complain of what it hears then.
    phone.page.goto("about:blank")
    # What it does every few seconds may have met the store as it was taken away.
    phone.complaints[:] = [one for one in phone.complaints if "IDBDatabase" not in one]
    phone.context.set_offline(False)
    phone.page.goto(village.origin + APP)
    phone.expect_ready()
    phone.to_door()
    phone.type_code(byron.short_code)
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")
    expect(phone.page.locator("[data-account]")).to_be_hidden()
    assert (village.scans_of(ana), village.scans_of(byron)) == (0, 1)
