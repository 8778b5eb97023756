"""The scan app without signal, in two windows, killed: no mark is lost, none counts twice. On failing lines: `wire`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, Request

from tests.browser.marcar import Phone, Village, at_door, opened
from tests.browser.scanner import PHONE
from tests.browser_setup import on_path


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
    # What either tried without a signal went nowhere; what goes out as the signal comes may be told as such a try.
    assert len([request for request in sent if request.failure != "net::ERR_INTERNET_DISCONNECTED"]) <= 1
    assert [village.scans_of(person) for person in (ana, byron)] == [1, 1]


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
