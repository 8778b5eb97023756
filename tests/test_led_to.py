"""No role is led where it may not go: every link and button of every kind of page that the panel leads it to.

`access_table.py` says where it may go; what depends on the object is opened from each kind of page.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from httpx2 import AsyncClient, Response
from starlette.routing import compile_path

from tests import asgi, make, moment
from tests.access_table import IN, as_at
from tests.access_table import PANEL as RULES
from tests.browser import demo
from tests.database import Database
from trainings.accounts.models import User
from trainings.app import create_app
from trainings.seed.world import DOMAIN
from trainings.settings import Settings

PANEL = "/panel"
LANGUAGE = re.compile(r"[?&]idioma=")
"""Leads to the same page, in other words."""
FILE = re.compile(r"\.\w+$")
FORM = {"content-type": "application/x-www-form-urlencoded"}
PATTERNS = {name: compile_path(name.partition(" ")[2])[0] for name in RULES}
OF_ITS_OBJECT = {name for name, rule in RULES.items() if rule.partly}
TODAY = moment.turn()
SAME = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d-]*|(?<=hojas/)\w+")
AT = {
    "admin": "platform",
    "municipal": "admin",
    "coordina": "coordinator",
    "facilita": "facilitator",
    "monitoreo": "monitor",
    "asistente": "assistant",
}
"""Those of the demo world, as the table names them."""
LEADERS, WHO_LEADS = ("coordina", "municipal"), "one who leads"
"""Nearly the same pages open to both: one goes there today, the other tomorrow."""


@dataclass
class Page(HTMLParser):
    """What a page leads to: its links, and its forms with what they send when their first button is pressed."""

    base: str
    links: list[str] = field(default_factory=list)
    forms: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in own:
            self.links.append(urljoin(self.base, own["href"]))
        elif tag == "form":
            self.forms.append((own.get("method", "get").lower(), urljoin(self.base, own.get("action", "")), {}))
        elif tag in ("input", "button") and "name" in own and self.forms:
            is_pressed = tag == "button" or own.get("type") == "hidden" or "checked" in own
            if is_pressed:
                self.forms[-1][2].setdefault(own["name"], own.get("value", ""))


def kind_of(address: str) -> str:
    """The address without what names one thing, and with the names of what is asked."""
    parts = urlsplit(address)
    asked = sorted(one.partition("=")[0] for one in parts.query.split("&") if one)
    return SAME.sub("…", parts.path) + ("?" + "&".join(asked) if asked else "")


def ways_of(text: str, address: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Where this page leads to in the panel: by which method, and what it sends there."""
    page = Page(base=str(asgi.ADDRESS) + address)
    page.feed(text)
    found = [*(("get", link, {}) for link in page.links), *page.forms]
    for method, target, sent in found:
        parts, asked = urlsplit(target), urlencode(sent) if method == "get" else ""
        inside = "?".join(filter(None, (parts.path, parts.query or asked)))
        if inside.startswith(PANEL) and not LANGUAGE.search(inside):
            yield method.upper(), inside, sent


def name_of(method: str, address: str) -> str:
    """The route's, as the table has it; of what is nowhere, as it was asked for."""
    path = urlsplit(address).path
    found = (name for name, pattern in PATTERNS.items() if name.startswith(method) and pattern.fullmatch(path))
    return next(found, f"{method} {path}")


def is_refused(account: str, name: str) -> bool:
    """What depends on the object can be told only by opening it."""
    rule = RULES.get(name)
    return name not in OF_ITS_OBJECT and (rule is None or rule.verdict(account, as_at(account)[1]) != IN)


def presses(account: str, name: str) -> bool:
    """Of those whom a button is open to one presses it, each day another."""
    roles = sorted(RULES[name].opens_to) if name in RULES else [account]
    return name in OF_ITS_OBJECT or account == roles[TODAY % len(roles)]


@dataclass
class Visit:
    """One person's way through the panel."""

    browser: AsyncClient
    user: User
    account: str
    refused: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    buttons: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    async def go_everywhere(self) -> None:
        waiting = deque([(PANEL, PANEL)])
        while waiting:
            address, before = waiting.popleft()
            if address in self.opened:
                continue
            self.opened.add(address)
            answer = await self.browser.get(address)
            self.note(answer, address, before)
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                waiting.extend((one, address) for one in self.leads_to(answer.text, address))
            elif answer.is_redirect:
                waiting.append((urljoin(address, answer.headers["location"]), before))

    def leads_to(self, text: str, address: str) -> Iterator[str]:
        here = kind_of(address)
        for method, there, sent in ways_of(text, address):
            name = name_of(method, there)
            if is_refused(self.account, name):
                self.refused[name] = f"{there}, from {address}"
            way = (here if name in OF_ITS_OBJECT else "", f"{method} {kind_of(there)}" if method == "GET" else name)
            if way not in self.taken and method == "POST" and presses(self.account, name):
                self.buttons[there] = (sent, address)
            elif way not in self.taken and method == "GET" and not FILE.search(name):
                yield there
            self.taken.add(way)

    async def press_every_button(self) -> None:
        for action, (sent, address) in self.buttons.items():
            await make.sign_in(self.browser, self.user)
            answer = await self.browser.post(action, content=urlencode(sent), headers=FORM)
            self.note(answer, f"post {action}", address)

    def note(self, answer: Response, address: str, before: str) -> None:
        assert answer.status_code < 500, (address, answer.text)
        if answer.status_code == 403:
            self.refused[kind_of(address)] = f"{address}, from {before}"


@pytest.fixture
async def world(database: Database) -> Settings:
    return await database.copied(demo.seeded_once())


@pytest.mark.parametrize(
    "account",
    [
        *(one for one in AT if one not in LEADERS),
        WHO_LEADS,
        *(pytest.param(one, marks=pytest.mark.proof) for one in LEADERS),
    ],
)
async def test_whatever_the_panel_leads_somebody_to_is_not_refused(world: Settings, account: str) -> None:
    account = LEADERS[TODAY % len(LEADERS)] if account == WHO_LEADS else account
    user = await User.get(email=f"{account}@{DOMAIN}")
    async with asgi.running(create_app(world, with_worker=False)) as app, asgi.browser(app) as browser:
        await make.sign_in(browser, user)
        visit = Visit(browser, user, AT[account])

        await visit.go_everywhere()
        await visit.press_every_button()

    assert visit.refused == {}
    assert len(visit.opened) > 20
    assert len(visit.taken) > len(visit.opened)
