"""Atom feeds (RFC 4287) of notes, in Spanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from trainings.notes import recordings
from trainings.notes.markdown import html_of, plain
from trainings.notes.queries import Note
from trainings.settings import get_settings
from trainings.web.i18n import SOURCE_LANGUAGE, gettext, speaking
from trainings.web.render import absolute, render_text

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
ATOM = "http://www.w3.org/2005/Atom"
XML_LANG, XML_BASE = "xml:lang", "xml:base"
FIRST_DAY = "2026-01-01"
"""Since when our feeds' names are ours (RFC 4151)."""
NOTHING_YET = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Channel:
    path: str
    page: str
    title: str


def atom(channel: Channel, notes: Sequence[Note]) -> bytes:
    """Equal notes give equal bytes; changes show in `updated`."""
    with speaking(SOURCE_LANGUAGE):
        feed = Element("feed", {"xmlns": ATOM, XML_LANG: SOURCE_LANGUAGE, XML_BASE: absolute("/")})
        SubElement(feed, "id").text = f"tag:{get_settings().uid_domain},{FIRST_DAY}:{channel.path}"
        SubElement(feed, "title").text = channel.title
        SubElement(feed, "updated").text = _moment(max((note.changed_at for note in notes), default=NOTHING_YET))
        SubElement(feed, "link", rel="self", type="application/atom+xml", href=absolute(channel.path))
        SubElement(feed, "link", rel="alternate", type="text/html", href=absolute(channel.page))
        author = SubElement(feed, "author")
        SubElement(author, "name").text = gettext("Ventanilla Informativa Municipal sobre Migración")
        for note in notes:
            _add(feed, note)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add(feed: Element, note: Note) -> None:
    entry = SubElement(feed, "entry", {XML_LANG: note.lang})
    SubElement(entry, "id").text = f"urn:uuid:{note.id}"
    SubElement(entry, "title").text = note.title
    SubElement(entry, "link", rel="alternate", type="text/html", href=absolute(note.path))
    SubElement(entry, "published").text = _moment(note.published_at)
    SubElement(entry, "updated").text = _moment(note.changed_at)
    SubElement(SubElement(entry, "author"), "name").text = note.office
    SubElement(entry, "category", term=note.kind.value)
    SubElement(entry, "summary").text = plain(note.body)[:300]
    content = render_text("notes/_entry.html", {"note": note, "html": html_of(note.body)})
    SubElement(entry, "content", type="html").text = content
    recording = recordings.found(note.audio)
    if recording is not None:
        place = {"href": absolute(recordings.ADDRESS + recording.name), "hreflang": note.audio_language}
        length = str(recording.path.stat().st_size)
        SubElement(entry, "link", place, rel="enclosure", type=recording.media_type, length=length)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
