"""A training as a calendar file: the entries of the feeds under our own head."""

from __future__ import annotations

from collections.abc import Iterable

from icalendar import Event

from trainings.schedule.ics import VTIMEZONE

HEAD = (
    "BEGIN:VCALENDAR\r\n"
    "VERSION:2.0\r\n"
    "PRODID:-//Ventanillas municipales//Capacitaciones 1.0//ES\r\n"
    "CALSCALE:GREGORIAN\r\n"
    "METHOD:PUBLISH\r\n"
)
END = "END:VCALENDAR\r\n"
TELLING = ("DESCRIPTION", "CATEGORIES", "URL")
"""Properties that name the subject besides the title: the address carries the title too."""


def calendar_entry(events: Iterable[str], *, neutral_title: str = "") -> str:
    """A neutral title replaces everything that names the subject.

    UIDs as in the feeds: a client with both shows one entry.
    """
    shown = [_neutral(text, neutral_title) if neutral_title else text for text in events]
    return "".join((HEAD, VTIMEZONE, *shown, END))


def _neutral(text: str, title: str) -> str:
    event = Event.from_ical(text)
    for name in TELLING:
        event.pop(name, None)
    event["SUMMARY"] = title
    return str(event.to_ical().decode())
