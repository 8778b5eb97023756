"""One session as one VEVENT (RFC 5545), and a training as a calendar file. Lines are written to the byte: texts are
stored and compared, so a library that changes its folding would move every subscriber's entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from icalendar import Event

from trainings.clock import local
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

TEXT_FORMAT = 1
"""Raise when `event_text` writes the same facts differently: older texts are rewritten."""

VTIMEZONE = (
    "BEGIN:VTIMEZONE\r\n"
    "TZID:America/Guatemala\r\n"
    "BEGIN:STANDARD\r\n"
    "DTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:-0600\r\n"
    "TZOFFSETTO:-0600\r\n"
    "TZNAME:CST\r\n"
    "END:STANDARD\r\n"
    "END:VTIMEZONE\r\n"
)
"""Fixed: no daylight saving since 2006, and Outlook misreads the historic RDATEs."""

PRODID = "-//Ventanillas municipales//Capacitaciones 1.0//ES"
CALENDAR_END = "END:VCALENDAR\r\n"


def calendar_head(method: str) -> str:
    """For files and messages; a feed has a head of its own."""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\nCALSCALE:GREGORIAN\r\nMETHOD:{method}\r\n"


CANCELLED_LINE = "\r\nSTATUS:CANCELLED\r\n"
"""People cannot write this line: no text of theirs begins a line."""

OCTETS_IN_A_LINE = 75
TOLD = ("DTSTART", "DTEND", "LOCATION", "GEO", "STATUS")
"""A change of these raises SEQUENCE: clients ask people to look again."""

_SEPARATOR = "\\, "
_SEQUENCE = re.compile(r"\r\nSEQUENCE:(\d+)\r\n")
_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class EventFacts:
    """Place and coordinates are empty for a protected place. `summary`, `notes`: plain text; `categories`: topic and
    kind; `sequence` ≥ 1 once cancelled; `uid_kind`: head of the UID. Tentative and private facts are for
    facilitators only.
    """

    session_id: UUID
    uid_domain: str
    created_at: datetime
    stamped_at: datetime
    sequence: int
    is_cancelled: bool
    starts_at: datetime
    ends_at: datetime
    title: str
    position: int
    n_sessions: int
    municipality: str
    place: str
    lat: Decimal | None
    lon: Decimal | None
    summary: str
    notes: tuple[str, ...]
    categories: tuple[str, ...]
    url: str
    uid_kind: str = "sesion"
    is_tentative: bool = False
    is_private: bool = False

    @property
    def status(self) -> str:
        if self.is_cancelled:
            return "CANCELLED"
        return "TENTATIVE" if self.is_tentative else "CONFIRMED"


def event_text(facts: EventFacts) -> str:
    """In Spanish, folded, with CRLF."""
    with speaking(SOURCE_LANGUAGE):
        return "".join(("BEGIN:VEVENT\r\n", *_lines(facts), "END:VEVENT\r\n"))


def _lines(facts: EventFacts) -> Iterator[str]:
    yield line("UID", f"{facts.uid_kind}-{facts.session_id}@{facts.uid_domain}")
    yield line("DTSTAMP", _utc(facts.stamped_at))
    yield line("LAST-MODIFIED", _utc(facts.stamped_at))
    yield line("CREATED", _utc(facts.created_at))
    yield line("SEQUENCE", str(max(facts.sequence, 1) if facts.is_cancelled else facts.sequence))
    yield line("DTSTART;TZID=America/Guatemala", _wall_clock(facts.starts_at))
    yield line("DTEND;TZID=America/Guatemala", _wall_clock(facts.ends_at))
    yield line("SUMMARY", escaped(_title(facts)))
    yield line("LOCATION", escaped(", ".join(part for part in (facts.place, facts.municipality) if part)))
    if facts.lat is not None and facts.lon is not None:
        yield line("GEO", f"{facts.lat:.6f};{facts.lon:.6f}")
    yield line("DESCRIPTION", escaped(_description(facts)))
    yield line("URL", facts.url)
    yield line("STATUS", facts.status)
    yield line("TRANSP", "OPAQUE")
    yield line("CLASS", "PRIVATE" if facts.is_private else "PUBLIC")
    yield line("CATEGORIES", ",".join(map(escaped, facts.categories)))


def _title(facts: EventFacts) -> str:
    title = facts.title
    if facts.n_sessions > 1:
        numbered = gettext(N_("%(title)s, sesión %(position)s de %(n)s"))
        title = numbered % {"title": title, "position": facts.position, "n": facts.n_sessions}
    if facts.is_cancelled:
        return called_off(title)
    return gettext(N_("POR CONFIRMAR: %(title)s")) % {"title": title} if facts.is_tentative else title


def called_off(title: str) -> str:
    """Several clients list a cancelled entry as if nothing had happened: the word must be in the title."""
    return gettext(N_("CANCELADA: %(title)s")) % {"title": title}


def _description(facts: EventFacts) -> str:
    parts = [facts.summary, *facts.notes, facts.url]
    return "\n".join(part for part in parts if part)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _wall_clock(moment: datetime) -> str:
    return f"{local(moment):%Y%m%dT%H%M%S}"


# -- content lines


def line(name: str, value: str) -> str:
    """At most 75 octets; the rest on lines that begin with a blank (RFC 5545 §3.1)."""
    octets = f"{name}:{value}".encode()
    parts: list[bytes] = []
    room = OCTETS_IN_A_LINE
    while len(octets) > room:
        end = _fold_at(octets, room)
        parts.append(octets[:end])
        octets, room = octets[end:], OCTETS_IN_A_LINE - 1
    return b"\r\n ".join((*parts, octets)).decode() + "\r\n"


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11). Line ends become `\n`, other control characters go.

    Blanks at both ends go too: libical drops them, and readers must agree.
    """
    text = _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", text)).replace("\t", " ").strip(" ")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _fold_at(octets: bytes, room: int) -> int:
    """Before a character, and if possible neither inside an escape nor before a blank, which some readers take for the
    fold's own.
    """
    starts = [end for end in range(room, room // 2, -1) if octets[end] & 0xC0 != 0x80]
    return next((end for end in starts if octets[end] != ord(" ") and octets[end - 1] != ord("\\")), starts[0])


# -- reading a stored text


def meaning(text: str) -> dict[str, Any]:
    """By property: texts of equal meaning differ in form only."""
    event = Event.from_ical(text)
    return {name: value.dt if hasattr(value, "dt") else value.to_ical() for name, value in event.items()}


def without_place(text: str) -> str:
    """Leaves only municipality and department, as of its writing."""
    place = _SEPARATOR.join(_values(text)["LOCATION"].split(_SEPARATOR)[-2:])
    return _with_values(text, {"LOCATION": place, "GEO": None})


def stamped(text: str, *, sequence: int, stamped_at: datetime) -> str:
    moment = _utc(stamped_at)
    return _with_values(text, {"DTSTAMP": moment, "LAST-MODIFIED": moment, "SEQUENCE": str(sequence)})


def _with_values(text: str, values: Mapping[str, str | None]) -> str:
    """Values are written as they stand; None removes the property."""
    written = []
    for one in _unfolded(text):
        head, _colon, value = one.partition(":")
        wanted = values.get(head.partition(";")[0], value)
        if wanted is not None:
            written.append(line(head, wanted))
    return "".join(written)


def _values(text: str) -> dict[str, str]:
    found = (one.partition(":") for one in _unfolded(text))
    return {head.partition(";")[0]: value for head, _colon, value in found}


def _unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def sequence_in(text: str) -> int:
    found = _SEQUENCE.search(text)
    assert found is not None
    return int(found[1])


def sequence_after(stored: str, candidate: str) -> int | None:
    """SEQUENCE of an entry that now says `candidate`; None: the same meaning."""
    old, new = meaning(stored), meaning(candidate)
    if old == new:
        return None
    return sequence_in(stored) + any(new.get(name) != old.get(name) for name in TOLD)


NAMING = ("DESCRIPTION", "CATEGORIES", "URL")
"""Properties that name the subject; the address carries the title too."""


def calendar_entry(events: Iterable[str], *, neutral_title: str = "") -> str:
    """A neutral title replaces everything that names the subject. UIDs as in the feeds."""
    shown = [_neutral(text, neutral_title) if neutral_title else text for text in events]
    return "".join((calendar_head("PUBLISH"), VTIMEZONE, *shown, CALENDAR_END))


def _neutral(text: str, title: str) -> str:
    event = Event.from_ical(text)
    for name in NAMING:
        event.pop(name, None)
    event["SUMMARY"] = title
    return str(event.to_ical().decode())
