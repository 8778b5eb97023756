"""The small sentences of public pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from trainings.schedule.public import sentences
from trainings.web.i18n import speaking


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a y b"),
        (["a", "b", "c"], "a, b y c"),
        (["docentes", "instituciones"], "docentes e instituciones"),
        (["mam", "Ixil"], "mam e Ixil"),
        (["rampa", "hielo"], "rampa y hielo"),
        (["rampa", "hijas"], "rampa e hijas"),
    ],
)
def test_listing_joins_as_spanish_does(parts: list[str], text: str) -> None:
    assert sentences.listing(parts) == text


@pytest.mark.parametrize(
    ("spoken", "interpreted", "text"),
    [
        (["spa"], [], "Español."),
        (["spa", "kek"], [], "Español y q’eqchi’."),
        (["spa"], ["mam", "ixl"], "Español, con intérprete de mam e ixil."),
        ([], ["gsm"], "Con intérprete de lengua de señas (LENSEGUA)."),
        ([], [], ""),
        (["zzz"], [], "Zzz."),
    ],
)
def test_language_sentence(spoken: list[str], interpreted: list[str], text: str) -> None:
    assert sentences.language_sentence(spoken, interpreted) == text


def test_language_names_are_large_in_english() -> None:
    with speaking("en"):
        assert sentences.language_name("kek") == "Q’eqchi’"


@pytest.mark.parametrize(
    ("minimum_age", "admits_minors", "text"),
    [
        (None, False, "Desde 18 años."),
        (12, False, "Desde 18 años."),
        (25, False, "Desde 25 años."),
        (14, True, "Desde 14 años. Menores de edad, con permiso de su madre, padre o persona encargada."),
        (None, True, "Menores de edad, con permiso de su madre, padre o persona encargada."),
    ],
)
def test_age_sentence(minimum_age: int | None, *, admits_minors: bool, text: str) -> None:
    assert sentences.age_sentence(minimum_age, admits_minors=admits_minors) == text


def test_lists_ignore_codes_that_nobody_knows() -> None:
    assert sentences.audience_sentence(["nadie"]) == "Toda persona interesada."
    assert sentences.access_sentence(["ascensor", "ramp"]) == "Rampa."
    assert sentences.offer_sentence(["childcare", "fare"]) == "Pasaje."


# -- several sessions, and a course that is half gone

Freeze = Callable[[datetime], None]
FIRST = datetime(2027, 3, 4, 14, 30, tzinfo=UTC)
"""A Thursday, 8:30 in Guatemala."""


@dataclass(frozen=True)
class Meeting:
    starts_at: datetime
    hours: int = 4

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(hours=self.hours)


def meetings(*days: int, hours: int = 4) -> list[Meeting]:
    """By days after the first."""
    return [Meeting(FIRST + timedelta(days=day), hours) for day in days]


TEN = meetings(*range(0, 70, 7))
TOO_LATE = (
    "Para el diploma ya no alcanzan las horas, salvo que las reponga en otra fecha. Sí recibe constancia de las "
    "horas a las que asista."
)


@pytest.mark.parametrize(
    ("days", "what", "told"),
    [
        (range(0, 70, 7), "10 jueves", "Del 4 de marzo al 6 de mayo de 2027"),
        ((0, 7, 21), "3 jueves", "Los días 4, 11 y 25 de marzo de 2027"),
        ((0, 7, 21, 28, 35, 42, 49), "7 jueves", "Los días 4, 11 y 25 de marzo; 1, 8, 15 y 22 de abril de 2027"),
        ((0, 1, 2, 3), "4 sesiones", "Los días 4, 5, 6 y 7 de marzo de 2027"),
    ],
)
def test_sessions_at_equal_hours_are_one_line(days: Sequence[int], what: str, told: str, freeze: Freeze) -> None:
    freeze(FIRST)
    found = sentences.at_equal_hours(meetings(*days))

    assert found is not None
    hours = "de 8:30\N{NO-BREAK SPACE}a.\N{NO-BREAK SPACE}m. a 12:30\N{NO-BREAK SPACE}p.\N{NO-BREAK SPACE}m."
    assert (found.what, found.hours, found.days, found.gone) == (what, hours, told, "")


def test_few_sessions_or_at_different_hours_are_told_one_by_one() -> None:
    assert sentences.at_equal_hours(meetings(0, 7)) is None
    assert sentences.at_equal_hours([*meetings(0, 7), *meetings(14, hours=3)]) is None


def test_past_days_stand_apart_while_others_are_to_come(freeze: Freeze) -> None:
    freeze(TEN[2].ends_at)
    found = sentences.at_equal_hours(TEN)
    freeze(TEN[-1].ends_at)
    over = sentences.at_equal_hours(TEN)

    assert found is not None
    assert found.days == "Quedan 7: del 25 de marzo al 6 de mayo de 2027"
    assert found.gone == "Ya pasaron: los días 4, 11 y 18 de marzo de 2027"
    assert over is not None
    assert (over.days, over.gone) == ("Del 4 de marzo al 6 de mayo de 2027", "")


@pytest.mark.parametrize(
    ("n_gone", "told"),
    [
        (0, ""),
        (1, "Quedan 9 de 10 sesiones. Todavía alcanza para el diploma, si viene a las próximas 8."),
        (2, "Quedan 8 de 10 sesiones. Todavía alcanza para el diploma, si no falta a ninguna."),
        (9, f"Queda 1 de 10 sesiones. {TOO_LATE}"),
        (10, ""),
    ],
)
def test_course_that_is_half_gone_says_what_can_still_be_had(n_gone: int, told: str, freeze: Freeze) -> None:
    freeze(TEN[n_gone - 1].ends_at if n_gone else FIRST)

    assert sentences.left_of_course(TEN, 80) == told
