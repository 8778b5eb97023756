"""Sentences that forms and pages put together: each says what is meant, and ends once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trainings.lib.dates import NBSP, day_and_time
from trainings.people.forms import PersonForm
from trainings.web.forms import FormErrors, Typed, check
from trainings.web.render import render_text


def test_summary_of_an_empty_form_names_each_field_that_is_missing() -> None:
    typed = Typed.of({"given_names": " "})

    with pytest.raises(FormErrors):
        check(PersonForm, typed, prefix="members-1-")

    assert typed.errors == {
        "members-1-given_names": "Escriba los nombres.",
        "members-1-surnames": "Escriba los apellidos.",
        "members-1-municipality": "Escoja el municipio.",
    }


def test_sentence_that_ends_with_a_time_has_one_full_stop() -> None:
    when = day_and_time(datetime(2027, 3, 4, 14, 30, tzinfo=UTC), "es")

    page = render_text("errors/409.html", {"sentence": f"Es el {when}."})

    assert f"Es el jueves 4 de marzo, 8:30{NBSP}a.{NBSP}m.<" in page
