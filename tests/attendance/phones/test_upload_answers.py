"""`POST /marcar/api/marcas` as phones use it: what is odd, torn or hostile is answered in words, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.browsers import open_held_door, path_of
from tests.attendance.doors import Opened, open_door, stay
from tests.attendance.prepared_phones import APP, PreparedPhone, make_phone
from tests.attendance.uploading import Event, event, h, make_sheet, ms
from tests.cast import make_cast
from tests.registrations.card_world import make_spare_cards
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.models import Attendance, Device, ScanEvent
from trainings.attendance.phones import api_routes
from trainings.audit.models import AuditLine
from trainings.lib import tokens

Freeze = Callable[[datetime], None]
MARKS = "/marcar/api/marcas"
NOWHERE = "01890a5d-ac96-774b-bcce-b302099a8057"


async def a_phone(client: AsyncClient, door: Opened) -> PreparedPhone:
    return await make_phone(client, door.training, await make.make_user(hub=await door.training.hub))


async def sent(phone: PreparedPhone, *events: object, **more: Any) -> Response:
    body = {"client_now": ms(clock.now()), "last_seq": 1, "n_unsent": 0, "app": "1.0.0", "events": events} | more
    return await phone.post("marcas", body)


def results(answer: Response) -> list[tuple[Any, str, str]]:
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return [(one["id"], one["state"], one["flag"]) for one in answer.json()["results"]]


async def test_answer_names_each_event_in_words_and_tells_the_time(client: AsyncClient, freeze: Freeze) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    came, odd = event(door, h=h(door.ana)), event(door, code=tokens.qr_token(), known=False)

    answer = await sent(phone, came, odd)

    body = answer.json()
    assert results(answer) == [(came["id"], "stored", ""), (odd["id"], "flagged", "unknown_code")]
    assert body["results"][0]["text"] == ""
    assert body["results"][1]["text"] == "El código no está en esta lista. Deje pasar a la persona."
    assert body["device"] == {"revoked": False, "lacks": [[2, None]]}
    assert datetime.fromisoformat(body["now"]) == door.ends_at
    assert "Ana" not in answer.text, "no name of anybody travels to a phone in the clear"
    noted = await Device.get(id=phone.device.id)
    assert (noted.last_seq, noted.n_unsent, noted.app_version, noted.last_seen_at) == (1, 0, "1.0.0", door.ends_at)


async def test_row_of_a_sheet_then_answered_with_initials_while_the_list_may_be_had(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    sheet, _card = await make_sheet(door, [door.ana])
    freeze(door.ends_at)

    def by_row(how: str = "row", **more: Any) -> Event:
        return event(door, how=how, sheet=sheet.code, **({"row": 1} | more))

    async def told(*events: Event) -> list[str | None]:
        return [one.get("initials") for one in (await sent(phone, *events)).json()["results"]]

    first = by_row()
    answered = await told(
        first, by_row("sheet"), event(door, h=h(door.ana)), by_row(row=2, kind="walkin"), by_row(row=9)
    )
    assert answered == ["A. L. B. C.", None, None, None, None], "of a row alone, and of somebody with a name"
    assert await told(first) == ["A. L. B. C."], "where the answer was lost"
    freeze(door.ends_at + timedelta(days=7))
    assert await told(first, by_row()) == [None, None]
    freeze(door.ends_at)
    await Device.filter(id=phone.device.id).update(revoked_at=clock.now())
    assert await told(by_row()) == [None]


BAD_EVENTS: dict[str, tuple[Any, str, str]] = {
    "not an object": ("hola", "malformed", ""),
    "nothing": (None, "malformed", ""),
    "a list": ([1, 2], "malformed", ""),
    "no id": ({"id": None}, "malformed", ""),
    "id is no UUID": ({"id": "17"}, "malformed", ""),
    "id is very long": ({"id": "7" * 500}, "malformed", ""),
    "kind unknown": ({"kind": "dance"}, "malformed", ""),
    "kind is a number": ({"kind": 7}, "malformed", ""),
    "time is a text": ({"at": "ayer"}, "malformed", ""),
    "time is true": ({"at": True}, "malformed", ""),
    "time is missing": ({"at": None}, "malformed", ""),
    "time before 1970": ({"at": -5_000}, "flagged", "clock"),
    "time after 2100": ({"at": 10**17}, "flagged", "clock"),
    "time beyond all numbers": ({"at": 10**400}, "flagged", "clock"),
    "time with a fraction": ({"at": 1e12 + 0.5}, "flagged", "clock"),
    "session unknown": ({"session": NOWHERE}, "malformed", ""),
    "session is no UUID": ({"session": "sábado"}, "malformed", ""),
    "session missing": ({"session": None}, "malformed", ""),
    "nobody meant": ({"h": None}, "malformed", ""),
    "hash too short": ({"h": "abc"}, "malformed", ""),
    "hash in capitals": ({"h": "A" * 24}, "malformed", ""),
    "hash of nobody": ({"h": "0" * 24}, "flagged", "unknown_code"),
    "foreign QR": ({"h": None, "code": "https://example.org/menu?mesa=4"}, "flagged", "unknown_code"),
    "way that is not known here": ({"how": "search"}, "stored", ""),
    "way is a number": ({"how": 7}, "stored", ""),
    "torn card": ({"h": None, "code": "k7q2-9x", "how": "typed"}, "flagged", "unknown_code"),
    "code with a NUL": ({"h": None, "code": "K7Q2\x009XMD"}, "flagged", "unknown_code"),
    "code too long": ({"h": None, "code": "x" * 301}, "malformed", ""),
    "row is a text": ({"h": None, "sheet": "7K2QM", "row": "diecisiete"}, "malformed", ""),
    "sheet with a NUL": ({"h": None, "sheet": "7K2\x00M", "row": 3}, "flagged", "unknown_row"),
    "row below nothing": ({"h": None, "sheet": "7K2QM", "row": -1}, "malformed", ""),
    "heads without a number": ({"kind": "heads"}, "malformed", ""),
    "heads by the thousand": ({"kind": "heads", "number": 100_000}, "malformed", ""),
    "undo of nothing": ({"kind": "undo"}, "malformed", ""),
    "slip without a body": ({"kind": "slip"}, "malformed", ""),
    "slip in the clear": ({"kind": "slip", "sealed": "María Elena, 5555 1234"}, "malformed", ""),
    "count at no activity": ({"kind": "count"}, "malformed", ""),
    "count at an activity unknown": (
        {"kind": "count", "activity": NOWHERE},
        "malformed",
        "",
    ),
    "seq is a text": ({"seq": "siete"}, "stored", ""),
    "perf is a text": ({"perf": []}, "stored", ""),
    "app is a number": ({"app": 7, "page": {}, "roster": None}, "stored", ""),
    "known is a text": ({"known": "quizá"}, "stored", ""),
    "more than asked for": ({"lat": 14.6, "lon": -90.5}, "stored", ""),
}


async def test_bad_events_in_a_batch_then_each_is_answered_and_the_good_ones_are_kept(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    bad = {
        name: event(door, h=h(door.ana)) | wrong if isinstance(wrong, dict) else wrong
        for name, (wrong, _state, _flag) in BAD_EVENTS.items()
    }
    good = [event(door, h=h(door.ana)), event(door, h=h(door.ana))]

    answer = await sent(phone, good[0], *bad.values(), good[1])

    found = dict(zip(bad, results(answer)[1:-1], strict=True))
    assert {name: (state, flag) for name, (_id, state, flag) in found.items()} == {
        name: (state, flag) for name, (_wrong, state, flag) in BAD_EVENTS.items()
    }
    assert [one[1] for one in (results(answer)[0], results(answer)[-1])] == ["stored", "stored"]
    for one in answer.json()["results"]:
        assert bool(one["text"]) is (one["state"] != "stored"), one
    n_kept = sum(state != "malformed" for _wrong, state, _flag in BAD_EVENTS.values()) + 2
    assert await ScanEvent.all().count() == n_kept
    [line] = await AuditLine.filter(act="devices.malformed")
    assert line.detail == {"events": len(BAD_EVENTS) + 2 - n_kept}
    assert (await Device.get(id=phone.device.id)).n_unsent == len(BAD_EVENTS) + 2 - n_kept
    foreign = [one.unknown_code for one in await ScanEvent.filter(flag="unknown_code")]
    assert sorted(code or "" for code in foreign) == ["", "", "", "K7Q29X"], "a foreign text is read by nobody"


BAD_BATCHES: dict[str, Any] = {
    "nothing": b"",
    "garbage": b"\xff\xfe{{{",
    "half of it": b'{"client_now": 1, "events": [{"id": ',
    "a list": b"[]",
    "a text": b'"hola"',
    "no events": b'{"client_now": 1}',
    "events are a text": b'{"client_now": 1, "events": "todas"}',
    "no clock": b'{"events": []}',
    "clock is a text": b'{"client_now": "las ocho", "events": []}',
    "half a letter": b'{"client_now": 1, "events": [{"id": "\\ud800"}]}',
    "very deep": b'{"client_now": 1, "events": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
}


async def test_what_is_no_batch_then_refused_in_words_and_nothing_is_kept(client: AsyncClient) -> None:
    door = await open_door()
    await a_phone(client, door)

    for name, body in BAD_BATCHES.items():
        answer = await client.post(MARKS, content=body, headers=APP | {"content-type": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_batch"), name
    assert await ScanEvent.all().count() == 0


async def test_too_many_at_once_then_refused_in_words_and_halved_all_are_kept(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    events = [event(door, h=h(door.ana)) for _number in range(51)]
    flood = {"client_now": 1, "events": events * 200}

    too_large = await phone.post("marcas", flood)
    too_many = await sent(phone, *events)
    halves = [await sent(phone, *events[:26]), await sent(phone, *events[26:])]

    assert len(json.dumps(flood)) > 1_000_000
    assert (too_large.status_code, too_many.status_code) == (413, 400)
    for answer in (too_large, too_many):
        assert answer.json()["sentence"], "in words"
    assert sum(len(results(one)) for one in halves) == 51
    assert await ScanEvent.all().count() == 51
    assert await Attendance.filter(is_present=True).count() == 1


async def test_only_a_prepared_phone_and_only_its_own_program_are_let_in(
    new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(new_client(), door)
    freeze(door.ends_at)
    body = {"client_now": ms(clock.now()), "events": [event(door, h=h(door.ana))]}

    stranger = await new_client().post(MARKS, json=body, headers=APP)
    foreign_page = await phone.browser.post(MARKS, json=body)
    elsewhere = await phone.browser.post(MARKS, json=body, headers=APP | {"origin": "https://example.org"})

    assert (stranger.status_code, foreign_page.status_code, elsewhere.status_code) == (401, 400, 403)
    assert await ScanEvent.all().count() == 0


async def test_server_is_restored_from_a_backup_then_the_phone_is_told_what_it_lacks(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    first = {"device": str(phone.device.id), "number": 1}

    async def lacks_at_start() -> Any:
        return (await phone.get("estado")).json()["device"]["lacks"]

    # The backup was made between two parts of sixty marks; since it is back a later one came, and its answer was lost.
    await sent(phone, *(event(door, h=h(door.ana), seq=n) for n in range(1, 51)), last_seq=60, n_unsent=10, first=first)
    await sent(phone, event(door, h=h(door.ana), seq=61), last_seq=61, first=first)
    assert await lacks_at_start() == [[51, 60], [62, None]]
    again = await sent(phone, *(event(door, h=h(door.ana), seq=n) for n in range(51, 56)), last_seq=61, first=first)

    assert again.json()["device"]["lacks"] == [[56, 60], [62, None]]
    assert await lacks_at_start() == [[56, 60], [62, None]]
    await sent(phone, event(door, h=h(door.ana), seq=64), last_seq=3)
    assert (await phone.get("estado")).json()["device"]["last_seq"] == 64, "emptied, it goes on from there"


async def test_phone_says_with_which_number_it_began_then_the_first_word_stays(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    key, noted = str(phone.device.id), []

    # As the one that it was before, no number, as it is, and after its storage was emptied.
    for first, last_seq in (
        ({"device": str(door.key), "number": 3}, 56),
        ({"device": str(door.key)}, 0),
        ({"device": key, "number": "x"}, 0),
        ([57], 0),
        ({"device": key, "number": 57}, 58),
        ({"device": key, "number": 70}, 69),
    ):
        answer = await sent(phone, first=first, last_seq=last_seq)
        assert answer.status_code == 200
        device = await Device.get(id=phone.device.id)
        noted.append((device.first_seq, device.last_seq))

    assert noted == [(None, 0)] * 4 + [(57, 58), (57, 69)]


async def test_offset_of_the_phones_clock_then_all_times_are_corrected(client: AsyncClient, freeze: Freeze) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    a_day: timedelta = timedelta(days=1)
    came: Event = event(door, door.starts_at + a_day, h=h(door.ana))

    answer = await sent(phone, came, client_now=ms(door.ends_at + a_day))

    assert [one[1:] for one in results(answer)] == [("flagged", "clock")]
    assert (await stay(door)).arrived_at == door.starts_at


async def test_who_came_beside_the_list_then_counted_on_the_page_of_the_session(
    new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    phone = await make_phone(new_client(), door.training, cast.facilitator)
    [card] = await make_spare_cards(door.training)
    freeze(door.ends_at)
    client = new_client()
    await make.sign_in(client, cast.facilitator)
    assert "Además de la lista" not in (await client.get(path_of(door))).text

    await sent(
        phone,
        event(door, kind="walkin", h=card.qr_hash[:24]),
        event(door, kind="heads", number=2, how="button"),
        event(door, h=h(door.ana), how="button"),
    )

    page = Page((await client.get(path_of(door))).text)
    beside = r"Además de la lista: 1 [^·]*sin nombre[^·]* · 2 acompañantes"
    assert re.search(beside, " ".join(page.text.split()))
    assert "Botón" in page.text, "how Ana was marked"


async def test_phone_in_use_is_told_that_its_time_for_the_session_is_over_and_not_that_it_is_out_of_use(
    client: AsyncClient, freeze: Freeze
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at + timedelta(days=38))

    [late] = (await sent(phone, event(door, h=h(door.ana)))).json()["results"]
    await Device.filter(id=phone.device.id).update(revoked_at=clock.now())
    answer = (await sent(phone, event(door, h=h(door.ana)))).json()
    [gone] = answer["results"]

    assert (late["state"], late["flag"]) == (gone["state"], gone["flag"]) == ("flagged", "revoked")
    assert "ya no se entregan, y la marca llegó más de 37 días después del final" in late["text"]
    assert gone["text"].startswith("Este teléfono ya no está en uso")
    assert answer["device"] == {"revoked": True, "lacks": [[2, None]]}
    assert (await stay(door)).is_present is False


async def test_phone_out_of_use_sends_without_end_then_it_has_to_wait(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await open_door()
    phone = await a_phone(client, door)
    freeze(door.ends_at)
    monkeypatch.setattr(api_routes, "MOST_REVOKED", 1)
    used = [await sent(phone, event(door, h=h(door.ana))) for _ in range(2)]
    await Device.filter(id=phone.device.id).update(revoked_at=clock.now())

    first, second = [await sent(phone, event(door, h=h(door.ana))) for _ in range(2)]

    assert [one.status_code for one in (*used, first, second)] == [200, 200, 200, 429]
    assert int(second.headers["retry-after"]) > 0
    assert await ScanEvent.all().count() == 3
