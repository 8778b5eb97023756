"""Opening pages changes nothing: link previews, mail scanners and crawlers open whatever they find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import pytest
from httpx2 import AsyncClient, Response
from tortoise.connection import get_connection

from tests.addresses import Objects, addresses, hub_with_everything
from tests.certificates.held import AFTER
from tests.database import Database
from trainings.app import create_app
from trainings.settings import Settings

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
NOTED = {"audit_line", "rate_window", "certificate_file", "printout", "month_poster"}
"""Who opened and printed what, wrong codes, and the file of a certificate, set when somebody first asks for it."""


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    return sqlite_db


async def rows() -> dict[str, str]:
    """A digest of all that each table holds."""
    connection = get_connection("default")
    names = [row["name"] for row in await connection.execute_query_dict(TABLES)]
    held = {name: await connection.execute_query_dict(f'SELECT * FROM "{name}"') for name in set(names) - NOTED}
    return {name: sha256(repr(sorted(map(repr, found))).encode()).hexdigest() for name, found in held.items()}


async def open_every_page(
    browser: AsyncClient, objects: Objects, settings: Settings, *, heads: int = 1, turn: int = 0
) -> dict[str, Response]:
    """The answer of each address that can be opened, while no row changes. One in `heads` is opened without its body
    too, at each `turn` another one: the same code answers.
    """
    found = [one for one in addresses(create_app(settings, with_worker=False).routes) if one.method == "GET"]
    before = await rows()

    pages, wrong = {}, {}
    for place, one in enumerate(found):
        path = objects.path(one)
        pages[one.path] = got = await browser.get(path)
        if (place + turn) % heads == 0:
            head = await browser.head(path)
            if (head.status_code, head.content) != (got.status_code, b""):
                wrong[one.path] = (got.status_code, head.status_code, len(head.content))

    assert len(found) > 100
    assert wrong == {}
    assert {path for path, page in pages.items() if page.status_code >= 500} == set()
    assert len(before) > 20
    assert await rows() == before
    return pages


async def test_opening_every_page_with_and_without_its_body_changes_no_row_whoever_does(
    db: Settings, database: Database, client: AsyncClient, freeze: Callable[[datetime], None]
) -> None:
    """The coordinator's walk is the one of `test_headers.py`."""
    freeze(AFTER)
    _cast, objects = await database.world("hub", hub_with_everything)

    pages = await open_every_page(client, objects, db)

    assert pages["/panel"].status_code == 303
