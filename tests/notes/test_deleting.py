"""A draft is deleted after one question, can be restored for thirty days, and then is gone with its recording."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from tests.cast import Cast
from tests.notes import sounds
from tests.notes.conftest import NOW, kept_in
from tests.notes.make_notes import make_note, text
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.notes import actions
from trainings.notes.actions import NoteMoved
from trainings.notes.models import InformationNote, NoteState
from trainings.privacy.actions import sweep

Freeze = Callable[[datetime], None]


async def state_of(note: InformationNote) -> NoteState:
    return (await InformationNote.get(id=note.id)).state


async def test_draft_is_deleted_with_a_question_and_restored(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub, author=cast.coordinator, publish=False, source_name="")
    at = f"/panel/notas/{note.id}"
    await as_(client, cast, "coordinator")

    shown = await client.get(at)
    asked = Page((await client.get(f"{at}/borrar")).text)
    untouched = await state_of(note)
    deleted = await post(client, f"{at}/borrar")
    gone = Page((await client.get(deleted.headers["location"])).text)
    listed = Page((await client.get("/panel/notas")).text)
    restored = await post(client, f"{at}/recuperar")

    assert f'href="{at}/borrar"' in shown.text
    assert "¿Borrar este borrador?" in asked.text
    assert untouched is NoteState.DRAFT
    assert deleted.headers["location"] == restored.headers["location"] == at
    assert "Recuperar el borrador" in gone.text
    assert "Se puede recuperar hasta el" in gone.text
    assert "Publicar" not in gone.text
    assert "1 borrador borrado" in listed.text
    assert await state_of(note) is NoteState.DRAFT
    acts = [line.act for line in await AuditLine.filter(object_id=note.id).order_by("id")]
    assert acts == ["notes.create", "notes.delete", "notes.restore"]


async def test_what_was_public_is_withdrawn_and_not_deleted(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub, author=cast.coordinator)
    at = f"/panel/notas/{note.id}"
    await as_(client, cast, "coordinator")

    for state in (NoteState.PUBLISHED, NoteState.WITHDRAWN):
        shown = await client.get(at)
        answer = await post(client, f"{at}/borrar")

        assert f"{at}/borrar" not in shown.text
        assert answer.status_code == 409
        assert await state_of(note) is state
        await InformationNote.filter(id=note.id).update(state=NoteState.WITHDRAWN)


async def test_nothing_is_done_with_a_deleted_note_but_restoring_it(client: AsyncClient, cast: Cast) -> None:
    note = await make_note(cast.hub, author=cast.coordinator, publish=False)
    await actions.delete_note(note.id, actor=PROGRAM)

    for done in (
        actions.publish_note(note.id, actor=PROGRAM),
        actions.edit_note(note.id, text(), actor=PROGRAM, publish=True),
        actions.mark_reviewed(note.id, clock.today() + timedelta(days=9), actor=PROGRAM),
        actions.remove_recording(note.id, actor=PROGRAM),
        actions.delete_note(note.id, actor=PROGRAM),
    ):
        with pytest.raises(NoteMoved):
            await done
    assert await state_of(note) is NoteState.DELETED
    await as_(client, cast, "coordinator_elsewhere")
    assert (await post(client, f"/panel/notas/{note.id}/recuperar")).status_code == 404


async def test_deleted_draft_goes_for_good_with_its_recording(cast: Cast, freeze: Freeze, folder: Path) -> None:
    alone = await make_note(cast.hub, publish=False)
    sharing = await make_note(cast.hub, publish=False)
    public = await make_note(cast.hub)
    for note, sound in ((alone, sounds.mp3()), (sharing, sounds.ogg()), (public, sounds.ogg())):
        await actions.set_recording(note.id, sound, "kek", actor=PROGRAM)
    for note in (alone, sharing):
        await actions.delete_note(note.id, actor=PROGRAM)
    swept = []

    for moment in (NOW + timedelta(days=30), NOW + timedelta(days=30, seconds=9)):
        freeze(moment)
        swept.append((await sweep()).notes)

    assert swept == [0, 2]
    assert [note.id for note in await InformationNote.all()] == [public.id]
    assert kept_in(folder) == [(await InformationNote.get()).audio]
