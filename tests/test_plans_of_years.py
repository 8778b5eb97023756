"""Every statement that a request can reach, planned in a database of 200,000 sign-ups on both engines: none reads from
end to end a table that grows, none sorts more than a page.

A long proof: making the database takes twenty seconds on SQLite and a minute on PostgreSQL (once: it is kept), and all
pages are walked as each role. `test_plans.py` asks a sample of every run, in a small database.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient
from tortoise.connection import get_connection

from tests import asgi, large_world, make, postgres_server
from tests.access_public import FOR_ALL, FOR_HOLDERS
from tests.access_table import ACCOUNTS, HERE, PANEL, as_at
from tests.certificates.held import AFTER
from tests.counting import asked
from tests.database import Database, forget, settings_for
from tests.registrations.forms import of_page
from tests.test_journeys import ANSWERS
from tests.two_hubs import World, routes
from trainings import clock
from trainings.app import create_app
from trainings.attendance.device_access import COOKIE, device_digest
from trainings.attendance.models import Device, DeviceSession
from trainings.db import connect, sql, transaction
from trainings.lib import tokens
from trainings.settings import Settings, get_settings

pytestmark = pytest.mark.proof

GROWING = 10_000
"""Rows: of tables with more, nothing may be read from end to end."""
READ, SORTED = 3_000, 500
"""Rows that one statement may read, and sort."""
READING = ("SELECT", "UPDATE", "DELETE", "WITH")

READY = "GET /salud/listo"
"""Keys do not open what was copied: it is sealed to the first row."""


@dataclass(frozen=True)
class Fault:
    page: str
    step: str
    n: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.step} ({self.n:,} rows): {' '.join(self.text.split())}"


@dataclass(frozen=True)
class Excuse:
    """A statement that may do it, on these engines, for so many rows at most."""

    fragment: str
    most: int
    why: str
    engines: tuple[str, ...] = ("sqlite", "postgres")

    def fits(self, engine: str, fault: Fault) -> bool:
        return engine in self.engines and self.fragment in str(fault) and fault.n <= self.most


SQLITE, POSTGRES = ("sqlite",), ("postgres",)
EXCUSED = (
    Excuse(" AS tried WHERE", 300_000, "fifty rows in the order of keys: do keys open what is sealed?", SQLITE),
    Excuse('FROM "participant" WHERE "municipality_id" IN', 250_000, "a figure: how people write their communities"),
    Excuse('FROM "participant_merge" WHERE', 60_000, "a figure: who may be the same person, of all of a hub"),
    Excuse('SELECT "sheet_row"."card_id"', 60_000, "a practice is emptied: its sheets, once in a training", SQLITE),
    Excuse('SELECT "certificate_file"."certificate_id"', 30_000, "an export: the files of all of a training", SQLITE),
    Excuse('WHERE "issue_skip"."job_id"=', 60_000, "a press of all diplomas: whom it left out", SQLITE),
    Excuse(
        "guardian.participant_id = this.participant_id WHERE this.training_id = ANY",
        30_000,
        "guardians are few: those of minors",
        POSTGRES,
    ),
    Excuse(
        'FROM "card" WHERE "block_id" IS NULL', 15_000, "a figure: how many spare cards each sheet has left", POSTGRES
    ),
    Excuse(
        "FROM session_feed feed JOIN", 10_000, "the country's calendar, kept in memory: each session is a row", POSTGRES
    ),
    Excuse(
        'SELECT "session_feed"."session_id" "0"',
        10_000,
        "the country's list for other sites, as its calendar",
        POSTGRES,
    ),
    Excuse(
        'IN (SELECT "training_id" "training_id" FROM "training_session" WHERE "ends_at">',
        10_000,
        "sessions that are not over, some thousand a year in all: the mapper sorts them, as everywhere",
        POSTGRES,
    ),
    Excuse(
        "this.hub_id IN (SELECT value FROM json_each(?)) AND this.kind IN",
        300_000,
        "messages of hubs since their oldest open call list: no index holds both, so by the hub's or by none",
        SQLITE,
    ),
    Excuse("WITH event AS", 2_000, "a figure: municipalities where nothing was held", POSTGRES),
)
"""What reads or sorts more, and why it may."""


@dataclass
class Walk:
    """What pages asked of the database: each text once, with values, and on which page first."""

    statements: dict[str, tuple[Sequence[Any], str]] = field(default_factory=dict)

    async def send(self, name: str, send: Callable[[], Any]) -> Any:
        with asked() as sent:
            answer = await send()
        for text, values in sent.items():
            if text.lstrip().startswith(READING) and "1=0" not in text:
                self.statements.setdefault(text, (_of_one(text, values), name))
        assert answer.status_code < 500 or name == READY, (name, answer.text)
        return answer


def _of_one(text: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values of the first row, where a text is sent for many."""
    n = max([text.count("?"), *(int(found[1]) for found in re.finditer(r"\$(\d+)", text))])
    is_of_many = bool(values) and isinstance(values[0], (list, tuple)) and (len(values), len(values[0])) != (n, 1)
    return values[0] if is_of_many and len(values) != n else values


