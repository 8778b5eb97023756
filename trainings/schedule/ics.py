"""One session as one VEVENT (RFC 5545): feeds join these texts, invitations use the same zone.

Everything comes from rows, nothing from the moment of rendering, so that the same rows give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from icalendar import Event, vGeo, vText

from trainings.clock import GUATEMALA
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

TEXT_FORMAT = 1
"""Rises when `event_text` writes the same facts differently: stored texts of an older format are written again."""

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
"""Fixed by hand: the zone has had no daylight saving since 2006, and Outlook misreads the historic RDATEs."""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What a public calendar entry tells of a session. Place and coordinates are empty where the place is protected.

    `summary`, `notes` are plain text; `categories` words of topic and kind; `sequence` ≥ 1 once cancelled.
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


def session_uid(session_id: UUID, uid_domain: str) -> str:
    """The UID of a session: the same in every feed, for ever."""
    return f"sesion-{session_id}@{uid_domain}"


def event_text(facts: EventFacts) -> str:
    """The VEVENT of a session, folded, with CRLF line ends, in Spanish."""
    with speaking(SOURCE_LANGUAGE):
        return str(_event(facts).to_ical().decode("utf-8"))


def _event(facts: EventFacts) -> Event:
    event = Event()
    event.add("uid", session_uid(facts.session_id, facts.uid_domain))
    event.add("dtstamp", facts.stamped_at)
    event.add("created", facts.created_at.replace(microsecond=0))
    event.add("last-modified", facts.stamped_at)
    event.add("sequence", max(facts.sequence, 1) if facts.is_cancelled else facts.sequence)
    event.add("dtstart", facts.starts_at.astimezone(GUATEMALA))
    event.add("dtend", facts.ends_at.astimezone(GUATEMALA))
    event.add("summary", _title(facts))
    event.add("location", ", ".join(part for part in (facts.place, facts.municipality) if part))
    if facts.lat is not None and facts.lon is not None:
        event.add("geo", vGeo((float(facts.lat), float(facts.lon))))
    event.add("description", _description(facts))
    event.add("url", facts.url)
    event.add("status", "CANCELLED" if facts.is_cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PUBLIC")
    event.add("categories", [vText(word) for word in facts.categories])
    return event


def _title(facts: EventFacts) -> str:
    title = facts.title
    if facts.n_sessions > 1:
        numbered = gettext(N_("%(title)s, sesión %(position)s de %(n)s"))
        title = numbered % {"title": title, "position": facts.position, "n": facts.n_sessions}
    # Several clients list a cancelled entry as if nothing had happened: the word must be in the title.
    return gettext(N_("CANCELADA: %(title)s")) % {"title": title} if facts.is_cancelled else title


def _description(facts: EventFacts) -> str:
    parts = [facts.summary, *facts.notes, facts.url]
    return "\n".join(part for part in parts if part)
