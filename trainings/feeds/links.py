from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from trainings.settings import get_settings
from trainings.web.render import absolute


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """`webcal:` for Apple's and other applications, Outlook's form, the bare address."""

    webcal: str
    outlook: str
    address: str


def feed_links(path: str, name: str) -> FeedLinks:
    address = absolute(path)
    outlook = (
        f"https://outlook.live.com/calendar/0/addfromweb?url={quote(address, safe='')}&name={quote(name, safe='')}"
    )
    return FeedLinks(f"webcal://{get_settings().host}{path}", outlook, address)
