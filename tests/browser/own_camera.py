"""The camera that a telephone comes with: a program of its own, which reads a code and offers what stands in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.fakecam import make_mjpeg
from tests.browser.scanner import PHONE

NOT_OURS = "http://localhost:1/camara"
"""Pages of ours that mark no attendance may not film, and need not: this camera is none of them."""
LOOKS = 20
LOOK = """async () => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
    await video.play();
    await new Promise((seen) => video.requestVideoFrameCallback(seen));
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    canvas.getContext('2d').drawImage(video, 0, 0);
    for (const track of video.srcObject.getTracks()) track.stop();
    return canvas.toDataURL('image/png').split(',')[1];
}"""


@dataclass
class Telephone:
    """What it keeps, the window in use, and the film that its camera sees."""

    context: BrowserContext
    page: Page
    film: Path

    def point_at(self, code: str) -> str:
        """Hold it before this code; what the camera reads."""
        make_mjpeg(self.film, [code])
        camera = self.context.new_page()
        camera.goto(NOT_OURS)
        for _ in range(LOOKS):
            picture = Image.open(BytesIO(base64.b64decode(camera.evaluate(LOOK))))
            if found := zxingcpp.read_barcodes(picture):
                camera.close()
                return found[0].text
        raise AssertionError("the camera sees no code")


def telephone(cameras: Browser, film: Path) -> Telephone:
    context = cameras.new_context(viewport=PHONE, locale="es-GT", permissions=["camera"])
    context.route(NOT_OURS, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    return Telephone(context, context.new_page(), film)
