"""The panel's notes: typed, refused at the field, previewed as everybody sees them, published, reviewed, read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests.cast import Cast
from tests.notes import sounds
from tests.notes.conftest import NOW, kept_in
from tests.notes.make_notes import SOURCE, make_note
from tests.schedule.panel import as_, post, posted
from tests.web.pages import Page
from trainings import clock
from trainings.notes.models import InformationNote, NoteKind, NoteState
from trainings.web.files import RecordingTooLarge

INDEX, NEW = "/panel/notas", "/panel/notas/nueva"
FORM = {
    "kind": "trend",
    "title": "Ofertas falsas por mensajes",
    "body": "# Cuidado\r\n\r\nNo **pague**.",
    "lang": "es-GT",
    "situations": ["work_abroad", "relative_travelling"],
    "source_name": SOURCE,
    "source_url": "https://www.mintrabajo.gob.gt/",
    "reviewed_on": "2027-03-02",
    "expires_on": "2027-06-30",
}

Freeze = Callable[[datetime], None]


def at(note: InformationNote, rest: str = "") -> str:
    return f"{INDEX}/{note.id}{rest}"


async def upload(client: AsyncClient, note: InformationNote, content: bytes, name: str = "voz.mp3") -> Response:
    return await client.post(
        at(note, "/audio"), data={"audio_language": "kek"}, files={"file": (name, content, "audio/mpeg")}
    )


def article(page: str) -> str:
    found = re.search(r"<article.*?</article>", page, re.DOTALL)
    assert found is not None
    return found[0]


# -- writing


async def test_note_is_written_kept_as_draft_edited_and_published(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    created = await post(client, NEW, {**FORM, "hub": cast.hub.id})
    note = await InformationNote.get(title=FORM["title"])
    typed = posted((await client.get(at(note, "/editar"))).text)
    edited = await post(client, at(note, "/editar"), {**typed, "title": "Otro", "kind": "trend", "publish": "yes"})

    assert (created.status_code, created.headers["location"]) == (303, at(note))
    assert (note.state, note.author_id, note.hub_id) == (NoteState.DRAFT, cast.coordinator.id, cast.hub.id)
    assert (note.kind, note.body, note.situations) == (
        NoteKind.TREND,
        "# Cuidado\n\nNo **pague**.",
        ["work_abroad", "relative_travelling"],
    )
    assert (note.reviewed_on, note.expires_on) == (date(2027, 3, 2), date(2027, 6, 30))
    assert edited.status_code == 303
    kept = await InformationNote.get(id=note.id)
    assert (kept.title, kept.state, kept.body) == ("Otro", NoteState.PUBLISHED, note.body)
    assert (await client.get(f"/notas/{kept.slug}")).status_code == 200


@pytest.mark.both_engines
async def test_nul_in_a_note_or_beside_its_recording_is_left_out(client: AsyncClient, cast: Cast, folder: Path) -> None:
    await as_(client, cast, "coordinator")
    typed = {
        name: [f"{one}\0" for one in value] if isinstance(value, list) else f"{value}\0" for name, value in FORM.items()
    }

    created = await post(client, NEW, {**typed, "hub": cast.hub.id})
    note = await InformationNote.get(title=FORM["title"])
    heard = await client.post(
        at(note, "/audio"), data={"audio_language": "kek\0"}, files={"file": ("voz.mp3", sounds.mp3(), "audio/mpeg")}
    )

    assert (created.status_code, heard.status_code) == (303, 303)
    kept = await InformationNote.get(id=note.id)
    assert (kept.body, kept.source_name, kept.audio_language) == ("# Cuidado\n\nNo **pague**.", SOURCE, "kek")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"title": ""}, "title", "Escriba el título."),
    ({"body": " "}, "body", "Escriba el texto de la nota."),
    ({"body": "a\x01b"}, "body", "signos de control"),
    ({"body": "[x](javascript:alert(1))"}, "body", "El enlace «javascript:alert(1)» no se puede poner."),
    ({"body": "<script>alert(1)</script>"}, "body", "Aquí no va código HTML"),
    ({"body": "a" * 8001}, "body", "tiene 8001 letras y caben 8000"),
    ({"kind": "rumor"}, "kind", "Escoja una de las opciones."),
    ({"lang": "xx"}, "lang", "Escoja una de las opciones."),
    ({"source_name": "", "publish": "yes"}, "source_name", "Sin fuente no se publica."),
    ({"source_url": "javascript:alert(1)"}, "source_url", "Empieza con https://"),
    ({"reviewed_on": "", "publish": "yes"}, "reviewed_on", "Sin revisión no se publica."),
    ({"reviewed_on": "2027-03-04"}, "reviewed_on", "un día que todavía no llega"),
    ({"reviewed_on": "2027-02-31"}, "reviewed_on", "no es un día del calendario"),
    ({"expires_on": "", "publish": "yes"}, "expires_on", "Sin ese día no se publica."),
    ({"expires_on": "2027-03-03"}, "expires_on", "Escriba un día después de hoy"),
    ({"expires_on": "2028-03-04"}, "expires_on", "a más tardar el 3 de marzo de 2028"),
]


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    for typed, field, sentence in WRONG:
        answer = await post(client, NEW, {**FORM, "hub": cast.hub.id, **typed})

        page = Page(answer.text)
        assert answer.status_code == 422, typed
        assert sentence in page.text, typed
        assert page.all("a", href=f"#{field}"), typed
        assert f'id="{field}-e"' in answer.text, typed
        assert (SOURCE if field == "source_url" else "https://www.mintrabajo.gob.gt/") in answer.text, typed
        assert "<script>alert" not in answer.text, typed
        assert await InformationNote.all().count() == 0, typed


async def test_published_note_says_why_it_cannot_lose_its_source(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub)
    await as_(client, cast, "admin")

    answer = await post(client, at(note, "/editar"), {**FORM, "source_name": ""})

    assert answer.status_code == 422
    assert "Sin fuente no se publica." in answer.text
    assert "Guardar en borrador" not in answer.text


async def test_note_is_written_for_ones_own_hub_only(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    answers = [await post(client, NEW, {**FORM, "hub": hub}) for hub in (cast.elsewhere.id, UUID(int=1))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert await InformationNote.all().count() == 0


# -- one note


async def test_preview_is_the_public_page_to_the_letter(client: AsyncClient, cast: Cast, folder: Path) -> None:
    note = await make_note(cast.hub, body="# Uno\n\n- [dos](https://x.gt)\n\n**tres**", source_url="https://x.gt/f")
    await as_(client, cast, "coordinator")
    await upload(client, note, sounds.mp3())

    preview = article((await client.get(at(note))).text)
    client.cookies.clear()
    public = article((await client.get(f"/notas/{note.slug}")).text)

    assert preview == public
    assert "<audio" in public


async def test_draft_is_previewed_and_published_by_its_button(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub, publish=False)
    await as_(client, cast, "coordinator")

    before = await client.get(at(note))
    done = await post(client, at(note, "/publicar"))
    after = await client.get(at(note))

    assert ("Borrador" in before.text, "Antes de pagar" in article(before.text)) == (True, True)
    assert (done.status_code, done.headers["location"]) == (303, at(note))
    assert "Listo: la nota está publicada." in after.text
    assert "Publicada, vale hasta el 2 de abril de 2027" in after.text
    assert f"/notas/{note.slug}" in after.text


async def test_draft_without_source_stays_and_the_page_leads_to_what_is_missing(
    client: AsyncClient, cast: Cast
) -> None:
    note = await make_note(cast.hub, publish=False, source_name="")
    await as_(client, cast, "coordinator")

    answer = await post(client, at(note, "/publicar"))

    assert answer.status_code == 422
    assert "Todavía no se puede publicar" in answer.text
    assert "Sin fuente no se publica." in answer.text
    assert Page(answer.text).all("a", href=at(note, "/editar"))


async def test_withdrawn_note_is_gone_and_may_come_back(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub)
    await as_(client, cast, "coordinator")
    seen = []

    for act in ("retirar", "publicar"):
        await post(client, at(note, f"/{act}"))
        seen.append((await client.get(f"/notas/{note.slug}")).status_code)
    twice = await post(client, at(note, "/publicar"))

    assert seen == [404, 200]
    assert (twice.status_code, "La nota ya no está en ese estado." in twice.text) == (409, True)


async def test_note_that_expired_says_so_and_is_prolonged_by_a_review(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    note = await make_note(cast.hub, expires_on=clock.today() + timedelta(days=1))
    freeze(NOW + timedelta(days=5))
    await as_(client, cast, "coordinator")

    before = await client.get(at(note))
    wrong = await post(client, at(note, "/revisar"), {"expires_on": "2027-03-08"})
    done = await post(client, at(note, "/revisar"), {"expires_on": "2027-05-01"})

    assert "Venció el 4 de marzo de 2027: ya no se muestra" in before.text
    assert (wrong.status_code, "Escriba un día después de hoy" in wrong.text) == (422, True)
    assert done.status_code == 303
    kept = await InformationNote.get(id=note.id)
    assert (kept.reviewed_on, kept.expires_on) == (date(2027, 3, 8), date(2027, 5, 1))
    assert (await client.get(f"/notas/{note.slug}")).status_code == 200


NO_RECORDINGS: list[tuple[bytes, int, str]] = [
    (b"", 422, "Escoja el archivo de la grabación."),
    (sounds.EXE, 422, "no es una grabación, aunque su nombre lo diga"),
    (sounds.PAGE, 422, "no es una grabación, aunque su nombre lo diga"),
    (sounds.m4a()[:630], 422, "La grabación está dañada o llegó incompleta."),
    (sounds.mp3().ljust(RecordingTooLarge.limit + 1, b"\x00"), 413, "La grabación pesa más de 5 MB."),
    (bytes(50 * 1024 * 1024), 413, "La grabación pesa más de 5 MB."),
]


async def test_file_that_is_no_recording_is_refused_in_words_and_not_kept(
    client: AsyncClient,
    cast: Cast,
    folder: Path,
) -> None:
    note = await make_note(cast.hub)
    await as_(client, cast, "coordinator")

    for content, status, sentence in NO_RECORDINGS:
        answer = await upload(client, note, content)

        assert (answer.status_code, sentence in answer.text) == (status, True), sentence
        assert 'href="#file"' in answer.text, sentence
        assert kept_in(folder) == [], sentence
        assert (await InformationNote.get(id=note.id)).audio == "", sentence


async def test_recording_is_taken_whatever_its_name_and_removed_with_its_file(
    client: AsyncClient, cast: Cast, folder: Path
) -> None:
    note = await make_note(cast.hub)
    await as_(client, cast, "coordinator")

    taken = await upload(client, note, sounds.m4a(), name="../../etc/passwd.exe")
    [kept] = kept_in(folder)
    removed = await post(client, at(note, "/audio/quitar"))

    assert (taken.status_code, removed.status_code) == (303, 303)
    assert re.fullmatch(r"[0-9a-f]{32}\.m4a", kept)
    assert kept_in(folder) == []


async def test_upload_that_is_no_form_is_refused(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub)
    await as_(client, cast, "coordinator")
    headers = {"content-type": "multipart/form-data; boundary=x"}

    answers = [
        await post(client, at(note, "/audio"), {"file": "x"}),
        await client.post(at(note, "/audio"), content=b"--y--", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [415, 400]


# -- the list


async def test_list_holds_ones_hubs_and_puts_ones_own_that_soon_expire_on_top(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    for title, days, author, hub in (
        ("Vence en catorce", 16, cast.coordinator, cast.hub),
        ("Venció ayer", 1, cast.coordinator, cast.hub),
        ("Vence en quince", 17, cast.coordinator, cast.hub),
        ("De otra persona", 3, cast.admin, cast.hub),
        ("De otra ventanilla", 3, cast.coordinator_elsewhere, cast.elsewhere),
    ):
        await make_note(hub, author=author, title=title, expires_on=clock.today() + timedelta(days=days))
    await make_note(cast.hub, author=cast.coordinator, title="Borrador viejo", publish=False)
    freeze(NOW + timedelta(days=2))
    await as_(client, cast, "coordinator")

    page = (await client.get(INDEX)).text

    top, table = page[page.index('id="vencen"') : page.index("<table")], page[page.index("<table") :]
    assert "2 notas suyas necesitan revisión" in top
    named = ("Vence en catorce", "Venció ayer", "Vence en quince", "De otra persona", "De otra ventanilla")
    assert [title for title in named if title in top] == ["Vence en catorce", "Venció ayer"]
    assert top.index("Venció ayer") < top.index("Vence en catorce")
    assert [title for title in (*named, "Borrador viejo") if title in table] == [*named[:4], "Borrador viejo"]
    assert "Vence en 1 día" in table


async def test_list_of_nobodys_notes_says_what_a_note_is(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    page = (await client.get(INDEX)).text

    assert "Todavía no hay notas" in page
    assert Page(page).all("a", href=NEW)
