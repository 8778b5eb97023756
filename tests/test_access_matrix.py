"""Who gets where: every route of the application, seven accounts, the objects of one's own hub and of another.

A new route fails the first test until it has its line in a table of `access_table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.access_public import FOR_ALL, FOR_HOLDERS
from tests.access_table import (
    ACCOUNT,
    ACCOUNTS,
    ADMIN,
    BODIES,
    EDITORS_LIST,
    EVERYBODY,
    FORBIDDEN,
    HERE,
    IN,
    NOT_FOUND,
    ONES_OWN,
    PANEL,
    PLATFORM,
    SIGN_IN,
    THERE,
    WITHOUT_HUB,
    as_at,
)
from tests.addresses import Address, Objects, addresses, objects_of
from tests.cast import Cast, make_cast
from tests.certificates.held import AFTER
from tests.database import Database, settings_for
from tests.schedule.panel import NOWHERE, posted
from trainings import clock
from trainings.accounts.models import StaffSession, User
from trainings.app import create_app
from trainings.attendance.models import Attendance, ScanEvent
from trainings.lib import tokens
from trainings.schedule.models import Training
from trainings.settings import Settings
from trainings.web.allow import HOLDER, PUBLIC

FORM = {"content-type": "application/x-www-form-urlencoded"}

Freeze = Callable[[datetime], None]


def routes(folder: Path) -> dict[str, Address]:
    return {one.name: one for one in addresses(create_app(settings_for(folder), with_worker=False).routes)}


def test_every_route_is_in_a_table(tmp_path: Path) -> None:
    found = routes(tmp_path)

    assert set(found) == {*PANEL, *FOR_HOLDERS, *FOR_ALL}
    assert {name for name, one in found.items() if one.audience == (PUBLIC,)} == FOR_ALL
    assert {name for name, one in found.items() if one.audience == (HOLDER,)} == FOR_HOLDERS
    assert all("/panel" in name for name in PANEL)


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
        session = await another_session(user or self.cast.admin) if "{session_id" in name else None
        path = objects.path(address, session_id=session and session.id)
        if address.method == "GET":
            return await browser.get(path)
        body = BODIES[name](objects) if name in BODIES else {}
        return await browser.post(path, content=urlencode(body), headers=FORM)


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    """Who gets where does not depend on the engine, and these are many requests."""
    return sqlite_db


@pytest.fixture
async def world(db: Settings, database: Database, freeze: Freeze) -> World:
    freeze(AFTER)
    return await database.world("two hubs with everything", partial(make_world, db.data_dir))


async def make_world(folder: Path) -> World:
    cast = await make_cast()
    here = await objects_of(cast.hub, [cast.facilitator])
    there = await objects_of(cast.elsewhere, [cast.facilitator_elsewhere])
    found = routes(folder)
    return World(cast, {HERE: here, THERE: there}, {name: found[name] for name in PANEL})


async def another_session(user: User) -> StaffSession:
    now, digest = clock.now(), tokens.digest(tokens.session_id(), "session")
    return await StaffSession.create(
        token_hash=digest, user=user, seen_at=now, idle_minutes=60, expires_at=now + timedelta(hours=8)
    )


def outcome(answer: Response) -> str:
    if answer.status_code == 303 and answer.headers["location"].startswith("/entrar"):
        return SIGN_IN
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in (401, 403, 404, 405) else IN


N_PARTS = 3
"""So many parts the panel is asked in, for workers to share."""

# Who coordinates the other hub finds what the first one finds, the other way round: the long proofs look.
MIRRORED = pytest.param("coordinator_elsewhere", marks=pytest.mark.proof)


@pytest.mark.parametrize("part", range(N_PARTS))
@pytest.mark.parametrize("account", [*(one for one in ACCOUNTS if as_at(one)[1] == HERE), MIRRORED])
async def test_panel_opens_to_role_and_hub_and_to_nobody_else(
    world: World, client: AsyncClient, account: str, part: int
) -> None:
    user, (_role, own_hub) = getattr(world.cast, account), as_at(account)
    await make.sign_in(client, user)
    asked, hidden = list(worth_asking(account))[part::N_PARTS], hidden_from(world, account)

    seen, leaked = {}, set()
    for name, whose in asked:
        answer = await world.ask(client, name, whose, user if whose == own_hub else world.cast.facilitator_elsewhere)
        seen[f"{name} {whose}"], text = outcome(answer), answer.text
        leaked |= {(name, secret) for secret in hidden if secret in text}

    assert seen == {f"{name} {whose}": PANEL[name].verdict(account, whose) for name, whose in asked}
    assert leaked == set()


def worth_asking(account: str) -> Iterator[tuple[str, str]]:
    """Every route, at both hubs. Whom a role keeps out, whatever the object, is asked at one of them in turn."""
    turns = cycle((HERE, THERE))
    for name, rule in PANEL.items():
        is_kept_out = {rule.verdict(account, whose) for whose in (HERE, THERE)} == {FORBIDDEN}
        for whose in [next(turns)] if is_kept_out else (HERE, THERE):
            yield name, whose


def hidden_from(world: World, account: str) -> frozenset[str]:
    """People, messages and papers of the other hub; of any hub from who works without one."""
    role, own_hub = as_at(account)
    if role in WITHOUT_HUB:
        return world.at[HERE].secrets | world.at[THERE].secrets
    return world.at[THERE if own_hub == HERE else HERE].secrets


async def test_panel_is_closed_to_an_account_without_a_role(world: World, client: AsyncClient) -> None:
    user = await make.make_user(None)
    await make.sign_in(client, user)

    seen = {name: outcome(await world.ask(client, name, HERE, user)) for name in PANEL}

    assert seen == dict.fromkeys(PANEL, FORBIDDEN)


async def test_panel_leads_visitors_to_sign_in_and_tells_programs_so(world: World, client: AsyncClient) -> None:
    seen = {name: outcome(await world.ask(client, name, HERE)) for name in PANEL}
    client.headers["accept"] = "application/json"
    told = {name: outcome(await world.ask(client, name, HERE)) for name in PANEL}

    assert seen == dict.fromkeys(PANEL, SIGN_IN)
    assert told == dict.fromkeys(PANEL, "401")


async def test_what_does_not_exist_is_as_unknown_as_what_is_elsewhere(world: World, client: AsyncClient) -> None:
    await make.sign_in(client, world.cast.coordinator)
    closed = (EVERYBODY, EDITORS_LIST, ONES_OWN, PLATFORM, ADMIN, ACCOUNT)
    one_of_many = {name: rule for name, rule in PANEL.items() if "{" in name and rule not in closed}
    nothing = dict.fromkeys(("id", "registration_id", "operator", "one", "other"), NOWHERE)

    seen = {}
    for name in one_of_many:
        address = world.panel[name]
        path = world.at[HERE].path(address, **nothing)
        answer = await client.request(
            address.method, path, content="", headers=FORM if address.method == "POST" else None
        )
        seen[name] = outcome(answer)

    assert seen == dict.fromkeys(one_of_many, NOT_FOUND)


# -- objects that a form or a query names


async def test_door_tells_nothing_of_people_elsewhere_whom_a_form_names(world: World, client: AsyncClient) -> None:
    await make.sign_in(client, world.cast.facilitator)
    door, stranger = f"/panel/sesiones/{world.session(HERE)}/asistencia", world.at[THERE].person
    mark = {"id": tokens.uuid7(), "registration": stranger.id, "how": "list"}

    await client.post(f"{door}/marcas", content=urlencode(mark), headers=FORM)
    page = await client.get(f"{door}?marca={mark['id']}")

    event = await ScanEvent.get(id=mark["id"])
    assert (event.registration_id, event.flag) == (None, "unknown_code")
    assert not any(secret in page.text for secret in world.at[THERE].secrets)


async def test_door_takes_nothing_back_that_was_marked_elsewhere(world: World, client: AsyncClient) -> None:
    there = world.at[THERE]
    event = await ScanEvent.filter(registration_id=there.completed.id).get()
    await make.sign_in(client, world.cast.facilitator)
    door = f"/panel/sesiones/{world.session(HERE)}/asistencia"

    shown = await client.get(f"{door}?marca={event.id}")
    await client.post(f"{door}/deshacer", content=urlencode({"event": event.id}), headers=FORM)

    assert "Delia" not in shown.text
    assert (await Attendance.get(registration_id=there.completed.id)).is_present


async def test_training_takes_no_place_or_meeting_of_another_hub(world: World, client: AsyncClient) -> None:
    here, there = world.at[HERE], world.at[THERE]
    await make.sign_in(client, world.cast.coordinator)
    edit = f"/panel/capacitaciones/{here.coming.id}/editar"
    page = posted((await client.get(edit)).text)

    answers = [
        await client.post(edit, content=urlencode(page | changed, doseq=True), headers=FORM)
        for changed in (
            {"venue": world.cast.venue_elsewhere.id},
            {"sessions-0-venue": world.cast.venue_elsewhere.id},
            {"sessions-0-id": world.session(THERE)},
            {"hub": there.hub.id},
        )
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 409, 303]
    assert (await Training.get(id=here.coming.id)).hub_id == here.hub.id
