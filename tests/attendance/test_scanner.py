"""Batches of marks as the scanner sends them: answers, repeats, clocks, and what is refused whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests import make
from tests.attendance.browsers import (
    Freeze,
    NewClient,
    event,
    milliseconds,
    open_held_door,
    path_of,
    send,
    signed_in,
)
from tests.attendance.doors import flags, qr_of
from tests.attendance.uploading import make_device, states
from tests.cast import make_cast
from trainings.attendance import actions
from trainings.attendance.models import ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.settings import Settings


async def test_batch_is_answered_event_by_event_with_the_counts(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    came, again, stranger, elsewhere = (
        event(qr_of(door.ana)),
        event(qr_of(door.ana)),
        event(tokens.qr_token()),
        event("x") | {"session": str(tokens.uuid7())},
    )

    answer = await send(client, door, came, again, stranger, elsewhere)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["n_present"], body["n_expected"]) == (1, 1)
    assert [(one["id"], one["state"], one["flag"], one.get("outcome")) for one in body["results"]] == [
        (came["id"], "stored", "", "present"),
        (again["id"], "stored", "", "already"),
        (stranger["id"], "flagged", "unknown_code", "unknown_code"),
        (elsewhere["id"], "malformed", "", None),
    ]
    first = body["results"][0]
    assert (first["name"], first["arrived"]) == ("Ana Lucía B. C.", "8:30\xa0a.\xa0m.")
    assert (first["registration"], first["event"]) == (str(door.ana.id), came["id"])
    assert body["results"][1]["text"] == "Cuenta una sola vez: llegó a las 8:30\xa0a.\xa0m."
    kept = await ScanEvent.get(id=came["id"])
    assert (kept.seq, kept.user_id) == (1, cast.facilitator.id)

    undone = await send(client, door, *(event(kind="undo", how="list", target=one["id"]) for one in (came, again)))
    assert ([one["outcome"] for one in undone.json()["results"]], undone.json()["n_present"]) == (["undone"] * 2, 0)


async def test_scanner_counts_who_came_from_the_waiting_list_among_the_expected(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast, capacity=1)
    waiting = await make.make_registration(door.training, given_names="Telma", surnames="Ixim")
    client = await signed_in(new_client, cast, "facilitator")

    first = (await send(client, door, event(waiting.short_code, how="typed"))).json()
    second = (await send(client, door, event(door.ana.short_code, how="typed"))).json()

    assert (first["n_present"], first["n_expected"]) == (1, 2)
    assert (second["n_present"], second["n_expected"]) == (2, 2)


async def test_clock_of_the_sender_is_corrected_by_what_it_says_the_time_is_or_by_the_counter_of_its_page(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    now, a_year = door.starts_at + timedelta(minutes=30), timedelta(days=365)
    freeze(now)
    client = await signed_in(new_client, cast, "facilitator")
    lost = event(qr_of(door.ana), at=now - a_year, page="p1", perf=60_000)

    wrong = await send(client, door, event(qr_of(door.ana), at=now - a_year), client_now=milliseconds(now - a_year))
    await send(client, door, lost, page="p1", perf=60_000 + 20 * 60_000)

    assert wrong.json()["results"][0]["arrived"] == "9:00\xa0a.\xa0m."
    kept = await ScanEvent.all().order_by("at").values_list("at", "dated_by", "flag")
    assert kept == [(now - timedelta(minutes=20), "page", "clock"), (now, "clock", "clock")]


async def test_mark_that_comes_by_a_phone_and_by_the_panel_is_one_and_another_body_a_conflict_whichever_way(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    device = await make_device(door)
    mark = event(qr_of(door.ana), session=str(door.key))
    other = mark | {"at": mark["at"] - 60_000}

    async def by_panel(one: dict[str, Any]) -> tuple[str, str]:
        [told] = (await send(client, door, one)).json()["results"]
        return told["state"], told["flag"]

    assert await states(device, mark) == [("stored", "")]
    assert await by_panel(mark) == ("already", "")
    assert await by_panel(other) == ("conflict", "changed_body")
    assert await states(device, other, mark) == [("conflict", "changed_body"), ("already", "changed_body")]
    assert sorted(await flags(door)) == ["changed_body"] * 2


async def test_what_is_no_batch_is_refused_whole_and_in_words(new_client: NewClient, db: Settings) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    good = event(qr_of(door.ana), session=str(door.key))
    path = f"{path_of(door)}/marcas"
    bodies: list[Any] = [
        "",
        "{",
        "[]",
        "null",
        '{"events": []}',
        "[" * 5_000,
        {"events": [good]},
        {"events": [good], "client_now": "soon"},
        {"events": [good] * 51, "client_now": 1},
    ]

    for body in bodies:
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        answer = await client.post(path, headers={"content-type": "application/json"}, **sent)
        assert answer.status_code == 400, body
        assert answer.json()["sentence"] == "No pudimos leer las marcas que envió este aparato."
    too_large = await client.post(path, content="x" * 70_000, headers={"content-type": "application/json"})
    foreign = await client.post(path, json={}, headers={"origin": "https://evil.example"})
    plain = await client.post(path, content="{}", headers={"content-type": "text/plain"})
    stranger = await send(new_client(), door, event(qr_of(door.ana)))

    assert (too_large.status_code, foreign.status_code, plain.status_code) == (413, 403, 415)
    assert (stranger.status_code in (303, 401), "results" in stranger.text) == (True, False)
    assert await ScanEvent.all().count() == 0


ODD: list[dict[str, Any]] = [
    {"id": "x"},
    {"at": None},
    {"kind": "walkin"},
    {"kind": "close"},
    {"kind": "heads", "number": 2},
    {"code": "x" * 301},
    {"registration": ["x"]},
    {"code": None},
]


async def test_event_that_nobody_understands_holds_back_no_other(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await send(client, door, *(event(qr_of(door.ana)) | odd for odd in ODD), event(qr_of(door.ana)))

    assert [one["state"] for one in answer.json()["results"]] == ["malformed"] * len(ODD) + ["stored"]
    assert await ScanEvent.all().count() == 1


async def test_page_of_a_session_sends_no_line_of_the_signed_paper_after_its_closing(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    client = await signed_in(new_client, cast, "assistant")
    line, tapped = (event(registration=str(door.ana.id), how=how) for how in ("sheet", "list"))

    answer = await send(client, door, line, tapped)

    assert [(one["state"], one["flag"]) for one in answer.json()["results"]] == [
        ("malformed", ""),
        ("flagged", "after_close"),
    ]
