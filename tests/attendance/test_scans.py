"""Marks of the panel, as its page and its scanner send them: none is refused, none is lost, and attendance is what
they say together.

The rules of presence are asked case by case in `test_rules_table.py`, of marks that phones send in `phones/`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

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
from tests.attendance.doors import Opened, answers, flags, hours, open_door, qr_of, scan, stay, take, undo
from tests.attendance.uploading import make_device, states
from tests.cast import make_cast
from tests.counting import statements
from tests.registrations.card_world import make_spare_cards
from tests.registrations.wishes import wish
from trainings.attendance import actions
from trainings.attendance.events import SentEvent
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.audit.actor import PROGRAM
from trainings.db.sql import rows
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.registrations.commands import SignUp
from trainings.registrations.eligibility import AdultsOnly
from trainings.registrations.models import Registration, Source
from trainings.settings import Settings

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def test_seen_twice_then_two_events_and_one_attendance_from_the_earlier_one(db: Settings) -> None:
    door = await open_door()

    said = [
        *await answers(door, scan(qr_of(door.ana), door.starts_at + 5 * MINUTE)),
        *await answers(door, scan(qr_of(door.ana), door.starts_at + 2 * MINUTE)),
    ]

    assert [(one.outcome, one.arrived_at) for one in said] == [
        ("present", door.starts_at + 5 * MINUTE),
        ("already", door.starts_at + 2 * MINUTE),
    ]
    assert (await ScanEvent.all().count(), await Attendance.all().count()) == (2, 1)
    row = await stay(door)
    assert (row.arrived_at, row.to_review, await flags(door)) == (door.starts_at + 2 * MINUTE, False, ["", ""])


async def test_batch_is_taken_in_order_and_told_as_all_stands_after_it(db: Settings) -> None:
    door = await open_door()
    first, again = scan(qr_of(door.ana), door.starts_at), scan(qr_of(door.ana), door.starts_at + MINUTE)

    outcomes = await take(
        door, first, again, undo(first.id), undo(again.id), scan(qr_of(door.ana), door.starts_at + 5 * MINUTE)
    )

    assert outcomes == ["undone", "undone", "undone", "undone", "present"]
    assert (await stay(door)).arrived_at == door.starts_at + 5 * MINUTE


async def test_batch_of_many_costs_no_more_statements_than_one(db: Settings) -> None:
    door = await open_door(capacity=20)
    people = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(18)]
    with statements() as for_one:
        await take(door, scan(qr_of(door.ana), door.starts_at))

    with statements() as for_many:
        await take(door, *(scan(qr_of(one), door.starts_at) for one in people))

    assert len(for_many) <= len(for_one) + 2, "both inserts go in parts of sixteen rows"


async def test_undo_takes_back_the_event_that_it_names_at_its_session_and_no_other(db: Settings) -> None:
    door = await open_door(n_sessions=2)
    on_a, on_b = (scan(qr_of(door.ana), door.starts_at + n * MINUTE) for n in (0, 3))
    left = scan(registration=door.ana, at=door.starts_at + HOUR, kind=ScanKind.OUT)
    assert [await take(door, one) for one in (on_a, on_b, left)] == [["present"], ["already"], ["left"]]

    await take(door, undo(on_a.id), undo(tokens.uuid7()), session=door.training.sessions[1].id)
    assert (await stay(door)).arrived_at == door.starts_at, "another session's undo is nothing here"
    await take(door, undo(on_a.id))
    row = await stay(door)
    assert (row.arrived_at, row.left_at) == (door.starts_at + 3 * MINUTE, door.starts_at + HOUR)
    await take(door, undo(left.id))
    assert (await stay(door)).left_at is None
    assert await take(door, undo(on_b.id)) == ["undone"]

    row = await stay(door)
    assert (row.is_present, row.arrived_at) == (False, None)
    assert await ScanEvent.all().count() == 8, "nothing is deleted"


async def test_lost_answer_sent_again_is_one_event_and_the_same_answer(db: Settings) -> None:
    door = await open_door()
    came, again = scan(qr_of(door.ana), door.starts_at), scan(qr_of(door.ana), door.starts_at + MINUTE)
    unknown = scan(tokens.qr_token(), door.starts_at)
    batch = (came, again, unknown, undo(tokens.uuid7()))

    first, second = await answers(door, *batch), await answers(door, *batch)

    assert first == second
    assert [one.outcome.value for one in second] == ["present", "already", "unknown_code", "undone"]
    assert await ScanEvent.all().count() == 4


# -- nobody's, or of another door


async def test_row_of_another_training_is_nobodys_here_until_its_person_was_marked(db: Settings) -> None:
    door = await open_door()
    elsewhere = await make.make_registration(await make.make_training(), given_names="Berta")
    tapped = scan(registration=elsewhere, at=door.starts_at)

    assert await take(door, tapped) == ["unknown_code"]
    assert await Attendance.all().count() == 0

    left = scan(registration=elsewhere, at=door.starts_at + MINUTE, kind=ScanKind.OUT)
    assert await take(door, scan(qr_of(elsewhere), door.starts_at)) == ["review"]
    assert await take(door, left) == ["left"]
    assert (await stay(door, elsewhere)).left_at == door.starts_at + MINUTE


@pytest.mark.both_engines
async def test_unknown_code_is_kept_sealed_for_later(db: Settings) -> None:
    door = await open_door()
    unknown, short = tokens.qr_token(), tokens.short_code()

    said = await answers(door, scan(unknown, door.starts_at), scan(short, door.starts_at, how=ScanHow.TYPED))

    assert [(one.outcome.value, one.registration) for one in said] == [("unknown_code", None)] * 2
    events = await ScanEvent.all().order_by("id")
    assert [(one.unknown_code, one.flag.value) for one in events] == [
        (unknown, "unknown_code"),
        (short, "unknown_code"),
    ]
    for row in await rows("SELECT unknown_code FROM scan_event"):
        assert unknown not in row["unknown_code"]
        assert short not in row["unknown_code"]
    assert await Attendance.all().count() == 0


async def test_unknown_session_is_not_found(sqlite_db: Settings) -> None:
    door = await open_door()

    with pytest.raises(NotFound):
        await take(door, scan(qr_of(door.ana)), session=tokens.uuid7())


# -- after closing


async def test_what_comes_after_closing_is_taken_and_flagged_whatever_its_time(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)

    outcomes = await take(door, scan(qr_of(door.ana), door.starts_at), undo(tokens.uuid7()))

    assert outcomes == ["present", "undone"]
    assert await flags(door) == ["after_close", "after_close"]
    row = await stay(door)
    assert (row.is_present, row.minutes, row.to_review) == (True, 240, False)

    await actions.reopen_session(door.key, actor=PROGRAM)
    assert await flags(door) == ["", ""], "nothing is late at a session that is open"


async def nameless_who_left_after_an_hour(freeze: Freeze) -> tuple[Opened, SignUp, SentEvent]:
    """At a session that goes on; the wish that names them, and the mark of their arrival."""
    door = await open_door()
    [card] = await make_spare_cards(door.training)
    freeze(door.starts_at + HOUR)
    came = scan(card.qr_token, door.starts_at)
    await take(door, came, scan(card.qr_token, door.starts_at + HOUR, kind=ScanKind.OUT))
    return door, wish(source=Source.WALK_IN, card_id=card.id, body_hash=str(card.id)), came


async def test_name_given_in_the_office_then_its_person_came_and_left_as_was_marked_and_nothing_is_late(
    db: Settings, freeze: Freeze
) -> None:
    door, named, came = await nameless_who_left_after_an_hour(freeze)
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    freeze(door.ends_at + timedelta(days=2))

    for _ in range(2):
        said = await actions.add_walk_in(door.key, named, tokens.uuid7(), actor=PROGRAM)

        assert said.registration is not None
        assert (said.id, said.outcome, said.arrived_at) == (came.id, "present", door.starts_at)
        assert await flags(door) == ["", ""]
        assert await hours(said.registration) == (60, False)
        assert (await stay(door, said.registration)).left_at == door.starts_at + HOUR


async def test_name_given_to_who_comes_back_while_the_session_goes_on_then_they_are_here_again(
    db: Settings, freeze: Freeze
) -> None:
    door, named, _came = await nameless_who_left_after_an_hour(freeze)
    freeze(door.starts_at + 90 * MINUTE)

    said = await actions.add_walk_in(door.key, named, tokens.uuid7(), actor=PROGRAM)

    assert said.registration is not None
    assert (await stay(door, said.registration)).left_at is None
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    assert await hours(said.registration) == (240, True)


# -- without a ticket


async def test_walk_in_is_registered_and_present_at_once_in_a_full_training_or_not_at_all(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(capacity=1, has_waiting_list=False)
    freeze(door.starts_at)
    key = tokens.uuid7()

    with pytest.raises(AdultsOnly):
        await actions.add_walk_in(door.key, wish(age_group="12-13", source=Source.WALK_IN), key, actor=PROGRAM)
    left = (await ScanEvent.all().count(), await Registration.all().count())
    said = await actions.add_walk_in(door.key, wish(source=Source.WALK_IN), key, actor=PROGRAM)

    assert left == (0, 1)
    assert said.registration is not None
    assert (said.outcome, said.arrived_at) == ("present", door.starts_at)
    event = await ScanEvent.get(id=key)
    assert (event.kind, event.how, event.registration_id) == ("walkin", "walk_in", said.registration.id)
    await door.training.refresh_from_db()
    assert door.training.taken == 1


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
