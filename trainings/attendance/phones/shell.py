"""The scan app's pages, files with hashes, service worker, and practice cards."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import brotli  # type: ignore[import-untyped]

from trainings.lib import qr, tokens
from trainings.outreach.words import BANDS, BANDS_IN_YEARS, SEEN_BANDS, SEXES_SEEN
from trainings.people import choices
from trainings.people.consents import ASSENT, GUARDIAN, asked_now
from trainings.people.models import ConsentPurpose
from trainings.registrations.signup.age_choices import or_adult
from trainings.web.headers import SCAN_POLICY
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.render import environment
from trainings.web.static import STATIC_DIR, content_of, static

PATH = "/marcar/"
ENGLISH_PATH = "/marcar/en/"
ENROL_PATH = "/marcar/alta"
WORKER_PATH = "/marcar/sw.js"
LANGUAGES = {PATH: SOURCE_LANGUAGE, ENGLISH_PATH: "en"}
NAMES = {SOURCE_LANGUAGE: "Español", "en": "English"}
PREPARED = "#/preparado"
"""Tells the program that the phone was just prepared and has to load its lists."""
SHELLS = {PATH: PATH, ENROL_PATH: PATH, ENGLISH_PATH: ENGLISH_PATH}

WORKER = "js/marcar/worker.js"
PROGRAM = "js/marcar/main.js"
ASSETS = (
    PROGRAM,
    "css/site.css",
    "css/marcar.css",
    "css/marcar-tools.css",
    "icons/mark.svg",
    "vendor/zxing-wasm-3.1.4/zxing_reader.js",
    "vendor/zxing-wasm-3.1.4/zxing_reader.wasm",
    "vendor/jsqr-1.4.0/jsQR.js",
)

READERS = {"vendor/zxing-wasm-3.1.4/": "wasm", "vendor/jsqr-1.4.0/": "jsqr"}
"""A phone needs one of these two code readers; its worker finds out which. The other comes later."""

ICONS = (
    ("marcar-192.png", "192x192", "any"),
    ("marcar-512.png", "512x512", "any"),
    ("marcar-maskable.png", "512x512", "maskable"),
)


def path_for(language: str) -> str:
    return next((path for path, code in LANGUAGES.items() if code == language), PATH)


@dataclass(frozen=True)
class Kept:
    """`extra`: what else tells two versions of a file apart."""

    url: str
    content: bytes
    extra: str = ""
    reader: str = ""

    @property
    def digest(self) -> str:
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    @property
    def key(self) -> str:
        return hashlib.sha256(self.content + self.extra.encode()).hexdigest()[:16]

    @property
    def size(self) -> int:
        """Approximate bytes sent, for the download's progress."""
        return len(zlib.compress(self.content))


@lru_cache(maxsize=1)
def files() -> tuple[Kept, ...]:
    return tuple(Kept(static(path), content_of(path), reader=_reader(path)) for path in ASSETS)


def _reader(path: str) -> str:
    return next((name for folder, name in READERS.items() if path.startswith(folder)), "")


@lru_cache(maxsize=1)
def version() -> str:
    """The same wherever files, pages and worker are the same."""
    content = hashlib.sha256((STATIC_DIR / WORKER).read_bytes())
    for file in (*files(), *(Kept(path, _page(path, "").encode(), SCAN_POLICY) for path in LANGUAGES)):
        content.update(f"{file.url} {file.key}\n".encode())
    return content.hexdigest()[:12]


@lru_cache(maxsize=4)
def page(path: str) -> str:
    return _page(path, version())


@lru_cache(maxsize=4)
def packed_page(path: str) -> bytes:
    """In Brotli, packed once as small as possible, for slow lines. Takes a while."""
    return bytes(brotli.compress(page(path).encode()))


def _page(path: str, named: str) -> str:
    other = next(one for one in LANGUAGES if one != path)
    context = {
        "language": LANGUAGES[path],
        "version": named,
        "manifest": f"{path}app.webmanifest",
        "other": other,
        "program": static(PROGRAM),
        "other_language": LANGUAGES[other],
        "other_name": NAMES[LANGUAGES[other]],
    }
    with speaking(LANGUAGES[path]):
        return environment().get_template("attendance/phones/app/shell.html").render(context | _offered())


def _offered() -> dict[str, Any]:
    aloud = asked_now(aloud=True)
    return {
        "actor_types": choices.actor_types(),
        "sexes": choices.sexes(),
        "age_groups": [*choices.age_groups(), or_adult()],
        "relations": choices.relations(),
        "asked": {"data": aloud[ConsentPurpose.DATA], "guardian": aloud[GUARDIAN], "assent": aloud[ASSENT]},
        "seen_sexes": [(code.value, gettext(words)) for code, words in SEXES_SEEN.items()],
        "seen_bands": [(code.value, gettext(BANDS[code]), gettext(BANDS_IN_YEARS[code])) for code in SEEN_BANDS],
        "samples": samples(),
    }


@lru_cache(maxsize=1)
def precached() -> tuple[Kept, ...]:
    """Exactly what a phone keeps; no personal data."""
    return (*(Kept(path, page(path).encode(), SCAN_POLICY) for path in LANGUAGES), *files())


@lru_cache(maxsize=1)
def worker() -> str:
    files = [
        {"url": one.url, "hash": one.digest, "key": one.key, "size": one.size}
        | ({"reader": one.reader} if one.reader else {})
        for one in precached()
    ]
    told = {"VERSION": version(), "FILES": files, "SHELLS": SHELLS}
    lines = [f"const {name} = {json.dumps(value, separators=(',', ':'))};" for name, value in told.items()]
    return "\n".join([*lines, (STATIC_DIR / WORKER).read_text()])


@lru_cache(maxsize=4)
def manifest(path: str) -> str:
    with speaking(LANGUAGES[path]):
        name, short_name = gettext("Marcar llegadas"), gettext("Marcar")
    icons = [
        {"src": static(f"icons/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for file, sizes, purpose in ICONS
    ]
    told = {
        "id": path,
        "name": name,
        "short_name": short_name,
        "lang": LANGUAGES[path],
        "start_url": path,
        "scope": PATH,
        "display": "standalone",
        "background_color": "#fbfaf6",
        "theme_color": "#14202b",
        "icons": icons,
    }
    return json.dumps(told, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """`flag`: as in a phone's list."""

    token: str
    short_code: str
    flag: str
    name: str
    words: str
    size: int
    path: str


CARDS = (
    ("A", "c", N_("Ana E. Prueba"), N_("Inscrita")),
    ("B", "w", N_("Beto E. Prueba"), N_("En lista de espera")),
    ("C", "s", "", N_("Tarjeta sin nombre")),
)
WORD = "PRACT1CA"


def is_sample(code: str) -> bool:
    return code.startswith(WORD[:-1])


def samples() -> list[Sample]:
    """Known to everybody, so they open nothing and never count."""
    return [_sample(letter, flag, name, words) for letter, flag, name, words in CARDS]


def _sample(letter: str, flag: str, name: str, words: str) -> Sample:
    token = WORD + letter.rjust(tokens.QR_TOKEN_LENGTH - len(WORD), "0")
    body = WORD[:-1] + letter
    size, path = qr.svg_path(token)
    shown = gettext(name) if name else ""
    return Sample(token, body + tokens.check_character(body), flag, shown, gettext(words), size, path)
