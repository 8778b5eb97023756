"""Two hubs with one of everything each, and what is asked of them at each address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from httpx2 import AsyncClient, Response

from tests.access_table import BODIES, HERE, IN, PANEL, SIGN_IN, THERE
from tests.addresses import Address, Objects, addresses, objects_of
from tests.cast import Cast, make_cast
from tests.database import Database, settings_for
from trainings import clock
from trainings.accounts.models import StaffSession, User
from trainings.app import create_app
from trainings.lib import tokens
from trainings.settings import Settings

FORM = {"content-type": "application/x-www-form-urlencoded"}


def routes(folder: Path) -> dict[str, Address]:
    return {one.name: one for one in addresses(create_app(settings_for(folder), with_worker=False).routes)}


@dataclass(frozen=True)
class World:
    """Both hubs with one of everything, and the routes of the panel in the order of the table."""

    cast: Cast
    at: Mapping[str, Objects]
    panel: Mapping[str, Address]

    def session(self, whose: str) -> UUID:
        return next(iter(self.at[whose].coming.sessions)).id

    async def ask(self, browser: AsyncClient, name: str, whose: str, user: User | None = None) -> Response:
        """One request with the objects of one hub; an open session to be ended is the user's own, or another's."""
        address, objects = self.panel[name], self.at[whose]
        session = await _another_session(user or self.cast.admin) if "{session_id" in name else None
        path = objects.path(address, session_id=session and session.id)
        if address.method == "GET":
            return await browser.get(path)
        body = BODIES[name](objects) if name in BODIES else {}
        return await browser.post(path, content=urlencode(body), headers=FORM)


async def two_hubs(database: Database, db: Settings) -> World:
    """In an empty database; on SQLite made once and copied."""
    make = partial(make_world, db.data_dir)
    return await (database.world("two hubs with everything", make) if db.is_sqlite else make())


async def make_world(folder: Path) -> World:
    """In the database that is connected, which is empty."""
    cast = await make_cast()
    here = await objects_of(cast.hub, [cast.facilitator])
    there = await objects_of(cast.elsewhere, [cast.facilitator_elsewhere])
    found = routes(folder)
    return World(cast, {HERE: here, THERE: there}, {name: found[name] for name in PANEL})


async def _another_session(user: User) -> StaffSession:
    now, digest = clock.now(), tokens.digest(tokens.session_id(), "session")
    return await StaffSession.create(
        token_hash=digest, user=user, seen_at=now, idle_minutes=60, expires_at=now + timedelta(hours=8)
    )


def outcome(answer: Response) -> str:
    if answer.status_code == 303 and answer.headers["location"].startswith("/entrar"):
        return SIGN_IN
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in (401, 403, 404, 405) else IN
