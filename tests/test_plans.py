"""What is asked fifty times a week is found by an index: no statement reads a table from its beginning to its end."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from httpx2 import AsyncClient
from tortoise.connection import get_connection

from tests.attendance import uploading
from tests.attendance.browsers import event, open_held_door, send, signed_in
from tests.attendance.doors import qr_of
from tests.attendance.prepared_phones import make_phone
from tests.cast import make_cast
from tests.counting import statements
from tests.make import make_registration
from tests.registrations.forms import of_page
from tests.test_journeys import ANSWERS
from trainings.accounts.queries import actor_of
from trainings.db import sql
from trainings.db.sqlite_reader import ReadingClient
from trainings.jobs import COMPOSERS
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.panel.office.waiting import waiting_for
from trainings.privacy import merge_queries
from trainings.registrations.models import OwnLink
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]

FEW_ROWS = {
    "operator",
    "hub",
    "hub_service",
    "municipality",
    "topic",
    "project",
    "venue",
    "course",
    "app_user",
    "role_grant",
    "mail_hold",
    "help_contact",
    "erasure_request",
}
"""Tables of places, staff and the catalogue, of whom to call, of the mail servers that refuse us, and of erasures that
wait for a yes.
"""
OF_THE_CALENDAR = {
    "training",
    "training_session",
    "session_facilitator",
    "outreach_activity",
    "unavailability",
    "feast_day",
}
"""Some thousand rows a year, read by their dates; all others grow with the people who sign up and come."""
WHAT_WAITS = {"ix_scan_event_to_decide", "ix_head_count_waiting"}
"""Indexes of nothing but what staff have not decided yet."""

READING = ("SELECT", "UPDATE", "DELETE", "WITH")
NAMED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', re.IGNORECASE)
READ_WHOLE = re.compile(
    r"^SCAN (?:TABLE )?(\w+)(?: USING (?:COVERING )?INDEX (\w+))?|^SEARCH (?:TABLE )?(\w+) .*AUTOMATIC"
)
OF_A_TIME = re.compile(r"\(\w+[<>]")
"""All rows since a moment, whosever they are."""


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    """The plans are SQLite's: PostgreSQL reads a small table whole, whatever indexes it has."""
    return sqlite_db


async def plan_of(text: str) -> list[dict[str, Any]]:
    return await get_connection("default").execute_query_dict(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))


async def whole_tables(text: str, growing: set[str]) -> set[str]:
    """The tables that SQLite reads from end to end for a statement, or makes an index of for it alone."""
    aliases = {alias: table for table, alias in NAMED.findall(text)} | {
        table: table for table, _ in NAMED.findall(text)
    }
    found = [match.groups() for step in await plan_of(text) if (match := READ_WHOLE.match(step["detail"]))]
    read = [scanned or searched for scanned, index, searched in found if index not in WHAT_WAITS]
    return {table for name in read if (table := aliases.get(name, "")) in growing}


async def growing_tables() -> set[str]:
    rows = await sql.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {row["name"] for row in rows} - FEW_ROWS - OF_THE_CALENDAR


async def read_whole(texts: list[str]) -> list[str]:
    """`table: statement`, each once."""
    growing = await growing_tables()
    # `1=0` is what is asked by an empty list: it is known beforehand that nothing is found.
    asked = dict.fromkeys(text for text in texts if text.lstrip().startswith(READING) and "1=0" not in text)
    return [f"{table}: {' '.join(text.split())}" for text in asked for table in await whole_tables(text, growing)]


