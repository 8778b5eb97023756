from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from trainings import clock
from trainings.lib import dates
from trainings.notes import recordings
from trainings.notes.actions import DELETED_KEPT, SOON
from trainings.notes.markdown import html_of, plain
from trainings.notes.models import InformationNote, NoteKind, NoteState
from trainings.notes.queries import Line, Note
from trainings.notes.words import KINDS, SPOKEN, STATES
from trainings.schedule.public.sentences import language_name
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, language, ngettext, speaking
from trainings.web.og import Card

FOOT = N_("Ventanilla Informativa Municipal sobre Migración")
DESCRIBED = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """`audio`: the recording's address. `voice`: its language within a sentence."""

    note: Note
    html: Markup
    kind: str
    description: str
    audio: str
    audio_type: str
    voice: str


@dataclass(frozen=True, slots=True)
class Row:
    line: Line
    kind: str


def shown(note: Note) -> Shown:
    """In the request's language; the note's text in its own."""
    recording = recordings.found(note.audio)
    words = plain(note.body)
    return Shown(
        note=note,
        html=html_of(note.body),
        kind=gettext(KINDS[note.kind]),
        description=f"{words[:DESCRIBED].rpartition(' ')[0]}…" if len(words) > DESCRIBED else words,
        audio=recordings.ADDRESS + recording.name if recording else "",
        audio_type=recording.media_type if recording else "",
        voice=language_name(note.audio_language) if note.audio_language in SPOKEN else "",
    )


def rows_of(lines: Iterable[Line]) -> list[Row]:
    return [Row(line, gettext(KINDS[line.kind])) for line in lines]


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.value, gettext(words)) for kind, words in KINDS.items()]


def card_of(note: Note) -> Card:
    """Always in Spanish."""
    with speaking(SOURCE_LANGUAGE):
        day = dates.date_without_weekday(note.expires_on, SOURCE_LANGUAGE)
        return Card(
            title=note.title,
            above=f"{gettext(KINDS[NoteKind(note.kind)])} · {note.hub_name}",
            place=gettext("Vale hasta el %(day)s") % {"day": day},
            foot=gettext(FOOT),
        )


def last_day_of(note: InformationNote) -> str:
    if note.state is not NoteState.DELETED:
        return ""
    return dates.date_without_weekday(clock.local(note.changed_at + DELETED_KEPT).date(), language())


def state_of(note: InformationNote) -> tuple[str, str]:
    """In words for staff, and its weight: "ok", "soon", "over" or empty."""
    if note.state is not NoteState.PUBLISHED or note.expires_on is None:
        return gettext(STATES[note.state]), ""
    day = dates.date_without_weekday(note.expires_on, language())
    n_days = (note.expires_on - clock.today()).days
    if n_days < 0:
        return gettext("Venció el %(day)s: ya no se muestra") % {"day": day}, "over"
    if n_days == 0:
        return gettext("Vence hoy"), "soon"
    if n_days <= SOON.days:
        left = ngettext("Vence en %(num)s día", "Vence en %(num)s días", n_days)
        return left % {"num": n_days}, "soon"
    return gettext("Publicada, vale hasta el %(day)s") % {"day": day}, "ok"
