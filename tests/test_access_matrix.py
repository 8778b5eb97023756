"""Who gets where: every route of the application, seven accounts, the objects of one's own hub and of another.

A new route fails the first test until it has its line in a table of `access_table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make, moment
from tests.access_public import FOR_ALL, FOR_HOLDERS
from tests.access_table import (
    ACCOUNT,
    ACCOUNTS,
    ADMIN,
    BODIES,
    COURSE,
    EDITORS_LIST,
    EVERYBODY,
    HERE,
    NOT_FOUND,
    ONES_OWN,
    PANEL,
    PLATFORM,
    ROLES,
    SIGN_IN,
    THERE,
    WITHOUT_HUB,
    as_at,
)
from tests.certificates.held import AFTER
from tests.database import Database
from tests.schedule.panel import NOWHERE, posted
from tests.test_led_to import is_refused, name_of, ways_of
from tests.two_hubs import FORM, World, outcome, routes, two_hubs
from trainings.attendance.models import Attendance, ScanEvent
from trainings.lib import tokens
from trainings.schedule.models import Training
from trainings.settings import Settings
from trainings.web.allow import HOLDER, PUBLIC

TODAY = moment.turn()

Freeze = Callable[[datetime], None]


def test_every_route_is_in_a_table_and_open_to_the_roles_that_it_says(tmp_path: Path) -> None:
    found = routes(tmp_path)

    assert set(found) == {*PANEL, *FOR_HOLDERS, *FOR_ALL}
    said = {name: {ROLES[one] for one in rule.opens_to} for name, rule in PANEL.items()}
    assert {name: set(found[name].audience) for name in PANEL} == said
    assert {name for name, one in found.items() if one.audience == (PUBLIC,)} == FOR_ALL
    assert {name for name, one in found.items() if one.audience == (HOLDER,)} == FOR_HOLDERS
    assert all("/panel" in name for name in PANEL)


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    """Who gets where does not depend on the engine, and these are many requests."""
    return sqlite_db


@pytest.fixture
async def world(db: Settings, database: Database, freeze: Freeze) -> World:
    freeze(AFTER)
    return await two_hubs(database, db)


NOBODY = "nobody"
"""Whose account has no role."""
FEW = 4
"""One in so many routes is asked today for what each other one answers by the same lines."""

Asked = list[tuple[str, str]]
"""Names of routes, each with whose objects are put into it."""


@pytest.mark.parametrize("account", [*(one for one in ACCOUNTS if as_at(one)[1] == HERE), NOBODY])
async def test_panel_opens_to_role_and_hub_and_to_nobody_else(world: World, client: AsyncClient, account: str) -> None:
    asked = [
        (name, whose)
        for place, name in enumerate(PANEL, start=TODAY)
        for who, whose in askers_of(name, place)
        if who == account
    ]

    await check_who_gets_in(world, client, account, asked)


@pytest.mark.proof
@pytest.mark.parametrize("account", [*ACCOUNTS, NOBODY])
async def test_panel_opens_everywhere_to_role_and_hub_only(world: World, client: AsyncClient, account: str) -> None:
    await check_who_gets_in(world, client, account, [(name, whose) for name in PANEL for whose in whose_of(name)])


def askers_of(name: str, place: int) -> Iterator[tuple[str, str]]:
    """Who asks this route today, and with whose objects: at the own hub one of those to whom it opens, and at the other
    one of those who find nothing there, each day another. What a coordinator opens is in `test_headers.py`.

    Whom it keeps out is in its `audience`, which is compared each day: of a few routes one of them asks.
    """
    rule = PANEL[name]
    inside, bound = sorted(rule.opens_to), sorted(rule.insiders | rule.seen or rule.opens_to)
    who = inside[place % len(inside)]
    if not (name.startswith("GET") and who == "coordinator"):
        yield who, HERE
    if THERE in whose_of(name):
        yield bound[place % len(bound)], THERE
    for reader in rule.seen - {who}:
        # Only the action refuses what they may read but not do.
        yield reader, HERE
    if place % FEW == 0 and (closed_to := sorted({*ROLES, NOBODY} - rule.opens_to)):
        yield closed_to[place // FEW % len(closed_to)], HERE


def whose_of(name: str) -> tuple[str, ...]:
    """Of both hubs, where the address or the form names an object."""
    return (HERE, THERE) if "{" in name or name in BODIES else (HERE,)


async def check_who_gets_in(world: World, client: AsyncClient, account: str, asked: Asked) -> None:
    """It gets in where the table says so, reads nothing of others, and is led nowhere else."""
    user = await make.make_user(None) if account == NOBODY else getattr(world.cast, account)
    own_hub, hidden = as_at(account)[1], hidden_from(world, account)
    await make.sign_in(client, user)

    seen, leaked, led = {}, set(), set()
    for name, whose in asked:
        answer = await world.ask(client, name, whose, user if whose == own_hub else world.cast.facilitator_elsewhere)
        seen[f"{name} {whose}"], text = outcome(answer), answer.text
        leaked |= {(name, secret) for secret in hidden if secret in text}
        if (name[:3], answer.status_code) == ("GET", 200) and "html" in answer.headers["content-type"]:
            ways = {name_of(method, there) for method, there, _sent in ways_of(text, answer.url.path)}
            led |= {(name, there) for there in ways if is_refused(account, there)}

    assert seen == {f"{name} {whose}": PANEL[name].verdict(account, whose) for name, whose in asked}
    assert leaked == set()
    assert led == set()


def hidden_from(world: World, account: str) -> frozenset[str]:
    """People, messages and papers of the other hub; of any hub from who works without one."""
    role, own_hub = as_at(account)
    if role in {*WITHOUT_HUB, NOBODY}:
        return world.at[HERE].secrets | world.at[THERE].secrets
    return world.at[THERE if own_hub == HERE else HERE].secrets


async def test_panel_leads_visitors_to_sign_in_and_tells_programs_so(world: World, client: AsyncClient) -> None:
    """Each route does one of both, the next day the other."""
    expected = {name: (SIGN_IN, "401")[place % 2] for place, name in enumerate(PANEL, start=TODAY)}

    seen = {}
    for name, answer in expected.items():
        client.headers["accept"] = "text/html" if answer == SIGN_IN else "application/json"
        seen[name] = outcome(await world.ask(client, name, HERE))

    assert seen == expected


async def test_what_does_not_exist_is_as_unknown_as_what_is_elsewhere(world: World, client: AsyncClient) -> None:
    await check_unknown(world, client, TODAY % FEW, FEW)


@pytest.mark.proof
async def test_whatever_does_not_exist_is_as_unknown(world: World, client: AsyncClient) -> None:
    await check_unknown(world, client, 0, 1)


async def check_unknown(world: World, client: AsyncClient, first: int, every: int) -> None:
    """One in so many of the routes that name one of many objects finds none of a number that nobody has."""
    await make.sign_in(client, world.cast.coordinator)
    closed = (EVERYBODY, EDITORS_LIST, ONES_OWN, PLATFORM, COURSE, ADMIN, ACCOUNT)
    one_of_many = [name for name, rule in PANEL.items() if "{" in name and rule not in closed][first::every]
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
