from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import NOTE_EDITORS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib.text import SLUG
from trainings.notes.actions import SOON, UnknownNote
from trainings.notes.models import InformationNote, NoteKind, NoteState, Situation
from trainings.places.models import Hub, HubService
from trainings.schedule import towns
from trainings.schedule.towns import Town

MOST_IN_A_FEED = 50
MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class Line:
    """`office`: its author's office, never the person. `expires_on`: the last valid day."""

    id: UUID
    slug: str
    kind: NoteKind
    title: str
    lang: str
    situations: tuple[str, ...]
    hub_name: str
    hub_slug: str
    operator: str
    seat: Town
    reviewed_on: date
    expires_on: date
    changed_at: datetime
    published_at: datetime
    has_audio: bool

    @property
    def path(self) -> str:
        return f"/notas/{self.slug}"

    @property
    def office(self) -> str:
        return f"{self.hub_name}, {self.operator}"


@dataclass(frozen=True, slots=True)
class Note(Line):
    """`body` in Markdown; the recording's name and language (ISO 639-3)."""

    body: str
    source_name: str
    source_url: str
    audio: str
    audio_language: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty fields do not matter. `town_code`: of a municipality that the hub serves."""

    town_code: str = ""
    hub_slug: str = ""
    kind: NoteKind | None = None


_LINE = (
    *("id", "slug", "kind", "title", "lang", "situations", "reviewed_on", "expires_on", "changed_at", "published_at"),
    *("audio", "hub__name", "hub__slug", "hub__seat_id", "hub__operator__name"),
)
_NOTE = (*_LINE, "body", "source_name", "source_url", "audio_language")


# -- everybody


def _valid() -> QuerySet[InformationNote]:
    """Published, and the last valid day is not over in Guatemala."""
    return reads(InformationNote).filter(state=NoteState.PUBLISHED, expires_on__gte=clock.today(), hub__is_active=True)


def _wanted(wanted: Wanted) -> QuerySet[InformationNote]:
    found = _valid()
    if wanted.town_code:
        found = found.filter(hub__services__municipality_id=wanted.town_code)
    if wanted.hub_slug:
        found = found.filter(hub__slug=wanted.hub_slug)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    return found.order_by("-changed_at", "id")


async def listed_notes(wanted: Wanted, *, most: int = MOST_LISTED) -> list[Line]:
    return [_line(row) for row in await _wanted(wanted).limit(most).values(*_LINE)]


async def whole_notes(wanted: Wanted) -> list[Note]:
    """At most fifty, last changed first."""
    return [_note(row) for row in await _wanted(wanted).limit(MOST_IN_A_FEED).values(*_NOTE)]


async def public_note(slug: str) -> Note:
    """Raises UnknownNote, for draft, withdrawn and expired notes too."""
    rows = await _valid().filter(slug=slug).values(*_NOTE) if SLUG.fullmatch(slug) else []
    if not rows:
        raise UnknownNote
    return _note(rows[0])


async def notes_for(situation: Situation, town_code: str = "") -> list[Line]:
    """Valid notes; of hubs that serve the municipality first."""
    serving = {slug for (slug,) in await reads(HubService).filter(municipality_id=town_code).values_list("hub__slug")}
    found = [line for line in await listed_notes(Wanted()) if situation in line.situations]
    return sorted(found, key=lambda line: line.hub_slug not in serving)


def is_valid(note: InformationNote) -> bool:
    return note.state is NoteState.PUBLISHED and note.expires_on is not None and note.expires_on >= clock.today()


async def is_heard(name: str) -> bool:
    return await _valid().filter(audio=name).exists()


async def hubs_with_notes() -> list[tuple[str, str]]:
    rows = await _valid().distinct().values_list("hub__slug", "hub__name")
    return sorted(((str(slug), str(name)) for slug, name in rows), key=lambda hub: hub[1])


async def public_hub(slug: str) -> Hub:
    """An active hub. Raises UnknownNote."""
    found = await reads(Hub).get_or_none(slug=slug, is_active=True) if SLUG.fullmatch(slug) else None
    if found is None:
        raise UnknownNote
    return found


# -- staff


def visible_to(actor: Actor) -> QuerySet[InformationNote]:
    """Notes of hubs where the actor writes notes."""
    return reads(InformationNote).filter(hub_id__in=sorted(actor.hubs_with(NOTE_EDITORS)))


async def for_staff(note_id: UUID, actor: Actor) -> InformationNote:
    """With hub, operator and author, in any state. Raises UnknownNote out of scope."""
    note = await visible_to(actor).get_or_none(id=note_id).select_related("hub__operator", "author")
    if note is None:
        raise UnknownNote
    return note


async def staff_notes(actor: Actor) -> list[InformationNote]:
    return await visible_to(actor).select_related("hub").order_by("-changed_at", "id")


def expiring(notes: Iterable[InformationNote], author_id: UUID | None) -> list[InformationNote]:
    """The author's notes that expire within two weeks, or expired and were not withdrawn."""
    last = clock.today() + SOON
    found = [
        note
        for note in notes
        if note.author_id == author_id
        and note.state is NoteState.PUBLISHED
        and note.expires_on is not None
        and note.expires_on <= last
    ]
    return sorted(found, key=lambda note: note.expires_on or last)


async def may_hear(name: str, actor: Actor) -> bool:
    """The actor writes a note with this recording, in any state."""
    return await visible_to(actor).filter(audio=name).exists()


def as_public(note: InformationNote) -> Note:
    """Empty days become today."""
    today, moment = clock.today(), clock.now()
    columns = {name: getattr(note, name) for name in _NOTE if "__" not in name} | {
        "reviewed_on": note.reviewed_on or today,
        "expires_on": note.expires_on or today,
        "published_at": note.published_at or moment,
        "hub__name": note.hub.name,
        "hub__slug": note.hub.slug,
        "hub__seat_id": note.hub.seat_id,
        "hub__operator__name": note.hub.operator.name,
    }
    return _note(columns)


def _of_line(row: dict[str, Any]) -> dict[str, Any]:
    as_read = ("id", "slug", "title", "lang", "reviewed_on", "expires_on", "changed_at", "published_at")
    return {
        **{name: row[name] for name in as_read},
        "kind": NoteKind(row["kind"]),
        "situations": tuple(row["situations"]),
        "hub_name": row["hub__name"],
        "hub_slug": row["hub__slug"],
        "operator": row["hub__operator__name"],
        "seat": towns.by_code()[row["hub__seat_id"]],
        "has_audio": bool(row["audio"]),
    }


def _line(row: dict[str, Any]) -> Line:
    return Line(**_of_line(row))


def _note(row: dict[str, Any]) -> Note:
    as_read = ("body", "source_name", "source_url", "audio", "audio_language")
    return Note(**_of_line(row), **{name: row[name] for name in as_read})
