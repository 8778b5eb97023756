"""Opening pages changes nothing: link previews, mail scanners and crawlers open whatever they find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import pytest
from httpx2 import AsyncClient
from tortoise.connection import get_connection

from tests import make
from tests.addresses import addresses, hub_with_everything
from tests.certificates.held import AFTER
from tests.database import Database
from trainings.app import create_app
from trainings.settings import Settings

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
NOTED = {"audit_line", "rate_window", "certificate_file", "printout"}
"""Who opened and printed what, wrong codes, and the file of a certificate, set when somebody first asks for it."""

N_PARTS = 2
"""So many parts the pages are opened in, for workers to share."""


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    return sqlite_db


async def rows() -> dict[str, str]:
    """A digest of all that each table holds."""
    connection = get_connection("default")
    names = [row["name"] for row in await connection.execute_query_dict(TABLES)]
    held = {name: await connection.execute_query_dict(f'SELECT * FROM "{name}"') for name in set(names) - NOTED}
    return {name: sha256(repr(sorted(map(repr, found))).encode()).hexdigest() for name, found in held.items()}


@pytest.mark.parametrize("part", range(N_PARTS))
@pytest.mark.parametrize("who", ["nobody", "coordinator"])
async def test_opening_every_page_with_and_without_its_body_changes_no_row(
    db: Settings, database: Database, client: AsyncClient, freeze: Callable[[datetime], None], who: str, part: int
) -> None:
    freeze(AFTER)
    cast, objects = await database.world("hub", hub_with_everything)
    if who != "nobody":
        await make.sign_in(client, getattr(cast, who))
    found = [one for one in addresses(create_app(db, with_worker=False).routes) if one.method == "GET"][part::N_PARTS]
    before = await rows()

    wrong = {}
    for one in found:
        path = objects.path(one)
        got, head = await client.get(path), await client.head(path)
        if head.status_code != got.status_code or got.status_code >= 500 or head.content:
            wrong[one.path] = (got.status_code, head.status_code, len(head.content))

    assert len(found) > 50
    assert wrong == {}
    assert len(before) > 20
    assert await rows() == before
