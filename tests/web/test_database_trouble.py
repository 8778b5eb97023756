"""A database that is away for a moment: 503 and when to try again, on a page people understand."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from httpx2 import AsyncClient

from trainings.settings import Settings


async def test_page_when_the_database_cannot_be_reached_then_503_with_a_sentence(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object) -> object:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr("trainings.registrations.signup.routes.open_training_and_facts", away)

    page = await client.get("/capacitaciones/cualquiera/inscripcion")

    assert page.status_code == 503
    assert page.headers["retry-after"] == "30"
    assert "pruebe otra vez" in page.text


async def test_sign_up_when_sqlite_stays_locked_then_503_and_nothing_half_written(
    sqlite_db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import asgi
    from tests.make import make_municipality, make_training
    from trainings.app import create_app
    from trainings.db import sql
    from trainings.registrations.models import Registration

    await make_municipality()
    training = await make_training()
    await sql.execute("PRAGMA busy_timeout = 50")
    fields = {
        "given_names": "Rosa",
        "surnames": "Coc",
        "municipality": "1705",
        "actor_type": "otro",
        "consent_data": "yes",
    }
    other = sqlite3.connect(sqlite_db.sqlite_path, isolation_level=None, check_same_thread=False)
    try:
        async with asgi.running(create_app(sqlite_db)) as app, asgi.browser(app) as browser:
            # Beside the loop, in which the program, just started, may be writing.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            refused = await browser.post(f"/capacitaciones/{training.slug}/inscripcion", data=fields)
            other.execute("ROLLBACK")
            taken = await browser.post(f"/capacitaciones/{training.slug}/inscripcion", data=fields)
    finally:
        other.close()
        await sql.execute("PRAGMA busy_timeout = 10000")

    assert (refused.status_code, taken.status_code) == (503, 303)
    assert await Registration.all().count() == 1
