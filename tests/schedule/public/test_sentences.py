"""The small sentences of public pages."""

from __future__ import annotations

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
