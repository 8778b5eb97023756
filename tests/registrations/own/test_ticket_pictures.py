"""What the picture of a ticket says in words below its code."""

from __future__ import annotations

import pytest

from tests import make
from trainings.lib import tokens
from trainings.lib.dates import day_and_time
from trainings.registrations.own.ticket import captions, ticket_of
from trainings.registrations.queries import with_sessions
from trainings.schedule.models import PlaceShown
from trainings.settings import Settings


@pytest.mark.parametrize(
    ("place_shown", "neutral", "title"),
    [
        (PlaceShown.PUBLIC, "", ["Refugio"]),
        (PlaceShown.PUBLIC, "Taller de los martes", ["Taller de los martes"]),
        (PlaceShown.AFTER_CONFIRMATION, "", []),
        (PlaceShown.AFTER_CONFIRMATION, "Taller de los martes", ["Taller de los martes"]),
    ],
)
async def test_picture_says_where_and_whom_to_call_and_no_topic_of_a_protected_place(
    db: Settings, place_shown: PlaceShown, neutral: str, title: list[str]
) -> None:
    training = await make.make_training(title="Refugio", neutral_title=neutral, place_shown=place_shown)
    ana = await make.make_registration(training, given_names="Ana", surnames="Ba")

    told = captions(ticket_of(await with_sessions(ana.id), None))

    assert told == [
        "Ana Ba",
        *title,
        day_and_time(training.sessions[0].starts_at, "es"),
        "Salón municipal, Barrio El Centro, La Libertad, Petén",
        "Ventanilla: 7900 1234",
        tokens.show_short_code(ana.short_code),
    ]
