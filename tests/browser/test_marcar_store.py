"""What the browser does to the phone's store under an open page: takes it away, deletes it, fails to answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.marcar import Person, Phone, Village, of_store, opened
from tests.browser.test_marcar_copy import content_of, saved

# As iOS does while a page is in the background: what is under way still ends, nothing new begins.
TAKE_STORE = """() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...asked) {
        const begun = transaction.apply(this, asked);
        if (!('taken' in document.body.dataset)) begun.addEventListener('complete', () => {
            this.close();
            document.body.dataset.taken = '';
        });
        return begun;
    };
}"""
TELL_OF_DELETION = """() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...asked) {
        this.addEventListener('close', () => { document.body.dataset.taken = '' });
        return transaction.apply(this, asked);
    };
}"""
# As a program left it that gave its store no name.
UNNAMED = """() => new Promise((done) => {
    indexedDB.open('marcar').onsuccess = ({ target: { result: db } }) => {
        const begun = db.transaction('meta', 'readwrite');
        begun.objectStore('meta').delete('name');
        begun.oncomplete = () => { db.close(); done() };
    };
})"""
# Of what is written to more than one part, that is: of marks.
LOSE_ANSWER = """() => {
    const { transaction } = IDBDatabase.prototype;
    let isLost = false;
    IDBDatabase.prototype.transaction = function (...asked) {
        const begun = transaction.apply(this, asked);
        if (isLost || !Array.isArray(asked[0])) return begun;
        isLost = true;
        begun.addEventListener('complete', (event) => {
            event.stopImmediatePropagation();
            Object.defineProperty(begun, 'error', { value: new DOMException('lost', 'UnknownError') });
            begun.onabort(event);
        });
        return begun;
    };
}"""
BREAK = """() => {
    globalThis.n_open = 1;
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (...asked) {
        const request = open.apply(this, asked);
        request.addEventListener('success', () => { globalThis.n_open += 1 });
        return request;
    };
    const { close } = IDBDatabase.prototype;
    const closed = new Set();
    IDBDatabase.prototype.close = function () {
        if (!closed.has(this)) globalThis.n_open -= 1;
        closed.add(this);
        return close.apply(this);
    };
    IDBDatabase.prototype.transaction = () => { throw new DOMException('broken', 'UnknownError') };
}"""
ITS_NAME = of_store("meta", "get('name')")


def test_store_that_the_browser_takes_away_is_opened_again_and_nobody_is_lost(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.page.evaluate(UNNAMED)
    phone.reload()
    name = phone.page.evaluate(ITS_NAME)
    phone.page.evaluate(TAKE_STORE)
    phone.page.get_by_role("button", name="Sin sonido").click()

    expect(phone.page.locator("body[data-taken]")).to_be_visible()
    phone.type_code(ana.short_code)

    _is_kept_once(phone, ana)
    assert name, "a store without a name is given one"
    assert phone.page.evaluate(ITS_NAME) == name


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_store_that_is_deleted_under_the_page_then_it_says_so_and_keeps_nothing_in_another(
    phone: Phone, pocket: BrowserContext, village: Village, is_made_anew: bool
) -> None:
    ana, byron = village.people(2)
    pocket.set_offline(True)
    phone.page.evaluate(TELL_OF_DELETION)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    cleared = {"origin": village.origin, "storageTypes": "indexeddb"}
    pocket.new_cdp_session(phone.page).send("Storage.clearDataForOrigin", cleared)
    expect(phone.page.locator("body[data-taken]")).to_be_visible()
    if is_made_anew:
        opened(pocket, village)

    phone.type_code(byron.short_code)

    phone.expect_answer("not_saved", "NO SE GUARDÓ", "borró")
    expect(phone.page.locator("[data-account]")).to_contain_text(
        "El navegador borró las marcas que guardaba este teléfono"
    )
    phone.expect_queue("")
    phone.expect_count(1)
    copy = content_of(Path(saved(phone, phone.page.locator("[data-copy-now]")).path()))
    assert [(event["kind"], event["seq"]) for event in copy["events"]] == [("in", 1)]
    expect(phone.page.locator("[data-copy]")).to_contain_text("las marcas que esta página todavía recuerda (1)")
    if is_made_anew:
        assert phone.page.evaluate(of_store("events", "count()")) == 0
    else:
        assert phone.page.evaluate("() => indexedDB.databases()") == []

    _begin_anew(phone)
    phone.type_code(byron.short_code)
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")
    expect(phone.page.locator("[data-account]")).to_be_hidden()
    assert (village.scans_of(ana), village.scans_of(byron)) == (0, 1)


def _is_kept_once(phone: Phone, person: Person) -> None:
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")
    phone.reload()
    phone.expect_count(1)
    assert phone.village.scans_of(person) == 1


def _begin_anew(phone: Phone) -> None:
    """Left before the signal is back: this page could only complain of what it hears then."""
    phone.page.goto(f"{phone.village.origin}/marcar/")
    phone.context.set_offline(False)
    phone.reload()
    phone.expect_ready()
    phone.to_door()


def test_mark_that_is_on_the_disk_although_the_browser_failed_to_say_so_then_it_is_kept_once(
    phone: Phone, village: Village
) -> None:
    [ana] = village.people(1)
    phone.page.evaluate(LOSE_ANSWER)

    phone.type_code(ana.short_code)

    _is_kept_once(phone, ana)


def test_store_that_stays_broken_then_it_is_said_and_no_connection_is_left_behind(
    phone: Phone, village: Village
) -> None:
    phone.page.evaluate(BREAK)

    for person in village.people(3):
        phone.type_code(person.short_code)
        phone.expect_answer("not_saved", "NO SE GUARDÓ")

    assert phone.page.evaluate("() => globalThis.n_open") <= 1
