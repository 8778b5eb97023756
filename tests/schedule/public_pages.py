"""What tests of the public pages share: days of March 2027, and pages read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from httpx2 import AsyncClient

from tests.web.pages import Page
from trainings import clock
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]
WEDNESDAY = datetime(2027, 3, 3, 9, tzinfo=clock.GUATEMALA)


def on(day: int, hour: int = 8, *, month: int = 3, hours: float = 4) -> tuple[datetime, datetime]:
    start = datetime(2027, month, day, hour, 30, tzinfo=clock.GUATEMALA)
    return start, start + timedelta(hours=hours)


async def get(client: AsyncClient, path: str, status: int = 200) -> Page:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


async def page_of(client: AsyncClient, training: Training) -> Page:
    return await get(client, f"/capacitaciones/{training.slug}")


def rows(page: Page) -> list[str]:
    """Slugs of the trainings in the list, in order."""
    links = (str(link["href"]) for link in page.all("a"))
    return [href.removeprefix("/capacitaciones/") for href in links if href.startswith("/capacitaciones/")]


def links(page: Page) -> set[str]:
    return {str(link["href"]) for link in page.all("a")}
