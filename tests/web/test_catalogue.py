"""The words in English: every sentence has them, with the same gaps, and no page stays half in Spanish."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from httpx2 import AsyncClient

from tests import asgi, make
from tests.cast import make_cast
from tests.registrations.wishes import link_of
from tests.web.pages import Page
from trainings.app import create_app
from trainings.schedule.models import TrainingState
from trainings.settings import Settings
from trainings.web.guide import ADDRESS as GUIDE
from trainings.web.i18n import LOCALE_DIR, speaking
from trainings.web.render import TEMPLATE_DIR, environment

TAG = re.compile(r"<[^>]+>")
NAME = re.compile(r"%\((\w+)\)s")
WORD = re.compile(r"[^\W\d_]{4,}")
MARKS = ("«", "»", "¿", "¡")
SPOKEN = ("aria-label", "alt", "title", "placeholder", "data-once", "data-done")
SLUG = re.compile(r"^(/municipios/|/capacitaciones/|/suscribirse/\w+/)[^/]+")
NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
OF_A_KIND = 2
"""So many pages of a kind are read."""
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
def spanish() -> re.Pattern[str]:
    """What only a page in Spanish says: sentences of at least two longer words, whatever fills their gaps."""
    sentences = {
        source for source, english in pairs() if source != english and len(WORD.findall(NAME.sub("", source))) > 1
    }
    patterns = [".+".join(map(re.escape, NAME.split(source)[::2])).replace("%%", "%") for source in sorted(sentences)]
    return re.compile("|".join(patterns))


@cache
def is_spanish(piece: str) -> bool:
    return spanish().fullmatch(piece) is not None


def left_in_spanish(source: str) -> list[str]:
    return [piece for piece in Words(source).pieces if is_spanish(piece)]


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

    assert left_in_spanish(page) == []
    assert Page(page).one("html")["lang"] == "en"


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser that asks for English, with the coordinator of a hub in it, and pages that no other leads to."""

    browser: AsyncClient
    paths: list[str]


@pytest.fixture
async def reader(sqlite_db: Settings) -> AsyncIterator[Reader]:
    """Two trainings, one with more people than places, the other a draft without dates."""
    cast = await make_cast()
    training = await make.make_training(
        hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator], capacity=2, childcare_capacity=2
    )
    people = [await make.make_registration(training, given_names=name) for name in ("Rosa", "Ana", "Julia")]
    await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[], state=TrainingState.DRAFT)
    async with asgi.running(create_app(sqlite_db, with_worker=False)) as app:
        browser = asgi.browser(app, headers={"accept-language": "en"})
        await make.sign_in(browser, cast.coordinator)
        own = [await link_of(person) for person in people[::2]]
        yield Reader(browser, [*own, f"/panel/capacitaciones/{training.id}/diplomas"])
        await browser.aclose()


async def test_pages_in_english_say_nothing_in_spanish(reader: Reader) -> None:
    waiting = ["/", "/privacidad", "/verificar/0000000000000", "/?q=zzz", "/panel", "/panel/firmas", *reader.paths]
    read: dict[str, list[str]] = {}
    led_to, n_of_a_kind = set(waiting), Counter[str]()

    while waiting:
        path = waiting.pop()
        answer = await reader.browser.get(path)
        if "text/html" not in answer.headers.get("content-type", "") or path.startswith(GUIDE):
            continue
        assert answer.status_code < 500, path
        read.setdefault(shape(path), []).extend(left_in_spanish(answer.text))
        for href in links(answer.text):
            if href not in led_to and n_of_a_kind[shape(href)] < OF_A_KIND:
                n_of_a_kind[shape(href)] += 1
                led_to.add(href)
                waiting.append(href)

    assert {path: pieces for path, pieces in read.items() if pieces} == {}
    assert len(read) > 30


def test_no_sentence_fixes_the_article_of_a_time() -> None:
    """«a las 1:05» is no Spanish: `dates.the_time` brings the article along."""
    with (LOCALE_DIR / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        said = [one.id if isinstance(one.id, tuple) else (one.id,) for one in read_po(file, locale="en")]
    fixed = re.compile(r"\blas? (?:%\(|\{)(?:the_)?(?:time|since|until)\b")

    assert [words for words in said if any(fixed.search(str(one)) for one in words)] == []


def shape(path: str) -> str:
    """The same for all pages of a kind."""
    return SLUG.sub(r"\1#", NUMBER.sub("#", path.partition("?")[0]))


def links(source: str) -> list[str]:
    """Where the page leads inside the site, without the other language and what is no page."""
    found = [attrs.get("href") or "" for attrs in Page(source).all("a")]
    return [
        href.partition("#")[0] for href in found if href.startswith("/") and not re.search(r"\.(ics|pdf|png)", href)
    ]
