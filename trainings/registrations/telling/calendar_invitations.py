"""iTIP objects in messages (RFC 5546, RFC 6047). Unlike in the public feeds: one attendee, one session, an UID of their
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from uuid import UUID

from icalendar import Event, vCalAddress, vText

from trainings.clock import GUATEMALA
from trainings.outbox.mailer import Attachment, Invitation, Method
from trainings.schedule.ics import CALENDAR_END, VTIMEZONE, calendar_head, called_off

MOST_INVITATIONS = 3


@dataclass(frozen=True, slots=True)
class Appointment:
    """`sequence` rises with every change. `is_apart`: with a message of its own."""

    uid: str
    stamped_at: datetime
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    is_cancelled: bool = False
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Parties:
    organizer: str
    attendee: str


def invitation_uid(registration_id: UUID, session_id: UUID, uid_domain: str, *, round_number: int = 0) -> str:
    """The same from REQUEST to CANCEL. A new sign-up after a CANCEL gets another: calendars refuse a dead UID."""
    again = f"-{round_number}" if round_number else ""
    return f"insc-{registration_id}-{session_id}{again}@{uid_domain}"


def carried(appointments: Sequence[Appointment], parties: Parties) -> tuple[Invitation | None, tuple[Attachment, ...]]:
    """Up to three sessions as one object each, the first inline; more as one file, without sessions invited to
    apart.
    """
    if len(appointments) > MOST_INVITATIONS:
        apart = [appointment for appointment in appointments if appointment.is_apart][:MOST_INVITATIONS]
        rest = [appointment for appointment in appointments if appointment not in apart]
        invited, files = _one_by_one(apart, parties)
        together = (Attachment("calendario.ics", all_in_one(rest), "text/calendar"),) if rest else ()
        return invited, (*files, *together)
    return _one_by_one(appointments, parties)


def _one_by_one(
    appointments: Sequence[Appointment], parties: Parties
) -> tuple[Invitation | None, tuple[Attachment, ...]]:
    if not appointments:
        return None, ()
    first, *others = [invitation(appointment, parties) for appointment in appointments]
    # One object may hold one UID only, and Outlook acts on one object a message: further files are there to be opened.
    files = (
        Attachment(f"sesion-{number}.ics", other.content, "application/ics")
        for number, other in enumerate(others, start=2)
    )
    return first, tuple(files)


def invitation(appointment: Appointment, parties: Parties) -> Invitation:
    event = _event(appointment)
    event.add("organizer", _person(parties.organizer, CN=parseaddr(parties.organizer)[0]))
    attendee = _person(
        parties.attendee,
        CUTYPE="INDIVIDUAL",
        ROLE="REQ-PARTICIPANT",
        PARTSTAT="NEEDS-ACTION",
        # Nobody reads the replies.
        RSVP="FALSE",
        # Not the name: anybody may have typed it.
        CN=parties.attendee,
    )
    event.add("attendee", attendee)
    method: Method = "CANCEL" if appointment.is_cancelled else "REQUEST"
    return Invitation(_calendar(method, [event]), method)


def all_in_one(appointments: Sequence[Appointment]) -> bytes:
    """A file to open by hand; invites nobody."""
    return _calendar("PUBLISH", [_event(appointment) for appointment in appointments])


def _event(appointment: Appointment) -> Event:
    event = Event()
    event.add("uid", appointment.uid)
    event.add("dtstamp", appointment.stamped_at)
    event.add("last-modified", appointment.stamped_at)
    event.add("sequence", appointment.sequence)
    event.add("dtstart", appointment.starts_at.astimezone(GUATEMALA))
    event.add("dtend", appointment.ends_at.astimezone(GUATEMALA))
    event.add("summary", called_off(appointment.summary) if appointment.is_cancelled else appointment.summary)
    event.add("location", appointment.location)
    event.add("description", appointment.description)
    event.add("status", "CANCELLED" if appointment.is_cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    return event


def _person(mailbox: str, **parameters: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{parseaddr(mailbox)[1]}")
    for name, value in parameters.items():
        if value:
            person.params[name] = vText(value)
    return person


def _calendar(method: str, events: Sequence[Event]) -> bytes:
    body = "".join(event.to_ical().decode() for event in events)
    return (calendar_head(method) + VTIMEZONE + body + CALENDAR_END).encode()
