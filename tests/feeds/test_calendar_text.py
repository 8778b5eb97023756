"""A whole calendar as a pure function: its head, the zone, the tail."""

from __future__ import annotations

from typing import Any

from icalendar import Calendar

from tests.feeds.hostile import HOSTILE, as_read, check_form
from trainings.feeds.calendar import calendar_text
from trainings.feeds.scopes import Scope

SITE = "https://ventanillas.example"


def a_scope(**changes: str) -> Scope:
    described: dict[str, Any] = {
        "key": "municipio:1705",
        "name": "Capacitaciones en La Libertad, Petén",
        "description": "Inscribirse no cuesta.",
        "path": "/municipios/la-libertad-peten",
        "address": "/cal/municipio/la-libertad-peten.ics",
        "filename": "la-libertad-peten.ics",
    }
    return Scope(**(described | changes))


def test_head_is_written_to_the_byte() -> None:
    assert calendar_text(a_scope(), [], base_url=SITE) == (
        "BEGIN:VCALENDAR\r\n"
        "VERSION:2.0\r\n"
        "PRODID:-//Ventanillas municipales//Capacitaciones 1.0//ES\r\n"
        "CALSCALE:GREGORIAN\r\n"
        "METHOD:PUBLISH\r\n"
        "NAME:Capacitaciones en La Libertad\\, Petén\r\n"
        "X-WR-CALNAME:Capacitaciones en La Libertad\\, Petén\r\n"
        "DESCRIPTION:Inscribirse no cuesta.\r\n"
        "X-WR-CALDESC:Inscribirse no cuesta.\r\n"
        "X-WR-TIMEZONE:America/Guatemala\r\n"
        "COLOR:teal\r\n"
        "URL:https://ventanillas.example/municipios/la-libertad-peten\r\n"
        "SOURCE;VALUE=URI:https://ventanillas.example/cal/municipio/la-libertad-pete\r\n"
        " n.ics\r\n"
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n"
        "X-PUBLISHED-TTL:PT6H\r\n"
        "BEGIN:VTIMEZONE\r\n"
        "TZID:America/Guatemala\r\n"
        "BEGIN:STANDARD\r\n"
        "DTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:-0600\r\n"
        "TZOFFSETTO:-0600\r\n"
        "TZNAME:CST\r\n"
        "END:STANDARD\r\n"
        "END:VTIMEZONE\r\n"
        "END:VCALENDAR\r\n"
    )


def test_base_url_with_a_slash_at_its_end_makes_no_double_slash() -> None:
    assert calendar_text(a_scope(), [], base_url=f"{SITE}/") == calendar_text(a_scope(), [], base_url=SITE)


def test_hostile_name_stays_in_its_line() -> None:
    for name in HOSTILE:
        text = calendar_text(a_scope(name=name, description=name), [], base_url=SITE)

        calendar = Calendar.from_ical(text)
        assert str(calendar["DESCRIPTION"]) == as_read(name)
        assert calendar["NAME"] == calendar["X-WR-CALNAME"] == calendar["X-WR-CALDESC"], name
        assert "ATTENDEE" not in calendar, name
        check_form(text, n_events=0)