@pytest.fixture
async def large(
    database: Database, engine: str, tmp_path: Path, freeze: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    await database.close()
    monkeypatch.setattr(get_settings(), "rate_limits", False)
    folder = tmp_path / "data"
    if engine == "sqlite":
        shutil.copytree(large_world.kept_on_sqlite(), folder)
        settings = settings_for(folder)
    else:
        of = f"_{large_world.version()}"
        url = await postgres_server.filled_database(
            "plans", lambda url: large_world.make(settings_for(folder, url)), of=of
        )
        settings = settings_for(folder, url)
    forget()
    freeze(AFTER)
    async with connect(settings):
        yield settings
    forget()
    # A gigabyte, which would stay for three runs.
    shutil.rmtree(folder, ignore_errors=True)


async def test_no_statement_of_any_page_reads_what_grows_from_end_to_end(large: Settings, tmp_path: Path) -> None:
    world, walk = await large_world.told(), Walk()
    async with asgi.running(create_app(large, with_worker=False)) as app:
        await as_visitor(walk, world, asgi.browser(app), tmp_path)
        await as_phone(walk, world, asgi.browser(app))
        for account in ACCOUNTS:
            if as_at(account)[1] == HERE:
                await as_staff(walk, world, asgi.browser(app), account)
        await as_holder(walk, world, asgi.browser(app), tmp_path)
    assert len(walk.statements) > 700

    engine = "sqlite" if large.is_sqlite else "postgres"
    faults = [fault async for fault in (faults_on_sqlite if large.is_sqlite else faults_on_postgres)(walk)]
    excuses = {fault: next((one for one in EXCUSED if one.fits(engine, fault)), None) for fault in faults}
    assert [str(fault) for fault, excuse in excuses.items() if excuse is None] == []
    assert [one.fragment for one in EXCUSED if engine in one.engines and one not in excuses.values()] == [], "stale"


async def as_visitor(walk: Walk, world: World, browser: AsyncClient, folder: Path) -> None:
    found = routes(folder)
    for name in sorted(FOR_ALL | FOR_HOLDERS):
        address = found[name]
        if address.method == "GET" and "entrar/enlace" not in name:
            await walk.send(name, partial(browser.get, world.at[HERE].path(address)))
    page = f"/capacitaciones/{world.at[HERE].coming.slug}/inscripcion"
    body = ANSWERS | of_page()
    await walk.send(f"POST {page}", lambda: browser.post(page, data=body))


SAID = {
    "nombre": {"given_names": "Ana María", "surnames": "Coc Xol"},
    "apoyo": {"needs": "ramp"},
    "datos": {"papers": "keep", "sure": "yes"},
    "permisos": {"given": "yes"},
    "verificar": {"folio": "VIMMIG-1705-2026-000001", "name": "Ana Coc"},
    "inscripciones": {"code": "ABCDEFGHX"},
    "alta": {"code": "12345678"},
}
LAST = ("cancelar", "/datos", "mio", "no-puedo", "devolver", "salir")


async def as_holder(walk: Walk, world: World, browser: AsyncClient, folder: Path) -> None:
    """What people send, with few fields: many are read far before a form is refused. What ends a sign-up comes last."""
    found = routes(folder)
    posts = [name for name in FOR_ALL | FOR_HOLDERS if found[name].method == "POST" and "/marcar/" not in name]
    for name in sorted(posts, key=lambda one: (one.endswith(LAST), one)):
        body = next((fields for word, fields in SAID.items() if word in name), {})
        await walk.send(name, partial(browser.post, world.at[HERE].path(found[name]), data=body))


async def as_phone(walk: Walk, world: World, browser: AsyncClient) -> None:
    """State, list and marks of a prepared phone: a card and a typed code, both before their day."""
    here, session, token = world.at[HERE], world.session(HERE), tokens.own_link()
    device = await Device.create(hub_id=here.hub.id, name="Teléfono", token_hash=device_digest(token))
    await DeviceSession.create(device_id=device.id, session_id=session)
    fields = {"x-marcar": "1", "cookie": f"{COOKIE}={token}"}
    for path in ("estado", f"sesiones/{session}/lista"):
        await walk.send(f"GET {path}", partial(browser.get, f"/marcar/api/{path}", headers=fields))
    ready = {"version": "1", "sessions": {str(session): "1"}}
    await walk.send("POST listo", lambda: browser.post("/marcar/api/listo", json=ready, headers=fields))
    now = round(clock.now().timestamp() * 1000)
    seen = {"kind": "in", "session": str(session), "at": now}
    read = ({"how": "camera", "h": here.person.qr_hash[:24]}, {"how": "typed", "code": here.person.short_code})
    events = [{"id": str(tokens.uuid7()), "seq": seq, **seen, **one} for seq, one in enumerate(read, 1)]
    sent = {"client_now": now, "last_seq": 2, "n_unsent": 0, "events": events}
    answer = await walk.send("POST marcas", lambda: browser.post("/marcar/api/marcas", json=sent, headers=fields))
    assert [one["state"] for one in answer.json()["results"]] == ["flagged", "flagged"]


async def as_staff(walk: Walk, world: World, browser: AsyncClient, account: str) -> None:
    user = getattr(world.cast, account)
    before = "/panel/cuenta"
    for name, rule in PANEL.items():
        if account in rule.opens_to:
            if "/panel/cuenta" in before:
                # There sessions are ended.
                await make.sign_in(browser, user)
            before = name
            await walk.send(f"{name} ({account})", partial(world.ask, browser, name, HERE, user))


# -- SQLite

NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
SCANNED = re.compile(
    r"^SCAN (?:TABLE )?(\w+)(?: USING (?:COVERING )?INDEX (\w+))?|^SEARCH (?:TABLE )?(\w+) .*AUTOMATIC"
)
LIMIT = re.compile(r"\s+LIMIT\s+\S+(?:\s+OFFSET\s+\S+)?\s*$")


async def faults_on_sqlite(walk: Walk) -> AsyncIterator[Fault]:
    sizes = await _sizes_on_sqlite()
    for text, (values, page) in walk.statements.items():
        aliases = {alias: table for table, alias in NAMED.findall(text)} | {one: one for one, _ in NAMED.findall(text)}
        for step in await _explained(f"EXPLAIN QUERY PLAN {text}", values):
            if match := SCANNED.match(step["detail"]):
                scanned, index, searched = match.groups()
                n = sizes.get(index or aliases.get(scanned or searched, ""), 0)
                if n > GROWING:
                    yield Fault(page, step["detail"], n, text)
            elif "TEMP B-TREE FOR ORDER BY" in step["detail"] and (n := await _n_sorted(text, values)) > SORTED:
                yield Fault(page, step["detail"], n, text)


async def _sizes_on_sqlite() -> dict[str, int]:
    """Rows of each table, and of each index: one of a part of the rows may be read whole."""
    sizes: dict[str, int] = {}
    for row in await sql.rows("SELECT tbl, idx, CAST(stat AS INT) AS n FROM sqlite_stat1"):
        sizes[row["idx"] or row["tbl"]] = row["n"]
        sizes[row["tbl"]] = max(row["n"], sizes.get(row["tbl"], 0))
    return sizes


async def _n_sorted(text: str, values: Sequence[Any]) -> int:
    """The rows that it finds, however few of them it gives."""
    whole = LIMIT.sub("", text)
    if not text.lstrip().startswith("SELECT"):
        return 0
    [row] = await _explained(f"SELECT COUNT(*) AS n FROM ({whole})", values[: whole.count("?")])
    n: int = row["n"]
    return n


async def _explained(text: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    return await get_connection("default").execute_query_dict(text, list(values))


# -- PostgreSQL


async def faults_on_postgres(walk: Walk) -> AsyncIterator[Fault]:
    """What is read is counted in doing it; what would be written is only planned."""
    rows = await sql.rows("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
    growing = {row["relname"] for row in rows if row["reltuples"] > GROWING}
    for text, (values, page) in walk.statements.items():
        how = "ANALYZE, " if text.lstrip().startswith("SELECT") else ""
        async with transaction():
            await sql.execute("SET LOCAL max_parallel_workers_per_gather = 0")
            [row] = await _explained(f"EXPLAIN ({how}FORMAT JSON) {text}", values)
        for step in _steps(json.loads(row["QUERY PLAN"])[0]["Plan"]):
            kind, table, n = step["Node Type"], step.get("Relation Name"), _n_read(step)
            is_whole = kind == "Seq Scan"
            if table in growing and "Scan" in kind and (is_whole or n > READ):
                yield Fault(page, f"{kind} on {table}", n, text)
            elif "Sort" in kind and (n := _n_read(step["Plans"][0])) > SORTED:
                yield Fault(page, kind, n, text)


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _steps(one)


def _n_read(step: dict[str, Any]) -> int:
    dropped = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return int((step.get("Actual Rows", step["Plan Rows"]) + dropped) * step.get("Actual Loops", 1))
