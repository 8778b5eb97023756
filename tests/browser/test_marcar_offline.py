"""The scan app without signal, on a failing line, killed, in two windows, full: no mark is lost, none counts twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, Request, Route, expect

from tests.browser.marcar import APP, Phone, Village, at_door, of_store, opened
from tests.browser.scanner import HASTEN, LOOK_EVERY_MS, PATIENCE_MS, PHONE, wait_until
from tests.browser_setup import on_path
from trainings import clock
from trainings.attendance.device_cookie import COOKIE
from trainings.lib import tokens

FULL = """() => {
    IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') };
}"""

# As which it is prepared a phone hears from the server, also where it is ready by what it kept. It notes that last.
BEGAN_WITH = f"""async (number) => {{
    const first = await ({of_store("meta", "get('first')")})();
    const said = await ({of_store("meta", "get('estado')")})();
    return first?.number === number && said?.device.id === first.device;
}}"""
FORGET_THE_FIRST = """() => new Promise((done) => {
    indexedDB.open('marcar').onsuccess = ({ target: { result: db } }) => {
        const transaction = db.transaction('meta', 'readwrite');
        transaction.objectStore('meta').delete('first');
        transaction.oncomplete = () => { db.close(); done(); };
    };
})"""


@pytest.fixture
def second(cameras: Browser, village: Village) -> Iterator[Phone]:
    """Another phone at the same door."""
    context = cameras.new_context(viewport=PHONE, locale="es-GT")
    yield at_door(context, village)
    context.close()


def test_app_opens_offline_and_marks_once(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.context.set_offline(True)
    phone.reload()

    phone.scan(ana.token)
    phone.expect_answer("present", ana.name)
    phone.expect_queue("Sin señal. 1 por enviar")
    phone.reload()
    phone.scan(ana.token)
    phone.expect_answer("already", ana.name)

    phone.expect_count(1)
    phone.expect_queue("Sin señal. 2 por enviar")
    assert village.scans_of(ana) == 0
    phone.context.set_offline(False)
    phone.send_now()
    phone.expect_queue("Todo enviado")
    assert (village.scans_of(ana), village.presences_of(ana)) == (2, 1)


def test_server_that_is_restored_from_a_backup_gets_back_the_marks_that_it_lost(phone: Phone, village: Village) -> None:
    ana, beto, carla = village.people(3)
    for person in (ana, beto):
        phone.type_code(person.short_code)
        phone.expect_answer("present")
    phone.expect_queue("Todo enviado")
    village.restore([ana, beto])
    assert [village.presences_of(one) for one in (ana, beto)] == [0, 0]

    phone.type_code(carla.short_code)
    phone.expect_answer("present")

    give_up_at = time.monotonic() + PATIENCE_MS / 1000
    while not all(village.scans_of(one) for one in (ana, beto, carla)):
        assert time.monotonic() < give_up_at
        phone.page.wait_for_timeout(LOOK_EVERY_MS)
    phone.expect_queue("Todo enviado")
    assert [village.scans_of(one) for one in (ana, beto, carla)] == [1, 1, 1]
    assert [village.presences_of(one) for one in (ana, beto, carla)] == [1, 1, 1]


def test_lost_answer_after_the_server_stored_counts_once(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    with village.fault("lost"):
        phone.type_code(ana.short_code)
        phone.expect_answer("present", "Código aceptado")
        phone.expect_queue("El servidor no contesta. 1 por enviar")
        assert (village.scans_of(ana), village.presences_of(ana)) == (1, 1)

    phone.send_now()

    phone.expect_queue("Todo enviado")
    assert (village.scans_of(ana), village.presences_of(ana)) == (1, 1)


def test_two_phones_without_signal_count_a_person_once(phone: Phone, second: Phone, village: Village) -> None:
    [ana] = village.people(1)
    for one in (phone, second):
        one.page.context.set_offline(True)
    phone.scan(ana.token)
    phone.expect_answer("present", ana.name)
    second.type_code(tokens.show_short_code(ana.short_code).lower())
    second.expect_answer("present", "Código aceptado")
    expect(second.page.locator("body")).not_to_contain_text(ana.name)

    for one in (phone, second):
        one.page.context.set_offline(False)
        one.send_now()
        one.expect_queue("Todo enviado")

    assert (village.scans_of(ana), village.presences_of(ana)) == (2, 1)


def test_phone_that_nobody_knows_keeps_its_marks(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
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


def test_one_bad_mark_in_a_batch_holds_up_no_other(phone: Phone, village: Village) -> None:
    people = village.people(3)
    phone.context.set_offline(True)
    for person in people:
        phone.type_code(person.short_code)
        phone.expect_answer("present", tokens.show_short_code(person.short_code))
    phone.context.set_offline(False)

    with village.fault("refused"):
        phone.send_now()
        phone.expect_queue("Todo enviado")

    assert [village.presences_of(person) for person in people] == [1, 1, 1]


def test_what_others_answer_for_the_server_puts_no_mark_aside(phone: Phone, village: Village) -> None:
    def proxy(status: int) -> Callable[[Route], None]:
        return lambda route: route.fulfill(status=status, body="<h1>Proxy</h1>")

    phone.page.evaluate(HASTEN)
    for status, person in zip((403, 404, 500), village.people(3), strict=True):
        phone.context.route("**/marcar/api/marcas", proxy(status))
        phone.type_code(person.token)
        phone.expect_answer("present", person.name)
        phone.expect_queue("El servidor no contesta. 1 por enviar")

        phone.context.unroute("**/marcar/api/marcas")
        phone.expect_queue("Todo enviado")
        assert village.presences_of(person) == 1


def test_mark_that_can_never_be_sent_stays_and_holds_up_no_other(phone: Phone, village: Village) -> None:
    ana, byron, candelaria = village.people(3)
    poison = tokens.digest(ana.token, "qr")[:24]

    def refuse(route: Route) -> None:
        if poison in (route.request.post_data or ""):
            route.fulfill(status=400, json={"code": "unreadable_request"})
        else:
            route.continue_()

    phone.context.set_offline(True)
    for person in (ana, byron, candelaria):
        phone.type_code(person.token)
        phone.expect_answer("present", person.name)
    phone.context.route("**/marcar/api/marcas", refuse)
    phone.context.set_offline(False)
    phone.send_now()

    phone.expect_queue("1 marca que el servidor no entiende")
    assert [village.presences_of(one) for one in (ana, byron, candelaria)] == [0, 1, 1]
    phone.context.unroute("**/marcar/api/marcas")
    phone.send_now()
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 1


def test_phone_whose_storage_was_emptied_goes_on_numbering_where_it_was(
    phone: Phone, cameras: Browser, village: Village
) -> None:
    """As which phone it began with which number, it says too: what never came from there on is missed. Prepared by a
    program that did not note that, it says nothing: what came before would not be missed any more.
    """
    ana, byron, carla, dora = people = village.people(4)
    phone.type_code(ana.token)
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")

    with cameras.new_context(viewport=PHONE, locale="es-GT") as emptied:
        for number, one, cookie in ((2, byron, village.last_phone), (3, carla, village.phone())):
            again = at_door(emptied, village, cookie)
            wait_until(again.page, BEGAN_WITH, arg=number)
            again.type_code(one.token)
            again.expect_answer("present")
            again.expect_queue("Todo enviado")
            # Left open, it would hear and note as which one this phone is prepared next.
            again.page.close()
        # Another phone to the server, it tells all that it keeps once more: not before it forgot where it began.
        emptied.route("**/marcar/api/marcas", lambda route: route.abort())
        updated = at_door(emptied, village, village.phone())
        wait_until(updated.page, BEGAN_WITH, arg=4)
        updated.page.evaluate(FORGET_THE_FIRST)
        emptied.unroute("**/marcar/api/marcas")
        updated.reload()
        updated.type_code(dora.token)
        updated.expect_answer("present")
        updated.expect_queue("Todo enviado")

    question = (
        "SELECT e.seq, d.first_seq FROM scan_event e JOIN device d ON d.id = e.phone_id WHERE e.registration_id = ?"
    )
    assert [village.ask(question, one.registration_id) for one in people] == [[(1, 1)], [(2, 1)], [(3, 3)], [(4, None)]]


def test_clock_a_month_ahead_marks_at_the_true_time(pocket: BrowserContext, village: Village) -> None:
    [ana] = village.people(1)
    now = clock.now()
    pocket.clock.set_system_time(now + timedelta(days=30))

    phone = at_door(pocket, village)
    phone.type_code(ana.token)

    phone.expect_answer("present", ana.name)
    phone.expect_queue("Todo enviado")
    [(at, flag)] = village.ask("SELECT at, flag FROM scan_event WHERE registration_id = ?", ana.registration_id)
    assert abs(datetime.fromisoformat(at) - now) < timedelta(minutes=5)
    assert (flag, village.presences_of(ana)) == ("clock", 1)


def test_two_windows_send_each_mark_once(phone: Phone, village: Village) -> None:
    ana, byron = village.people(2)
    other = opened(phone.context, village)
    other.to_door()
    phone.context.set_offline(True)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    other.type_code(byron.short_code)
    other.expect_answer("present")
    other.expect_count(2)
    phone.expect_count(2)
    sent: list[Request] = []
    phone.context.on("request", lambda request: sent.append(request) if request.url.endswith("/marcas") else None)

    phone.context.set_offline(False)
    for one in (phone, other):
        one.send_now()

    for one in (phone, other):
        one.expect_queue("Todo enviado")
    # What either tried without a signal went nowhere; an answer that is read to its end may count as broken off.
    assert len([request for request in sent if request.failure != "net::ERR_INTERNET_DISCONNECTED"]) == 1
    assert [village.scans_of(person) for person in (ana, byron)] == [1, 1]


def test_full_phone_says_so_loudly_and_counts_nobody(phone: Phone, village: Village) -> None:
    [ana] = village.people(1)
    phone.page.evaluate(FULL)

    phone.scan(ana.token)

    phone.expect_answer("not_saved", "NO SE GUARDÓ", ana.name, "está lleno")
    expect(phone.page.locator(".answer [role=alert]")).to_contain_text("NO SE GUARDÓ")
    phone.expect_count(0)
    phone.expect_queue("Todo enviado")
    assert village.scans_of(ana) == 0


@pytest.mark.proof  # the village kills a phone too
def test_killed_right_after_green_still_has_the_mark(playwright: Playwright, village: Village, tmp_path: Path) -> None:
    [ana] = village.people(1)

    def open_again() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=on_path(), args=["--no-sandbox"], viewport=PHONE, locale="es-GT"
        )

    first = open_again()
    cookie = village.phone()
    phone = at_door(first, village, cookie)
    first.set_offline(True)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    kill_browser(tmp_path)

    context = open_again()
    context.set_offline(True)
    # The browser itself had not written the cookie of a second ago to the disk.
    again = opened(context, village, cookie=cookie)

    again.expect_queue("Sin señal. 1 por enviar")
    context.set_offline(False)
    again.send_now()
    again.expect_queue("Todo enviado")
    context.close()
    assert village.presences_of(ana) == 1


def kill_browser(profile: Path) -> None:
    """As when the battery is pulled out: its main process is the one that names the folder and no type."""
    running = commands_with(profile)
    for process, command in running.items():
        if not any(part.startswith("--type=") for part in command):
            os.kill(process, signal.SIGKILL)
    # The others end by themselves once they notice, and until then may hold what the next one opens.
    while commands_with(profile):
        time.sleep(0.05)


def commands_with(profile: Path) -> dict[int, list[str]]:
    """The processes of the browser with this profile."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}" in command:
            found[int(folder.name)] = command
    return found