async def test_sign_up_and_ticket_are_found_by_index(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = new_client()
    with statements() as sent:
        await client.get(f"/capacitaciones/{door.training.slug}/inscripcion")
        answer = await client.post(f"/capacitaciones/{door.training.slug}/inscripcion", data=ANSWERS | of_page())
        assert answer.status_code == 303
        own = answer.headers["location"]
        for path in (own, f"{own}/boleto.png", f"{own}/cambiar"):
            await client.get(path)

    assert await read_whole(sent) == []


async def test_marks_are_found_by_index(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    with statements() as sent:
        first = event(qr_of(door.ana))
        for one in (
            first,
            event(door.ana.short_code, how="typed"),
            event(tokens.qr_token()),
            event(tokens.short_code(), how="typed"),
            event(registration=str(door.ana.id), how="list"),
            event(kind="out", registration=str(door.ana.id), how="list"),
            event(kind="undo", target=first["id"], how="list"),
        ):
            assert (await send(client, door, one)).status_code == 200

    assert await read_whole(sent) == []


async def test_what_a_phone_sends_and_asks_is_found_by_index(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    phone = await make_phone(new_client(), door.training, cast.coordinator)
    made = uploading.event(door, h=uploading.h(door.ana))
    with statements() as sent:
        for answer in (
            await phone.post("marcas", {"client_now": made["at"], "last_seq": 1, "n_unsent": 0, "events": [made]}),
            await phone.get("estado"),
            await phone.get(f"sesiones/{door.key}/lista"),
        ):
            assert answer.status_code == 200

    assert await read_whole(sent) == []


LISTS = {
    "anonymous": ("/", "/capacitaciones", "/calendario", "/municipios/la-libertad-peten", "/capacitaciones/{slug}"),
    "facilitator": ("/panel", "/panel/sesiones/{session}/asistencia", "/panel/buscar?q=ana"),
    "coordinator": (
        "/panel",
        "/panel/lista",
        "/panel/lista?q=ana",
        "/panel/mes",
        "/panel/buscar?q=ana+tz",
        "/panel/buscar?q=1234",
        "/panel/buscar?q={code}",
        "/panel/buscar?q=VIMMIG-1705-2026-1",
        "/panel/capacitaciones/{training}",
        "/panel/capacitaciones/{training}/espera",
        "/panel/inscripciones/{registration}",
        "/panel/llamadas",
        "/panel/revisar",
        "/panel/apoyos",
        "/panel/sesiones/{session}/asistencia?q=ana",
        "/panel/folios",
    ),
}


@pytest.mark.parametrize("who", LISTS)
async def test_lists_and_searches_are_found_by_index(new_client: NewClient, who: str) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = new_client() if who == "anonymous" else await signed_in(new_client, cast, who)
    found = []
    for path in LISTS[who]:
        with statements() as sent:
            answer = await client.get(
                path.format(
                    slug=door.training.slug,
                    training=door.training.id,
                    session=door.key,
                    registration=door.ana.id,
                    code=door.ana.short_code,
                )
            )
            assert answer.status_code == 200, path
        found += [f"{path} {line}" for line in await read_whole(sent)]

    assert found == []


async def test_what_the_event_loop_reads_itself_is_found_by_keys(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "coordinator")
    asked: dict[str, None] = {}
    read = ReadingClient.rows_here

    def noted(reader: ReadingClient, text: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        asked[text] = None
        return read(reader, text, values)

    monkeypatch.setattr(ReadingClient, "rows_here", noted)
    public = f"/capacitaciones/{door.training.slug}"
    ticket = f"/i/{(await OwnLink.get(registration_id=door.ana.id)).token}"
    staff = f"/panel/capacitaciones/{door.training.id}", f"/panel/inscripciones/{door.ana.id}"
    for path in (*staff, public, f"{public}/inscripcion", ticket):
        assert (await client.get(path)).status_code == 200
    written_to = await make_registration(door.training, email="ana@x.example")
    mail = await COMPOSERS["registration_confirmed"](await OutboxJob.get(subject_id=written_to.id))
    assert mail is not None
    assert mail.on_leaving is not None
    assert await mail.on_leaving()

    growing = await growing_tables() | OF_THE_CALENDAR
    steps = [row["detail"] for text in asked for row in await plan_of(text)]
    assert [table for text in asked for table in await whole_tables(text, growing)] == []
    assert [step for step in steps if OF_A_TIME.search(step)] == []
    assert all(any(index in step for step in steps) for index in ("idx_call_list_trainin", "idx_dated_chang_session"))


async def test_people_of_a_hub_are_searched_among_its_own(db: Settings) -> None:
    cast = await make_cast()
    await open_held_door(cast)
    with statements() as sent:
        found = await merge_queries.found(await actor_of(cast.coordinator), "ana")

    assert found != []
    assert await read_whole(sent) == []


async def test_numbers_beside_the_places_of_the_panel_are_found_by_index(db: Settings) -> None:
    cast = await make_cast()
    await open_held_door(cast)
    actor = await actor_of(cast.coordinator)
    with statements() as sent:
        await waiting_for(actor)
    [messages] = [text for text in sent if '"outbox_job"' in text]

    assert await read_whole(sent) == []
    assert "ix_outbox_open" in str(await plan_of(messages)), "not all that the hub ever sent"
