"""Nothing is published without source and review."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import dates
from trainings.lib.text import slugify
from trainings.lib.tokens import slug_suffix
from trainings.notes import recordings
from trainings.notes.markdown import read_markdown
from trainings.notes.models import InformationNote, NoteKind, NoteState, Situation
from trainings.notes.words import SPOKEN
from trainings.web.i18n import N_, SOURCE_LANGUAGE, language

MOVES: dict[NoteState, frozenset[NoteState]] = {
    NoteState.DRAFT: frozenset({NoteState.PUBLISHED, NoteState.DELETED}),
    NoteState.PUBLISHED: frozenset({NoteState.WITHDRAWN}),
    NoteState.WITHDRAWN: frozenset({NoteState.PUBLISHED}),
    NoteState.DELETED: frozenset({NoteState.DRAFT}),
}
WRITTEN_COLUMNS = (
    *("kind", "title", "body", "lang", "situations", "source_name", "source_url", "reviewed_on", "expires_on"),
    *("audio", "audio_language", "state", "published_at", "changed_at"),
)
DELETED_KEPT = timedelta(days=30)
SOON = timedelta(days=14)
"""A note shows on its author's list for this long before its last day."""


class UnknownNote(NotFound):
    sentence = N_("No encontramos esa nota. Puede haber vencido: busque entre las que valen hoy.")


class NoteMoved(Refusal):
    sentence = N_("La nota ya no está en ese estado. Abra la página otra vez.")


class NoSource(WrongInput):
    sentence = N_("Escriba la fuente: quién lo dice y dónde. Sin fuente no se publica.")


class WrongReview(WrongInput):
    pass


class WrongExpiry(WrongInput):
    pass


class NoVoice(WrongInput):
    sentence = N_("Escoja en qué idioma se oye la grabación.")


NOT_REVIEWED = N_("Escriba qué día se revisó con la fuente. Sin revisión no se publica.")
REVIEWED_LATER = N_("La revisión no puede ser de un día que todavía no llega.")
NO_EXPIRY = N_("Escriba hasta qué día vale. Sin ese día no se publica.")
EXPIRY_PAST = N_("Escriba un día después de hoy: pasado ese día la nota deja de mostrarse.")
EXPIRY_FAR = N_("Escriba a más tardar el %(day)s: a los doce meses hay que revisarla otra vez.")


@dataclass(frozen=True, slots=True)
class NoteText:
    """`lang`: HTML's code. Days are local; `expires_on` is the last valid day."""

    kind: NoteKind
    title: str
    body: str
    lang: str = SOURCE_LANGUAGE
    situations: tuple[Situation, ...] = ()
    source_name: str = ""
    source_url: str = ""
    reviewed_on: date | None = None
    expires_on: date | None = None


async def create_note(text: NoteText, *, hub_id: UUID, actor: Actor, publish: bool = False) -> InformationNote:
    """A draft unless `publish`. Refuses as `edit_note`."""
    assert actor.id is not None, "a note has an author"
    columns = _columns(text, is_public=publish)
    async with transaction():
        note = await InformationNote.create(
            **columns,
            slug=f"{slugify(text.title) or 'nota'}-{slug_suffix()}",
            hub_id=hub_id,
            author_id=actor.id,
            state=NoteState.PUBLISHED if publish else NoteState.DRAFT,
            published_at=clock.now() if publish else None,
            changed_at=clock.whole_second_after(None),
        )
        await record("notes.create", actor=actor, object_id=note.id, hub_id=hub_id, published=publish)
    return note


async def edit_note(note_id: UUID, text: NoteText, *, actor: Actor, publish: bool = False) -> None:
    """A public note stays public only with source, review and expiry.

    Refuses NoteMoved (deleted), and UnusableText, NoSource, WrongReview, WrongExpiry at their fields.
    """
    async with transaction():
        note = await _standing(note_id)
        is_public = publish or note.state is NoteState.PUBLISHED
        for name, value in _columns(text, is_public=is_public).items():
            setattr(note, name, value)
        if publish:
            note.state = NoteState.PUBLISHED
        await _save(note)
        await record("notes.edit", actor=actor, object_id=note.id, hub_id=note.hub_id, published=is_public)


async def publish_note(note_id: UUID, *, actor: Actor) -> None:
    """Refuses NoteMoved, NoSource, WrongReview, WrongExpiry."""
    async with transaction():
        note = await _moved(note_id, NoteState.PUBLISHED)
        _check_sourced(note.source_name, note.reviewed_on, note.expires_on)
        await _save(note)
        await record("notes.publish", actor=actor, object_id=note.id, hub_id=note.hub_id)


async def withdraw_note(note_id: UUID, *, actor: Actor) -> None:
    """Leaves all pages and the feed at once. Refuses NoteMoved."""
    async with transaction():
        note = await _moved(note_id, NoteState.WITHDRAWN)
        await _save(note)
        await record("notes.withdraw", actor=actor, object_id=note.id, hub_id=note.hub_id)


async def delete_note(note_id: UUID, *, actor: Actor) -> None:
    """It can be restored for 30 days. Refuses (NoteMoved) notes that are no draft."""
    await _delete_or_restore(note_id, NoteState.DELETED, "notes.delete", actor=actor)


