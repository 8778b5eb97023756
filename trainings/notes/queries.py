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
from trainings.db.prepared import Select
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


def _valid() -> QuerySet[InformationNote]:
    """Published, and the last valid day is not over in Guatemala."""
    return reads(InformationNote).filter(state=NoteState.PUBLISHED, expires_on__gte=clock.today(), hub__is_active=True)


VALID = "this.state = 'published' AND this.expires_on >= ? AND hub.is_active"
LISTED = Select(
    InformationNote,
    "hub__operator",
    where=f"""{VALID}
        AND (? = '' OR this.hub_id IN (SELECT hub_id FROM hub_service WHERE municipality_id = ?))
        AND (? = '' OR hub.slug = ?) AND (? = '' OR this.kind = ?)""",  # noqa: S608 - constants of the program
    order="this.changed_at DESC, this.id LIMIT ?",
    are_few=True,
)
BY_SLUG = Select(InformationNote, "hub__operator", where=f"this.slug = ? AND {VALID}", are_few=True)


async def _wanted(wanted: Wanted, most: int) -> list[InformationNote]:
    which = (wanted.town_code, wanted.hub_slug, wanted.kind.value if wanted.kind else "")
    return await LISTED.rows(clock.today(), *(value for one in which for value in (one, one)), most)


async def listed_notes(wanted: Wanted, *, most: int = MOST_LISTED) -> list[Line]:
    return [Line(**_of_line(note)) for note in await _wanted(wanted, most)]


async def whole_notes(wanted: Wanted) -> list[Note]:
    """At most fifty, last changed first."""
    return [as_public(note) for note in await _wanted(wanted, MOST_IN_A_FEED)]


async def public_note(slug: str) -> Note:
    """Raises UnknownNote, for draft, withdrawn and expired notes too."""
    note = await BY_SLUG.first(slug, clock.today()) if SLUG.fullmatch(slug) else None
    if note is None:
        raise UnknownNote
    return as_public(note)


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
    """Empty days become today. Hub and operator are loaded."""
    as_read = ("body", "source_name", "source_url", "audio", "audio_language")
    return Note(**_of_line(note), **{name: getattr(note, name) for name in as_read})


def _of_line(note: InformationNote) -> dict[str, Any]:
    as_read = ("id", "slug", "kind", "title", "lang", "changed_at")
    return {
        **{name: getattr(note, name) for name in as_read},
        "reviewed_on": note.reviewed_on or clock.today(),
        "expires_on": note.expires_on or clock.today(),
        "published_at": note.published_at or clock.now(),
        "situations": tuple(note.situations),
        "hub_name": note.hub.name,
        "hub_slug": note.hub.slug,
        "operator": note.hub.operator.name,
        "seat": towns.by_code()[note.hub.seat_id],
        "has_audio": bool(note.audio),
    }
