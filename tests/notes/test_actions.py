"""Nothing is published without source, review and expiry; what changed is later than before; voices come and go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient
from tortoise.exceptions import IntegrityError

from tests.cast import Cast
from tests.notes import sounds
from tests.notes.conftest import NOW, kept_in
from tests.notes.make_notes import make_note, text
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.notes import actions
from trainings.notes.actions import NoSource, NoteMoved, NoVoice, UnknownNote, WrongExpiry, WrongReview
from trainings.notes.markdown import UnusableText
from trainings.notes.models import InformationNote, NoteState, Situation
from trainings.privacy.actions import sweep

TODAY = NOW.date()

Freeze = Callable[[datetime], None]


async def fresh(note: InformationNote) -> InformationNote:
    return await InformationNote.get(id=note.id)


async def test_note_is_published_with_all_that_it_must_have(cast: Cast) -> None:
    actor = await actor_of(cast.coordinator)

    note = await actions.create_note(
        text(situations=(Situation.RETURNED, Situation.WORK_ABROAD)), hub_id=cast.hub.id, actor=actor, publish=True
    )

    kept = await fresh(note)
    assert (kept.state, kept.author_id, kept.published_at) == (NoteState.PUBLISHED, cast.coordinator.id, clock.now())
    assert kept.situations == ["work_abroad", "returned"]
    assert kept.slug.startswith("antes-de-pagar-pregunte-")
    line = await AuditLine.get(act="notes.create")
    assert (line.object_id, line.hub_id, line.detail) == (note.id, cast.hub.id, {"published": True})


NOT_PUBLISHED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"source_name": ""}, NoSource, "source_name"),
    ({"reviewed_on": None}, WrongReview, "reviewed_on"),
    ({"reviewed_on": TODAY + timedelta(days=1)}, WrongReview, "reviewed_on"),
    ({"expires_on": None}, WrongExpiry, "expires_on"),
    ({"expires_on": TODAY}, WrongExpiry, "expires_on"),
    ({"expires_on": TODAY - timedelta(days=1)}, WrongExpiry, "expires_on"),
    ({"expires_on": date(2028, 3, 4)}, WrongExpiry, "expires_on"),
    ({"body": "<script>"}, UnusableText, "body"),
]


async def test_note_without_source_review_or_sensible_expiry_is_not_published_and_the_field_says_why(
    cast: Cast,
) -> None:
    for said, refusal, field in NOT_PUBLISHED:
        with pytest.raises(refusal) as refused:
            await make_note(cast.hub, **said)

        assert getattr(refused.value, "field", "") == field, said
        assert str(refused.value), said
        assert await InformationNote.all().count() == 0, said


async def test_note_may_be_valid_for_a_year_to_the_day_and_no_longer(cast: Cast, freeze: Freeze) -> None:
    await make_note(cast.hub, expires_on=date(2028, 3, 3))
    freeze(datetime(2028, 2, 29, 9, tzinfo=clock.GUATEMALA))

    assert actions.latest_expiry() == date(2029, 2, 28)
    with pytest.raises(WrongExpiry, match="a más tardar el 28 de febrero de 2029"):
        await make_note(cast.hub, expires_on=date(2029, 3, 1))


@pytest.mark.both_engines
async def test_database_itself_keeps_what_is_published_sourced(cast: Cast) -> None:
    note = await make_note(cast.hub)

    for column, nothing in (("source_name", ""), ("reviewed_on", None), ("expires_on", None)):
        with pytest.raises(IntegrityError):
            await InformationNote.filter(id=note.id).update(**{column: nothing})


async def test_draft_waits_for_its_source_and_is_published_when_it_has_it(cast: Cast, freeze: Freeze) -> None:
    nothing: dict[str, Any] = {"source_name": "", "reviewed_on": None, "expires_on": None}
    note = await make_note(cast.hub, publish=False, **nothing)

    with pytest.raises(NoSource):
        await actions.publish_note(note.id, actor=PROGRAM)
    with pytest.raises(WrongReview):
        await actions.edit_note(note.id, text(reviewed_on=TODAY + timedelta(days=2)), actor=PROGRAM)
    freeze(NOW + timedelta(hours=1))
    await actions.edit_note(note.id, text(), actor=PROGRAM, publish=True)

    kept = await fresh(note)
    assert (kept.state, kept.published_at) == (NoteState.PUBLISHED, NOW + timedelta(hours=1))


@pytest.mark.both_engines
async def test_slug_and_author_stay_when_others_edit_the_note(cast: Cast) -> None:
    note = await make_note(cast.hub, author=cast.coordinator)

    await actions.edit_note(note.id, text(title="Otro título"), actor=await actor_of(cast.admin))

    kept = await fresh(note)
    assert (kept.slug, kept.author_id, kept.title) == (note.slug, cast.coordinator.id, "Otro título")


async def test_state_moves_as_permitted_and_no_other_way(cast: Cast) -> None:
    note = await make_note(cast.hub, publish=False)

    with pytest.raises(NoteMoved):
        await actions.withdraw_note(note.id, actor=PROGRAM)
    await actions.publish_note(note.id, actor=PROGRAM)
    with pytest.raises(NoteMoved):
        await actions.publish_note(note.id, actor=PROGRAM)
    first = (await fresh(note)).published_at
    await actions.withdraw_note(note.id, actor=PROGRAM)
    await actions.publish_note(note.id, actor=PROGRAM)

    assert (await fresh(note)).published_at == first
    with pytest.raises(UnknownNote):
        await actions.withdraw_note(cast.hub.id, actor=PROGRAM)


async def test_expired_note_is_not_published_again_without_a_new_day(cast: Cast, freeze: Freeze) -> None:
    note = await make_note(cast.hub, expires_on=TODAY + timedelta(days=2))
    await actions.withdraw_note(note.id, actor=PROGRAM)
    freeze(NOW + timedelta(days=5))

    with pytest.raises(WrongExpiry):
        await actions.publish_note(note.id, actor=PROGRAM)


async def test_every_change_is_later_than_the_one_before_even_within_a_second(cast: Cast) -> None:
    note = await make_note(cast.hub)
    moments = [note.changed_at]
    for _number in range(3):
        await actions.edit_note(note.id, text(), actor=PROGRAM)
        moments.append((await fresh(note)).changed_at)

    assert moments == [moments[0] + timedelta(seconds=n) for n in range(4)]


# -- the recording


async def test_recording_takes_the_place_of_the_earlier_one_whose_file_goes(cast: Cast, folder: Path) -> None:
    note = await make_note(cast.hub)
    await actions.set_recording(note.id, sounds.mp3(), "kek", actor=PROGRAM)
    first = (await fresh(note)).audio

    await actions.set_recording(note.id, sounds.ogg(), "mam", actor=PROGRAM)

    kept = await fresh(note)
    assert (kept.audio_language, kept.audio.rpartition(".")[2]) == ("mam", "ogg")
    assert kept_in(folder) == [kept.audio]
    assert first != kept.audio


async def test_removing_a_recording_deletes_the_file_unless_another_note_has_it(cast: Cast, folder: Path) -> None:
    one, other = await make_note(cast.hub), await make_note(cast.elsewhere)
    for note in (one, other):
        await actions.set_recording(note.id, sounds.mp3(), "kek", actor=PROGRAM)

    await actions.remove_recording(one.id, actor=PROGRAM)
    shared = kept_in(folder)
    await actions.remove_recording(other.id, actor=PROGRAM)

    assert ((await fresh(one)).audio, (await fresh(one)).audio_language) == ("", "")
    assert (len(shared), kept_in(folder)) == (1, [])


async def test_same_recording_again_stays(cast: Cast, folder: Path) -> None:
    note = await make_note(cast.hub)
    for voice in ("kek", "mam"):
        await actions.set_recording(note.id, sounds.mp3(), voice, actor=PROGRAM)

    assert kept_in(folder) == [(await fresh(note)).audio]


NOT_SPOKEN: list[str] = ["", "gsm", "und", "xxx", "../e"]


async def test_recording_without_a_spoken_language_is_refused(cast: Cast, folder: Path) -> None:
    note = await make_note(cast.hub)

    for voice in NOT_SPOKEN:
        with pytest.raises(NoVoice):
            await actions.set_recording(note.id, sounds.mp3(), voice, actor=PROGRAM)

        assert kept_in(folder) == [], voice


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
