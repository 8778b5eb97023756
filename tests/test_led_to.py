"""No role is led where it may not go: every link and button of every page that the panel leads it to."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from tests import asgi, make
from tests.browser import demo
from tests.database import Database
from trainings.accounts.models import User
from trainings.app import create_app
from trainings.seed import ACCOUNTS
from trainings.seed.world import DOMAIN
from trainings.settings import Settings

PANEL = "/panel"
LANGUAGE = re.compile(r"[?&]idioma=")
"""Leads to the same page, in other words."""
FORM = {"content-type": "application/x-www-form-urlencoded"}
OF_EACH = 1
"""So many addresses of one kind are opened from pages of one kind: those of a list look alike."""
SAME = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d-]*|(?<=hojas/)\w+")
EACH_ROLE = sorted(set(ACCOUNTS) - {"coordina2"})


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


@dataclass
class Visit:
    """One person's way through the panel."""

    browser: AsyncClient
    user: User
    refused: dict[str, str] = field(default_factory=dict)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    opened: set[str] = field(default_factory=set)
    buttons: dict[str, tuple[str, dict[str, str], str]] = field(default_factory=dict)

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
                waiting.append((self.inside(urljoin(address, answer.headers["location"])), before))

    def leads_to(self, text: str, address: str) -> list[str]:
        page, here = Page(base=str(asgi.ADDRESS) + address), kind_of(address)
        page.feed(text)
        for method, action, sent in page.forms:
            if method == "post" and self.is_new(here, f"post {self.inside(action)}"):
                self.buttons[self.inside(action)] = (here, sent, address)
        asked = [f"{action}?{urlencode(sent)}" for method, action, sent in page.forms if method == "get"]
        inside = [self.inside(one) for one in [*page.links, *asked]]
        return [one for one in inside if one.startswith(PANEL) and not LANGUAGE.search(one) and self.is_new(here, one)]

    def is_new(self, here: str, there: str) -> bool:
        self.taken[here, kind_of(there)] += 1
        return self.taken[here, kind_of(there)] <= OF_EACH

    def inside(self, address: str) -> str:
        parts = urlsplit(address)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def press_every_button(self) -> None:
        for action, (_here, sent, address) in self.buttons.items():
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


@pytest.mark.parametrize("account", EACH_ROLE)
async def test_whatever_the_panel_leads_somebody_to_is_not_refused(world: Settings, account: str) -> None:
    user = await User.get(email=f"{account}@{DOMAIN}")
    async with asgi.running(create_app(world, with_worker=False)) as app, asgi.browser(app) as browser:
        await make.sign_in(browser, user)
        visit = Visit(browser, user)

        await visit.go_everywhere()
        await visit.press_every_button()

    assert visit.refused == {}
    assert len(visit.opened) > 20
    assert visit.buttons
