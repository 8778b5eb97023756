"""The Atom feeds: read by a parser of others, told unchanged by their version, and gone quiet when nothing is valid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import feedparser  # type: ignore[import-untyped]
from httpx2 import AsyncClient

from tests.cast import Cast
from tests.notes import sounds
from tests.notes.conftest import NOW
from tests.notes.make_notes import make_note, text
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.notes import actions
from trainings.notes.models import NoteKind
from trainings.notes.queries import MOST_IN_A_FEED

ALL, HUB, TOWN = "/avisos.atom", "/notas/la-libertad-peten.atom", "/municipios/la-libertad-peten/avisos.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "Ñandú, «é»; 👩‍🏫 & <b>no</b> ]]> \"'"

Freeze = Callable[[datetime], None]


async def read(client: AsyncClient, path: str) -> Any:
    """The feed as a reader of others understands it."""
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    parsed = feedparser.parse(answer.content, response_headers=dict(answer.headers), sanitize_html=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


async def test_feed_is_read_with_all_that_atom_demands_with_and_without_notes(cast: Cast, client: AsyncClient) -> None:
    empty = [(await read(client, path)).entries for path in (ALL, HUB, TOWN)]
    await make_note(cast.hub)

    assert empty == [[], [], []]
    for path in (ALL, HUB, TOWN):
        feed = (await read(client, path)).feed
        root = fromstring((await client.get(path)).content)

        assert feed.id == f"tag:ventanillas.example,2026-01-01:{path}"
        assert feed.title
        assert feed.updated_parsed[:6] == NOW.astimezone(UTC).timetuple()[:6]
        assert [link.href for link in feed.links if link.rel == "self"] == [f"http://localhost:8000{path}"]
        for element in (root, *root.findall(f"{ATOM}entry")):
            assert [len(element.findall(ATOM + name)) for name in ("id", "title", "updated", "author")] == [1] * 4


async def test_entry_says_what_the_page_says(cast: Cast, client: AsyncClient) -> None:
    note = await make_note(
        cast.hub,
        kind=NoteKind.TREND,
        title=HOSTILE,
        body="# Lea\n\n[más](/notas) y [fuera](https://x.gt/?a=1&b=2) & 1 < 2",
        source_url="https://x.gt/fuente",
    )
    await actions.set_recording(note.id, sounds.ogg(), "kek", actor=PROGRAM)

    [entry] = (await read(client, HUB)).entries

    assert (entry.id, entry.title) == (f"urn:uuid:{note.id}", HOSTILE)
    assert entry.link == f"http://localhost:8000/notas/{note.slug}"
    assert entry.author == "Ventanilla de La Libertad, Municipalidad de La Libertad, Petén"
    assert [tag.term for tag in entry.tags] == ["trend"]
    words = entry.content[0].value
    assert "<h3>Lea</h3>" in words
    assert 'href="http://localhost:8000/notas"' in words
    assert "1 &lt; 2" in words
    assert "Vale hasta el viernes, 2 de abril de 2027." in words
    [voice] = [link for link in entry.links if link.rel == "enclosure"]
    assert (voice.type, int(voice.length)) == ("audio/ogg", len(sounds.ogg()))
    assert (await client.get(voice.href)).content == sounds.ogg()


async def test_feeds_hold_the_notes_of_their_scope_and_no_more_than_fifty(cast: Cast, client: AsyncClient) -> None:
    for number in range(MOST_IN_A_FEED + 1):
        await make_note(cast.hub, author=cast.coordinator, title=f"Nota {number}")
    await make_note(cast.elsewhere, title="De Tacaná")
    await make_note(cast.hub, title="Borrador", publish=False)

    everything, hub = await read(client, ALL), await read(client, HUB)

    assert len(everything.entries) == len(hub.entries) == MOST_IN_A_FEED
    assert "De Tacaná" not in {entry.title for entry in hub.entries}
    assert [entry.title for entry in (await read(client, "/notas/tacana-san-marcos.atom")).entries] == ["De Tacaná"]
    assert "Borrador" not in {entry.title for entry in everything.entries}


async def test_unchanged_feed_is_a_bare_304_until_a_note_changes_or_expires(
    cast: Cast, client: AsyncClient, freeze: Freeze
) -> None:
    note = await make_note(cast.hub, expires_on=clock.today() + timedelta(days=3))

    async def asked(etag: str) -> tuple[int, str]:
        headers = {"if-none-match": etag, "if-modified-since": "Wed, 03 Mar 2027 23:00:00 GMT"}
        answer = await client.get(HUB, headers=headers)
        assert bool(answer.content) == (answer.status_code == 200)
        return answer.status_code, answer.headers["etag"]

    _status, first = await asked('"none"')
    again, _etag = await asked(first)
    freeze(NOW + timedelta(days=1))
    later, _etag = await asked(first)
    await actions.edit_note(note.id, text(expires_on=clock.today() + timedelta(days=2)), actor=PROGRAM)
    edited, second = await asked(first)
    freeze(NOW + timedelta(days=9))
    expired, third = await asked(second)

    assert (again, later, edited, expired) == (304, 304, 200, 200)
    assert len({first, second, third}) == 3
    assert {etag[:3] for etag in (first, second, third)} == {'W/"'}


async def test_date_alone_never_says_unchanged_for_an_expired_note_leaves_no_later_date(
    cast: Cast, client: AsyncClient
) -> None:
    answer = await client.get(HUB, headers={"if-modified-since": "Wed, 03 Mar 2038 00:00:00 GMT"})

    assert answer.status_code == 200
    assert "last-modified" not in answer.headers


async def test_feed_of_nobody_is_unknown(cast: Cast, client: AsyncClient) -> None:
    for path in ("/notas/ninguna.atom", "/municipios/ninguno/avisos.atom", "/notas/%00.atom", "/notas/.atom"):
        assert (await client.get(path)).status_code == 404, path


async def test_feed_is_spanish_whoever_asks(cast: Cast, client: AsyncClient) -> None:
    await make_note(cast.hub)

    spanish = await client.get(HUB)
    english = await client.get(HUB, headers={"accept-language": "en"})

    assert spanish.content == english.content
    assert english.headers["content-language"] == "es-GT"