async def restore_note(note_id: UUID, *, actor: Actor) -> None:
    await _delete_or_restore(note_id, NoteState.DRAFT, "notes.restore", actor=actor)


async def _delete_or_restore(note_id: UUID, state: NoteState, act: str, *, actor: Actor) -> None:
    async with transaction():
        note = await _moved(note_id, state)
        await _save(note)
        await record(act, actor=actor, object_id=note.id, hub_id=note.hub_id)


async def n_deleted() -> int:
    return await _deleted_long_ago().count()


def _deleted_long_ago() -> QuerySet[InformationNote]:
    return InformationNote.filter(state=NoteState.DELETED, changed_at__lt=clock.now() - DELETED_KEPT)


async def forget_deleted() -> int:
    """Drafts deleted 30 days ago, with their recordings; returns their number."""
    gone = _deleted_long_ago()
    async with transaction():
        recorded = {note.audio for note in await gone if note.audio}
        n_gone = await gone.delete()
    for name in recorded:
        if not await InformationNote.exists(audio=name):
            recordings.remove(name)
    return n_gone


async def mark_reviewed(note_id: UUID, expires_on: date, *, actor: Actor) -> None:
    """Compared with its source today; valid until that day. Refuses WrongExpiry."""
    async with transaction():
        note = await _standing(note_id)
        _check_days(clock.today(), expires_on)
        note.reviewed_on, note.expires_on = clock.today(), expires_on
        await _save(note)
        await record("notes.review", actor=actor, object_id=note.id, hub_id=note.hub_id)


async def set_recording(note_id: UUID, content: bytes, voice: str, *, actor: Actor) -> None:
    """In the language `voice` (ISO 639-3), replacing an earlier recording. Refuses NoVoice, and as
    `recordings.keep`.
    """
    if voice not in SPOKEN:
        raise NoVoice(field="audio_language")
    await _record(note_id, await asyncio.to_thread(recordings.keep, content), voice, actor=actor)


async def remove_recording(note_id: UUID, *, actor: Actor) -> None:
    await _record(note_id, "", "", actor=actor)


async def _record(note_id: UUID, name: str, voice: str, *, actor: Actor) -> None:
    async with transaction():
        note = await _standing(note_id)
        before = note.audio
        note.audio, note.audio_language = name, voice
        await _save(note)
        await record("notes.record", actor=actor, object_id=note.id, hub_id=note.hub_id, has_audio=bool(name))
    # Only now: were the write undone, the note would lead to nothing. The same file may be read aloud in two notes.
    if before != name and not await InformationNote.exists(audio=before):
        recordings.remove(before)


def latest_expiry() -> date:
    return one_year_after(clock.today())


def one_year_after(day: date) -> date:
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _columns(text: NoteText, *, is_public: bool) -> dict[str, Any]:
    body = read_markdown(text.body)
    if is_public:
        _check_sourced(text.source_name, text.reviewed_on, text.expires_on)
    else:
        _check_days(text.reviewed_on, text.expires_on)
    return {
        "kind": text.kind,
        "title": text.title,
        "body": body,
        "lang": text.lang,
        "situations": [situation.value for situation in Situation if situation in text.situations],
        "source_name": text.source_name,
        "source_url": text.source_url,
        "reviewed_on": text.reviewed_on,
        "expires_on": text.expires_on,
    }


def _check_sourced(source_name: str, reviewed_on: date | None, expires_on: date | None) -> None:
    if not source_name:
        raise NoSource(field="source_name")
    if reviewed_on is None:
        raise WrongReview(NOT_REVIEWED, field="reviewed_on")
    if expires_on is None:
        raise WrongExpiry(NO_EXPIRY, field="expires_on")
    _check_days(reviewed_on, expires_on)


def _check_days(reviewed_on: date | None, expires_on: date | None) -> None:
    if reviewed_on is not None and reviewed_on > clock.today():
        raise WrongReview(REVIEWED_LATER, field="reviewed_on")
    if expires_on is not None and expires_on <= clock.today():
        raise WrongExpiry(EXPIRY_PAST, field="expires_on")
    if expires_on is not None and expires_on > latest_expiry():
        day = dates.date_without_weekday(latest_expiry(), language())
        raise WrongExpiry(EXPIRY_FAR, field="expires_on", day=day)


async def _locked(note_id: UUID) -> InformationNote:
    found = await lock(InformationNote, [note_id])
    if not found:
        raise UnknownNote
    return found[0]


async def _standing(note_id: UUID) -> InformationNote:
    note = await _locked(note_id)
    if note.state is NoteState.DELETED:
        raise NoteMoved
    return note


async def _moved(note_id: UUID, state: NoteState) -> InformationNote:
    note = await _locked(note_id)
    if state not in MOVES[note.state]:
        raise NoteMoved
    note.state = state
    return note


async def _save(note: InformationNote) -> None:
    """Every change gets a later moment: readers of the feed tell versions by it."""
    note.changed_at = clock.whole_second_after(note.changed_at)
    if note.state is NoteState.PUBLISHED and note.published_at is None:
        note.published_at = clock.now()
    await note.save(update_fields=WRITTEN_COLUMNS)
