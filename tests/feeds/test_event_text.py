"""One session as a VEVENT: to the byte, and whatever people typed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.feeds.facts import a_session
from tests.feeds.hostile import HOSTILE, as_read, check_form
from tests.feeds.readers import IN_PYTHON, with_ical_js
from trainings.feeds.calendar import calendar_text
from trainings.feeds.scopes import Scope
from trainings.schedule.ics import event_text, meaning

SCOPE = Scope("guatemala", "Capacitaciones", "Todas", "/capacitaciones", "/cal/guatemala.ics", "guatemala.ics")


SOMETHING = st.text(min_size=1, max_size=400).filter(lambda text: as_read(text).strip() != "")
"""A title is never empty, nor is a category: libical takes a property without a value for a mistake."""


def in_a_calendar(**facts: object) -> str:
    return calendar_text(SCOPE, [event_text(a_session(**facts))], base_url="https://ventanillas.example")


def test_event_is_written_to_the_byte() -> None:
    assert event_text(a_session()) == (
        "BEGIN:VEVENT\r\n"
        "UID:sesion-01936a5e-7c1f-7c3a-9d2e-0123456789ab@ventanillas.example\r\n"
        "DTSTAMP:20270105T162030Z\r\n"
        "LAST-MODIFIED:20270105T162030Z\r\n"
        "CREATED:20270104T150000Z\r\n"
        "SEQUENCE:0\r\n"
        "DTSTART;TZID=America/Guatemala:20270306T083000\r\n"
        "DTEND;TZID=America/Guatemala:20270306T123000\r\n"
        "SUMMARY:Riesgos de la migración irregular\r\n"
        "LOCATION:Salón municipal\\, Barrio El Centro\\, La Libertad\\, Petén\r\n"
        "GEO:16.780000;-90.110000\r\n"
        "DESCRIPTION:Mitos y realidades.\\nVentanilla de La Libertad\\nhttps://ventani\r\n"
        " llas.example/capacitaciones/riesgos-abc123\r\n"
        "URL:https://ventanillas.example/capacitaciones/riesgos-abc123\r\n"
        "STATUS:CONFIRMED\r\n"
        "TRANSP:OPAQUE\r\n"
        "CLASS:PUBLIC\r\n"
        "CATEGORIES:Riesgos,Taller\r\n"
        "END:VEVENT\r\n"
    )


def test_cancelled_event_says_so_in_status_sequence_and_title() -> None:
    lines = event_text(a_session(is_cancelled=True)).split("\r\n")

    assert "STATUS:CANCELLED" in lines
    assert "SEQUENCE:1" in lines
    assert "SUMMARY:CANCELADA: Riesgos de la migración irregular" in lines


def test_sequence_of_a_cancelled_event_that_was_moved_before_is_kept() -> None:
    assert "\r\nSEQUENCE:3\r\n" in event_text(a_session(is_cancelled=True, sequence=3))


def test_one_of_several_sessions_is_numbered() -> None:
    text = event_text(a_session(position=2, n_sessions=3))

    assert "\r\nSUMMARY:Riesgos de la migración irregular\\, sesión 2 de 3\r\n" in text


def test_protected_place_is_its_municipality_without_a_position() -> None:
    text = event_text(a_session(place="", lat=None, lon=None))

    assert "\r\nLOCATION:La Libertad\\, Petén\r\n" in text
    assert "GEO" not in text


def test_position_is_the_same_however_many_digits_the_database_keeps() -> None:
    assert event_text(a_session(lat=Decimal("16.780000"))) == event_text(a_session(lat=Decimal("16.78")))


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_title_reaches_every_reader_in_python_and_injects_nothing(title: str) -> None:
    text = in_a_calendar(title=title, place=title, summary=title, notes=(title,), categories=(title, "Taller"))

    for read in IN_PYTHON:
        [entry] = read(text)
        assert entry.summary == as_read(title), read
        assert entry.location == as_read(f"{title}, La Libertad, Petén"), read
        assert entry.description.startswith(as_read(title)), read
    check_form(text)


def test_hostile_titles_reach_ical_js() -> None:
    read = with_ical_js(*(in_a_calendar(title=title) for title in HOSTILE))

    assert [[entry.summary for entry in entries] for entries in read] == [[as_read(title)] for title in HOSTILE]


@settings(max_examples=12)
@given(title=SOMETHING, place=st.text(max_size=120), summary=SOMETHING)
@example(title="\\", place=",", summary=";")
def test_any_text_reaches_a_reader_and_injects_nothing(title: str, place: str, summary: str) -> None:
    text = in_a_calendar(title=title, place=place, summary=summary, categories=(title, summary))

    for read in IN_PYTHON:
        [entry] = read(text)
        assert (entry.summary, entry.status, entry.sequence) == (as_read(title), "CONFIRMED", 0), read
        assert entry.starts_at == datetime(2027, 3, 6, 14, 30, tzinfo=UTC), read
    check_form(text)


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_text_that_is_read_back_means_what_was_written(title: str) -> None:
    facts = a_session(title=title)

    assert meaning(event_text(facts)) == meaning(event_text(facts).replace("\r\n ", ""))
