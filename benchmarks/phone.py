"""The scan app on a slow phone: from the picture of a card to green, and the opening of a long queue.

python benchmarks/phone.py [CARDS]

Real Chromium, its processor held to a sixth, before a camera that shows one card after another; the program comes from
a real server and is then without signal. From the moment a picture is looked at until green was drawn: reading the
code, opening the name, the mark on the disk. Beside it the reader alone on the same pictures, and an opening with an
empty queue. Then what a phone fetches before it is ready, packed with Brotli.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx2
from _servers import environment, free_port, started
from _worlds import make_hub, make_training
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from trainings import clock, db
from trainings.attendance.device_access import COOKIE, device_digest
from trainings.attendance.models import Device, DeviceSession
from trainings.attendance.phones import shell
from trainings.audit.actor import PROGRAM
from trainings.lib import qr, tokens
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Settings

SLOWER, PEOPLE, QUEUE, OPENINGS = 6, 60, 2_000, 9
MOST_TO_GREEN, MOST_TO_OPEN, MOST_BYTES = 400, 1_000, 420_000
CHROMIUM = "/usr/bin/chromium"
SCREEN = ViewportSize(width=360, height=740)
FRAME, WALL = (1280, 720), (58, 66, 70)
N_FRAMES, N_BETWEEN = 45, 15

WATCH = """(() => {
    const { getImageData } = CanvasRenderingContext2D.prototype;
    const { digest } = SubtleCrypto.prototype;
    let looked = 0, began = 0, shown = null;
    Object.assign(globalThis, { greens: [], reads: [] });
    CanvasRenderingContext2D.prototype.getImageData = function (...where) {
        looked = performance.now();
        return getImageData.apply(this, where);
    };
    // The first thing that is done with a text that was read.
    SubtleCrypto.prototype.digest = function (...what) {
        if (looked && began !== looked) reads.push(performance.now() - looked);
        began = looked;
        return digest.apply(this, what);
    };
    const look = () => {
        const green = document.querySelector(".answer [data-state=present]");
        if (!green || green === shown) return;
        shown = green;
        const at = began;
        requestAnimationFrame(() => setTimeout(() => greens.push(performance.now() - at)));
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true });
})()"""
OPENED = """() => {
    const [count, queue] = ["[data-count-text]", "[data-queue]"].map((one) => document.querySelector(one)?.textContent);
    if (!count || !queue || !queue.includes(NUMBER)) return 0;
    return performance.getEntriesByName("opened")[0]?.startTime ?? performance.mark("opened").startTime;
}"""
FILL = """([session, cards, n]) => new Promise((done, failed) => {
    indexedDB.open("marcar").onsuccess = ({ target: { result: db } }) => {
        const transaction = db.transaction(["events", "meta"], "readwrite");
        const [events, meta] = ["events", "meta"].map((name) => transaction.objectStore(name));
        events.clear();
        for (let seq = 1; seq <= n; seq += 1) {
            const id = `01900000-0000-7000-8000-${String(seq).padStart(12, "0")}`;
            const mark = { kind: "in", how: "camera", h: cards[seq % cards.length], known: true, at: Date.now() };
            const event = { id, session, ...mark, perf: seq, page: "page", seq, roster: "1", app: "1" };
            events.add({ id, scope: session, waiting: 1, event });
        }
        meta.put(n, "seq");
        transaction.oncomplete = () => { db.close(); done(n); };
        transaction.onerror = failed;
    };
})"""


class World(NamedTuple):
    cookie: str
    session: str
    tickets: Sequence[str]


async def make_world() -> World:
    """One session that is on now, with its people, and a prepared phone."""
    await db.migrate(Settings())
    async with db.connect(Settings()):
        training = await make_training(await make_hub(), clock.now() - timedelta(hours=1), PEOPLE)
        for number in range(PEOPLE):
            about = {
                "given_names": f"Rosa {number}",
                "surnames": "Coc",
                "municipality": "0000",
                "actor_type": "familia",
            }
            wish = for_one(PersonForm.model_validate(about), frozenset({ConsentPurpose.DATA}))
            await sign_up(training.id, wish, actor=PROGRAM)
        token, [session] = tokens.own_link(), training.sessions
        device = await Device.create(hub_id=training.hub_id, name="Teléfono", token_hash=device_digest(token))
        await DeviceSession.create(device_id=device.id, session_id=session.id)
        people = await Registration.filter(training_id=training.id).order_by("id")
        return World(token, str(session.id), [one.qr_token or "" for one in people])


def make_film(path: Path, payloads: Sequence[str]) -> Path:
    """Motion JPEG: each card for a second and a half, and a bare wall before it."""
    wall = _frame(None)
    path.write_bytes(b"".join(wall * N_BETWEEN + _frame(one) * N_FRAMES for one in payloads))
    return path


def _frame(payload: str | None) -> bytes:
    frame = Image.new("RGB", FRAME, WALL)
    if payload is not None:
        card = Image.open(io.BytesIO(qr.png(payload, scale=10))).convert("RGB")
        frame.paste(card, ((FRAME[0] - card.width) // 2, (FRAME[1] - card.height) // 2))
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=80)
    return file.getvalue()


def opened(browser: Browser, origin: str, world: World) -> tuple[BrowserContext, Page]:
    """A slow phone that is ready, at the door, without signal."""
    context = browser.new_context(viewport=SCREEN, locale="es-GT", permissions=["camera"])
    context.add_cookies([{"name": COOKIE, "value": world.cookie, "url": f"{origin}/marcar/"}])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{origin}/marcar/#/marcar/{world.session}")
    page.goto(f"{origin}/marcar/")
    expect(page.locator("[data-ready]")).to_have_attribute("data-state", "ready", timeout=60_000)
    context.set_offline(True)
    page.goto(f"{origin}/marcar/#/marcar/{world.session}")
    slow_down(page)
    page.reload()
    return context, page


def slow_down(page: Page) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def to_green(page: Page, n_cards: int) -> tuple[list[float], list[float]]:
    """Milliseconds to green, and those of the reader alone, for each card but the first, which loads it."""
    page.get_by_role("button", name="Encender cámara").click()
    page.wait_for_function("(n) => greens.length >= n", arg=n_cards, timeout=120_000)
    greens, reads = page.evaluate("() => [greens, reads]")
    page.get_by_role("button", name="Apagar").click()
    return greens[1:], reads[1 : len(greens)]


def to_open(page: Page, world: World, n: int) -> list[float]:
    """Milliseconds from the address until count and queue stand on the marking screen, for each opening: in a window of
    its own, as from the icon. A page that is loaded again first takes down the one before it.
    """
    cards = [tokens.digest(ticket, "qr")[:24] for ticket in world.tickets]
    page.evaluate(FILL, [world.session, cards, n])
    address = page.url
    page.goto("about:blank")
    shown = f"{n} por enviar" if n else "Todo enviado"
    took = []
    for _opening in range(OPENINGS + 1):
        window = page.context.new_page()
        slow_down(window)
        window.goto(address)
        handle = window.wait_for_function(OPENED.replace("NUMBER", repr(shown)), timeout=60_000)
        took.append(handle.json_value())
        window.close()
    page.goto(address)
    return took[1:]


def n_bytes(origin: str) -> int:
    """What a phone fetches before it says that it is ready, as it comes over the line."""
    needed = [one.url for one in shell.precached() if one.reader != "jsqr" and one.url != shell.ENGLISH_PATH]
    total = 0
    for url in (shell.WORKER_PATH, *needed):
        with httpx2.stream("GET", origin + url, headers={"accept-encoding": "br"}) as response:
            response.raise_for_status()
            total += sum(len(chunk) for chunk in response.iter_raw())
    return total


def main(n_cards: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        port, folder = free_port(), Path(name)
        settings = environment(folder, port)
        os.environ.update(settings)
        world = asyncio.run(make_world())
        with started("-m", "trainings", "serve", "--no-worker", "--port", str(port), port=port, settings=settings):
            return measure(folder, f"http://localhost:{port}", world, n_cards)


def measure(folder: Path, origin: str, world: World, n_cards: int) -> int:
    with sync_playwright() as playwright:
        film = make_film(folder / "film.mjpeg", world.tickets[:n_cards])
        camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        camera.append(f"--use-file-for-fake-video-capture={film}")
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", *camera])
        context, page = opened(browser, origin, world)
        greens, reads = to_green(page, n_cards)
        empty, full = to_open(page, world, 0), to_open(page, world, QUEUE)
        context.close()
        browser.close()
    return told(greens, reads, empty, full, n_bytes(origin))


def _chromium() -> str | None:
    """The machine's own, else that of the package."""
    return CHROMIUM if Path(CHROMIUM).exists() else None


def told(greens: list[float], reads: list[float], empty: list[float], full: list[float], size: int) -> int:
    green, opening = median(greens), median(full)
    print(f"{len(greens)} cards and {OPENINGS} openings, the processor {SLOWER} times slower, without signal")
    print(f"  to green   {green:6.0f} ms from the picture of a card, {max(greens):.0f} at most")
    print(f"  reader     {median(reads):6.0f} ms of these; ratio {green / median(reads):.1f} ×")
    print(f"  to open    {opening:6.0f} ms with {QUEUE:,} marks that wait, {median(empty):.0f} with none")
    print(f"  size       {size:,} bytes of program and reader with brotli")
    is_missed = green > MOST_TO_GREEN or opening > MOST_TO_OPEN or size > MOST_BYTES
    print(f"  bound      {MOST_TO_GREEN} ms, {MOST_TO_OPEN:,} ms, {MOST_BYTES:,}: {'missed' if is_missed else 'kept'}")
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 12))
