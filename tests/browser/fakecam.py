"""Chromium with a camera that plays a film of ours: QR codes as people hold them up, and pauses between them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Playwright

from tests.browser.marcar_server import OFFICE
from tests.browser_setup import quickest
from trainings.lib import qr

WIDTH, HEIGHT = 640, 360
"""Large enough for a card before it; four times as many points are four times the work, for each of its frames."""
SCALE = 5
"""Points of a card's smallest square."""
FRAMES_EACH = 12
"""At the 30 frames a second of the fake camera: three looks of the reader. Whoever misses a card sees it again soon."""
FRAMES_BETWEEN = 3
WALL = (58, 66, 70)


def make_mjpeg(path: Path, payloads: Sequence[str | None], *, scale: int = SCALE, inverted: bool = False) -> Path:
    """A film that shows each payload in turn and then begins again; None, and the time between two, is an empty wall.

    The format is JPEG after JPEG, which is all Chromium asks for. A single payload is shown without a pause.
    """
    wall = jpeg(None, scale=scale, inverted=inverted)
    shown = [jpeg(payload, scale=scale, inverted=inverted) for payload in payloads]
    pause = wall * FRAMES_BETWEEN if len(payloads) > 1 else b""
    return put(path, b"".join(pause + frame * FRAMES_EACH for frame in shown))


def put(path: Path, film: bytes) -> Path:
    """Show this film from when a camera is next turned on; one that is still on goes on with its own."""
    new = path.with_suffix(".new")
    new.write_bytes(film)
    return new.replace(path)


def jpeg(payload: str | None, *, scale: int = SCALE, inverted: bool = False) -> bytes:
    """One frame: the card held slightly askew before a wall, or the wall alone. Inverted: a phone in dark mode."""
    frame = Image.new("RGB", (WIDTH, HEIGHT), WALL)
    if payload is not None:
        card = Image.open(io.BytesIO(qr.png(payload, scale=scale))).convert("L")
        if inverted:
            card = card.point(lambda light: 255 - light)
        mask = Image.new("L", card.size, 255).rotate(6, expand=True)
        card = card.rotate(6, expand=True, resample=Image.Resampling.BICUBIC)
        frame.paste(card.convert("RGB"), ((WIDTH - card.width) // 2, (HEIGHT - card.height) // 2), mask)
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=80)
    return file.getvalue()


def launch(playwright: Playwright, film: Path) -> Browser:
    """Chromium of this machine, else Playwright's own, with a camera that plays the film and asks nobody."""
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    office = f"--host-resolver-rules=MAP {OFFICE} 127.0.0.1"
    return playwright.chromium.launch(executable_path=quickest(), args=["--no-sandbox", office, *camera])
