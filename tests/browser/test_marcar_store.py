"""The browser deletes the phone's store under an open page. What else it does to it: `phone/store.test.mjs`."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.marcar import Phone, Village
from tests.browser.test_marcar_copy import content_of, saved

TELL_OF_DELETION = """() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...asked) {
        this.addEventListener('close', () => { document.body.dataset.taken = '' });
        return transaction.apply(this, asked);
    };
}"""


def test_store_that_is_deleted_under_the_page_then_it_says_so_and_keeps_nothing_in_another(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    ana, byron = village.people(2)
    pocket.set_offline(True)
    phone.page.evaluate(TELL_OF_DELETION)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    cleared = {"origin": village.origin, "storageTypes": "indexeddb"}
    pocket.new_cdp_session(phone.page).send("Storage.clearDataForOrigin", cleared)
    expect(phone.page.locator("body[data-taken]")).to_be_visible()

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
    assert phone.page.evaluate("() => indexedDB.databases()") == []

    _begin_anew(phone)
    phone.type_code(byron.short_code)
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")
    expect(phone.page.locator("[data-account]")).to_be_hidden()
    assert (village.scans_of(ana), village.scans_of(byron)) == (0, 1)


def _begin_anew(phone: Phone) -> None:
    """Left before the signal is back: this page could only complain of what it hears then."""
    phone.page.goto(f"{phone.village.origin}/marcar/")
    phone.context.set_offline(False)
    phone.reload()
    phone.expect_ready()
    phone.to_door()
