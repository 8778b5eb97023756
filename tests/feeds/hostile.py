"""What people may type, what readers should see of it, and the form that a calendar keeps whatever it was."""

from __future__ import annotations

import re

HOSTILE = (
    "Dos\nlíneas",
    "Un\rretorno\r\ny otro",
    'comas, puntos y comas; dos puntos: comillas "dobles"',
    "barra \\ y \\n y \\N y \\, y \\\\",
    "C:\\Nuevo\\nombre",
    "acaba en barra \\",
    "Q’eqchi’ ʼ ꞌ ñ Ñ á",
    "👩🏽‍🏫🎓" * 30,
    "𐍈" * 80,
    "x" * 400,
    " " * 90 + "blancos",
    "\\" * 160,
    ";" * 160,
    "fin\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:otra",
    "fin\nATTENDEE:mailto:a@b.example",
    "\r\n ATTENDEE:mailto:a@b.example",
    "nulo \x00, campana \x07, borrado \x7f, \x1c\x1d\x1e\x1f, \x85, \u2028, \u2029",
    "a\vb\fc\td",
    "media \ud83d letra",
    "BEGIN:VCALENDAR",
    "\ufeffmarca",
)

INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def as_read(text: str) -> str:
    """What a reader should see of a text: its characters, with line ends of one kind and nothing invisible.

    No blanks before the first or after the last of them.
    """
    lines = re.sub("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]", "\n", text)
    return INVISIBLE.sub("", lines).replace("\t", " ").strip(" ")


OF_AN_EVENT = {
    *("UID", "DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "DTSTART", "DTEND", "STATUS", "TRANSP", "CLASS"),
    *("SUMMARY", "LOCATION", "DESCRIPTION", "URL", "CATEGORIES"),
}


def check_form(text: str, n_events: int = 1) -> None:
    """RFC 5545 §3.1: CRLF and nothing else ends a line, at most 75 octets, whole characters, no controls.

    Each event has its properties once, and no other but GEO: nothing that was typed became a line of its own.
    """
    octets = text.encode()
    assert octets.endswith(b"END:VCALENDAR\r\n")
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() or line == lines[-1] for line in lines)
    assert re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", text) is None
    assert text.count("\r\nBEGIN:") == text.count("\r\nEND:") - 1 == 2 + n_events
    _head, *events = text.replace("\r\n ", "").split("BEGIN:VEVENT\r\n")
    assert len(events) == n_events
    for event in events:
        names = [re.split("[;:]", line, maxsplit=1)[0] for line in event.partition("END:VEVENT\r\n")[0].splitlines()]
        assert len(names) == len(set(names))
        assert set(names) - {"GEO"} == OF_AN_EVENT
