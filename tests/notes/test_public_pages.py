"""What everybody reads: valid notes and no others, by hub, municipality and kind, with source, office and days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.notes import sounds
from tests.notes.conftest import NOW
from tests.notes.make_notes import SOURCE, make_note
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.notes import actions
from trainings.notes.models import InformationNote, NoteKind

Freeze = Callable[[datetime], None]


async def titles(client: AsyncClient, query: str = "") -> list[str]:
    """Titles of the list, in order, told by their links."""
    page = Page((await client.get(f"/notas{query}")).text)
    links = [str(link["href"]) for link in page.all("a")]
    slugs = [href.removeprefix("/notas/") for href in links if href.startswith("/notas/") and "." not in href]
    return [(await InformationNote.get(slug=slug)).title for slug in slugs]


async def test_note_shows_text_source_office_and_days_but_not_who_wrote_it(cast: Cast, client: AsyncClient) -> None:
    note = await make_note(cast.hub, author=cast.coordinator, source_url="https://www.mintrabajo.gob.gt/x")

    answer = await client.get(f"/notas/{note.slug}")
    page = Page(answer.text)

    assert answer.status_code == 200
    for words in (
        "Antes de pagar, pregunte",
        "Venga a la ventanilla.",
        SOURCE,
        "Ventanilla de La Libertad, Municipalidad de La Libertad, Petén",
        "miércoles, 3 de marzo de 2027",
        "viernes, 2 de abril de 2027",
    ):
        assert words in page.text
    assert cast.coordinator.name not in answer.text
    assert page.one("a", href="https://www.mintrabajo.gob.gt/x")["rel"] == "nofollow noopener noreferrer"
    assert page.all("audio") == []


async def test_note_has_a_face_in_chats(cast: Cast, client: AsyncClient) -> None:
    note = await make_note(cast.hub, body="# Uno\n\n**Dos** y [tres](/notas).")

    page = Page((await client.get(f"/notas/{note.slug}")).text)
    picture = await client.get(f"/notas/{note.slug}/imagen.png")

    properties = {meta.get("property"): meta["content"] for meta in page.all("meta") if meta.get("property")}
    assert properties["og:title"] == "Antes de pagar, pregunte — Ventanilla de La Libertad"
    assert properties["og:description"] == "Uno Dos y tres."
    assert f"/notas/{note.slug}/imagen.png?v=" in str(properties["og:image"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


async def test_text_in_another_language_is_marked_as_such(cast: Cast, client: AsyncClient) -> None:
    note = await make_note(cast.hub, lang="kek", title="Ma sa laa’ch’ool")

    page = Page((await client.get(f"/notas/{note.slug}")).text)

    assert page.one("h1")["lang"] == "kek"
    assert page.one("html")["lang"] == "es-GT"


async def test_drafts_withdrawn_and_expired_notes_are_unknown_to_everybody(
    cast: Cast, client: AsyncClient, freeze: Freeze
) -> None:
    draft = await make_note(cast.hub, publish=False)
    withdrawn = await make_note(cast.hub)
    await actions.withdraw_note(withdrawn.id, actor=PROGRAM)
    expired = await make_note(cast.hub, expires_on=clock.today() + timedelta(days=1))
    freeze(NOW + timedelta(days=2))

    for note in (draft, withdrawn, expired):
        for path in (f"/notas/{note.slug}", f"/notas/{note.slug}/imagen.png"):
            assert (await client.get(path)).status_code == 404
    assert await titles(client) == []


async def test_note_leaves_by_itself_at_local_midnight_after_its_last_day(
    cast: Cast, client: AsyncClient, freeze: Freeze
) -> None:
    note = await make_note(cast.hub, expires_on=clock.today() + timedelta(days=1))
    seen = []
    midnight = clock.midnight(clock.today() + timedelta(days=2))
    for moment in (midnight - timedelta(seconds=1), midnight):
        freeze(moment)
        paths = (f"/notas/{note.slug}", "/notas", "/avisos.atom", "/municipios/la-libertad-peten")
        answers = [await client.get(path) for path in paths]
        seen.append([note.title in answer.text for answer in answers])

    assert seen == [[True] * 4, [False] * 4]


async def test_list_is_told_by_municipality_served_hub_and_kind(cast: Cast, client: AsyncClient) -> None:
    away = await make.make_hub("melchor-de-mencos-peten", municipality="1711", serves=["1705"])
    await make_note(cast.hub, title="De La Libertad", kind=NoteKind.TREND)
    await make_note(away, title="De Melchor")
    await make_note(cast.elsewhere, title="De Tacaná")

    assert sorted(await titles(client)) == ["De La Libertad", "De Melchor", "De Tacaná"]
    assert sorted(await titles(client, "?municipio=la-libertad-peten")) == ["De La Libertad", "De Melchor"]
    assert await titles(client, "?ventanilla=tacana-san-marcos") == ["De Tacaná"]
    assert await titles(client, "?tipo=trend") == ["De La Libertad"]
    assert await titles(client, "?ventanilla=tacana-san-marcos&tipo=trend") == []
    assert len(await titles(client, "?municipio=nada&ventanilla=%00&tipo=x")) == 3


async def test_empty_list_says_what_to_do_next(cast: Cast, client: AsyncClient) -> None:
    page = await client.get("/notas")

    assert "No hay notas así por ahora" in page.text
    assert "Llame a la suya y pregunte." in page.text


async def test_municipality_shows_its_three_newest_notes(cast: Cast, client: AsyncClient, freeze: Freeze) -> None:
    for number in range(5):
        freeze(NOW + timedelta(minutes=number))
        await make_note(cast.hub, title=f"Nota {number}")

    page = (await client.get("/municipios/la-libertad-peten")).text

    assert [f"Nota {number}" in page for number in range(5)] == [False, False, True, True, True]
    assert "/notas?municipio=la-libertad-peten" in page
    assert "Información de la ventanilla" not in (await client.get("/municipios/mixco-guatemala")).text


async def test_list_of_many_asks_no_more_than_a_list_of_one(cast: Cast, client: AsyncClient) -> None:
    await make_note(cast.hub)
    await client.get("/notas")
    with statements() as for_one:
        await client.get("/notas")
    for _number in range(4):
        await make_note(cast.elsewhere)
    with statements() as for_many:
        await client.get("/notas")

    assert len(for_many) == len(for_one) == 2


# -- the recording


async def heard(cast: Cast, **said: Any) -> InformationNote:
    note = await make_note(cast.hub, author=cast.coordinator, **said)
    await actions.set_recording(note.id, sounds.mp3(), "kek", actor=PROGRAM)
    return await InformationNote.get(id=note.id)


async def test_recording_stands_before_the_text_and_says_its_language(cast: Cast, client: AsyncClient) -> None:
    note = await heard(cast)

    answer = await client.get(f"/notas/{note.slug}")

    page = Page(answer.text)
    assert page.one("source") == {"src": f"/audio/notas/{note.audio}", "type": "audio/mpeg"}
    assert page.one("audio").keys() == {"controls", "preload"}
    assert "Escuchar esta nota en q’eqchi’" in page.text
    assert answer.text.index("<audio") < answer.text.index("<p>Venga a la")
    assert "media-src 'self'" in answer.headers["content-security-policy"]


async def test_recording_is_given_in_parts_and_never_guessed_at(cast: Cast, client: AsyncClient) -> None:
    note = await heard(cast)

    whole = await client.get(f"/audio/notas/{note.audio}")
    part = await client.get(f"/audio/notas/{note.audio}", headers={"range": "bytes=10-19"})
    beyond = await client.get(f"/audio/notas/{note.audio}", headers={"range": "bytes=9999999-"})

    assert (whole.status_code, whole.content) == (200, sounds.mp3())
    assert (whole.headers["content-type"], whole.headers["x-content-type-options"]) == ("audio/mpeg", "nosniff")
    assert whole.headers["accept-ranges"] == "bytes"
    assert (part.status_code, part.content) == (206, sounds.mp3()[10:20])
    assert beyond.status_code == 416


async def test_recording_of_a_draft_is_heard_by_its_writers_only_and_kept_nowhere(
    cast: Cast, new_client: Callable[[], AsyncClient]
) -> None:
    note = await heard(cast, publish=False)
    seen = {}
    for name in ("", "coordinator", "admin", "assistant", "monitor", "platform", "coordinator_elsewhere"):
        browser = new_client()
        if name:
            await make.sign_in(browser, getattr(cast, name))
        answer = await browser.get(f"/audio/notas/{note.audio}")
        seen[name] = (answer.status_code, answer.headers["cache-control"])

    assert {name for name, (status, _) in seen.items() if status == 200} == {"coordinator", "admin"}
    assert {caching for _, caching in seen.values()} == {"no-store"}


async def test_recording_is_kept_on_the_way_for_an_hour_and_not_into_the_next_day(
    cast: Cast, client: AsyncClient, freeze: Freeze
) -> None:
    note = await heard(cast)
    address = f"/audio/notas/{note.audio}"
    freeze(clock.midnight(clock.today() + timedelta(days=1)) - timedelta(hours=5))

    assert (await client.get(address)).headers["cache-control"] == "public, max-age=3600"
    freeze(clock.midnight(clock.today() + timedelta(days=1)) - timedelta(seconds=90))
    assert (await client.get(address)).headers["cache-control"] == "public, max-age=90"


async def test_recording_goes_with_its_note(cast: Cast, client: AsyncClient, freeze: Freeze) -> None:
    note = await heard(cast)
    address = f"/audio/notas/{note.audio}"
    freeze(NOW + timedelta(days=31))

    assert (await client.get(address)).status_code == 404
    await actions.mark_reviewed(note.id, clock.today() + timedelta(days=9), actor=PROGRAM)
    assert (await client.get(address)).status_code == 200
    await actions.remove_recording(note.id, actor=PROGRAM)
    assert (await client.get(address)).status_code == 404
