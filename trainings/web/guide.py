"""The guide for staff: the Markdown pages of `docs/guia`, each beginning with the addresses of the panel on which it
helps, `*` for any part of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

FOLDER = Path(__file__).parent.parent.parent / "docs" / "guia"
PICTURES = FOLDER / "fotos"
ADDRESS = "/panel/guia"
BELONGS_TO = re.compile(r"<!-- panel: (?P<addresses>[^>]+) -->\n# (?P<title>.+)\n")
FIRST_PAGE = "README"
PARSER = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class GuidePage:
    slug: str
    title: str
    addresses: tuple[str, ...]
    body: Markup

    @property
    def path(self) -> str:
        return ADDRESS if self.slug == FIRST_PAGE else f"{ADDRESS}/{self.slug}"


@lru_cache(maxsize=1)
def guide_pages() -> dict[str, GuidePage]:
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.md"))}


@lru_cache(maxsize=1024)
def guide_path(panel_path: str) -> str:
    fitting = [
        (len(address), page.path)
        for page in guide_pages().values()
        for address in page.addresses
        if fnmatchcase(panel_path, address)
    ]
    return max(fitting)[1] if fitting else ADDRESS


def _read(path: Path) -> GuidePage:
    text = path.read_text()
    head = BELONGS_TO.match(text)
    assert head is not None, f"{path.name} begins with its addresses and its title"
    return GuidePage(path.stem, head["title"], tuple(head["addresses"].split()), _drawn(text[head.end() :]))


def _drawn(text: str) -> Markup:
    tokens = PARSER.parse(text)
    for token in tokens:
        _lead_to_the_panel(token.children or ())
    return Markup(PARSER.renderer.render(tokens, PARSER.options, {}))  # noqa: S704 - our own files; text is escaped


def _lead_to_the_panel(tokens: Iterable[Token]) -> None:
    for token in tokens:
        if token.type == "link_open":
            slug = str(token.attrs["href"]).removesuffix(".md")
            token.attrs["href"] = ADDRESS if slug == FIRST_PAGE else f"{ADDRESS}/{slug}"
        elif token.type == "image":
            token.attrs |= {"src": f"{ADDRESS}/{token.attrs['src']}", "loading": "lazy"}
