"""Reading a month back: what stands on which day."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAY = re.compile(r'<li id="d(\d+)"[^>]*>(.*?)(?=<li id="d\d+"|<!-- end -->|$)', re.DOTALL)
ENTRY = re.compile(
    r'<li class="([^"]*)"[^>]*><a href="([^"]*)"><b class="num">([^<]*)</b> ([^<]*)</a>(.*?)</li>', re.DOTALL
)
STATE = re.compile(r'<span class="num state">(?:<svg.*?</svg> )?([^<]*)</span>')


@dataclass(frozen=True)
class Shown:
    """An entry as it stands on a page."""

    day: int
    look: str
    href: str
    time: str
    title: str
    state: str
    rest: str


def entries(page: str) -> list[Shown]:
    """All of a month, in the order of the page."""
    month = page[page.index('<ol class="cal">') :]
    return [
        Shown(int(day), look, href, time.replace("\xa0", " "), title, _state(rest), rest)
        for day, body in DAY.findall(month)
        for look, href, time, title, rest in ENTRY.findall(body)
    ]


def remarks(page: str) -> dict[int, list[str]]:
    """What is said of days."""
    month = page[page.index('<ol class="cal">') :]
    found = {int(day): re.findall(r'<p class="remark">([^<]*)</p>', body) for day, body in DAY.findall(month)}
    return {day: [words.replace("\xa0", " ") for words in told] for day, told in found.items() if told}


def titles(page: str) -> list[tuple[int, str]]:
    """Days and titles."""
    return [(one.day, one.title) for one in entries(page)]


def _state(rest: str) -> str:
    found = STATE.search(rest)
    return found[1] if found else ""
