"""The words in English: every sentence has them, with the same gaps, and no page stays half in Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tests.web.pages import Page
from trainings.web.i18n import LOCALE_DIR, speaking
from trainings.web.render import TEMPLATE_DIR, environment

TAG = re.compile(r"<[^>]+>")
NAME = re.compile(r"%\((\w+)\)s")
WORD = re.compile(r"[^\W\d_]{4,}")
MARKS = ("«", "»", "¿", "¡")
SPOKEN = ("aria-label", "alt", "title", "placeholder", "data-once", "data-done")
ERROR_PAGES = sorted(path.name for path in (TEMPLATE_DIR / "errors").glob("[45]*.html"))


class Words(Page):
    """A page with what it says, piece by piece: texts, and attributes that are read or shown."""

    def __init__(self, source: str) -> None:
        self.pieces: list[str] = []
        super().__init__(source)
        self.pieces += [attrs[name] or "" for _, attrs in self.elements for name in SPOKEN if attrs.get(name)]

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        self.pieces.append(data.strip())

    def left_in_spanish(self) -> list[str]:
        return [piece for piece in self.pieces if is_spanish(piece)]


@cache
def messages() -> tuple[Message, ...]:
    with (LOCALE_DIR / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return tuple(message for message in read_po(file, locale="en") if message.id)


def pairs() -> Iterator[tuple[str, str]]:
    """Each sentence with its translation; singular and plural are a pair each."""
    for message in messages():
        if isinstance(message.id, str):
            yield message.id, str(message.string)
        else:
            yield from zip(message.id, message.string or (), strict=True)


@cache
def spanish() -> tuple[frozenset[str], re.Pattern[str]]:
    """What only a page in Spanish says: sentences of at least two longer words, and those with gaps, whatever fills
    them.
    """
    sentences = {
        source for source, english in pairs() if source != english and len(WORD.findall(NAME.sub("", source))) > 1
    }
    patterns = [NAME.split(source)[::2] for source in sorted(filter(NAME.search, sentences))]
    with_gaps = "|".join(".+".join(map(re.escape, parts)).replace("%%", "%") for parts in patterns)
    return frozenset(one.replace("%%", "%") for one in sentences), re.compile(with_gaps)


@cache
def is_spanish(piece: str) -> bool:
    whole, with_gaps = spanish()
    return piece in whole or with_gaps.fullmatch(piece) is not None


def test_english_sentence_when_filled_has_no_gap_left() -> None:
    broken = {}
    for source, english in pairs():
        names = set(NAME.findall(source))
        filled = english % dict.fromkeys(names, "7") if names else english
        if "%(" in filled or (names and "%%" in filled):
            broken[source] = filled

    assert broken == {}


def test_english_sentence_keeps_the_elements_of_its_source() -> None:
    changed = {source: english for source, english in pairs() if set(TAG.findall(source)) != set(TAG.findall(english))}

    assert changed == {}


def test_english_sentence_has_no_spanish_punctuation() -> None:
    assert [english for _, english in pairs() if any(mark in english for mark in MARKS)] == []


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_error_page_in_english_says_nothing_in_spanish(name: str) -> None:
    with speaking("en"):
        page = environment().get_template(f"errors/{name}").render()

    words = Words(page)
    assert words.left_in_spanish() == []
    assert words.one("html")["lang"] == "en"


def test_no_sentence_fixes_the_article_of_a_time() -> None:
    """«a las 1:05» is no Spanish: `dates.the_time` brings the article along."""
    with (LOCALE_DIR / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        said = [one.id if isinstance(one.id, tuple) else (one.id,) for one in read_po(file, locale="en")]
    fixed = re.compile(r"\blas? (?:%\(|\{)(?:the_)?(?:time|since|until)\b")

    assert [words for words in said if any(fixed.search(str(one)) for one in words)] == []
