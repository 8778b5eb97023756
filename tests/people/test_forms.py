"""What people type about themselves, as it is read."""

from __future__ import annotations

from typing import Any

import pytest

from trainings.people.forms import PersonForm
from trainings.people.models import ActorType, AgeGroup, Sex
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, PUEBLOS, SEXES
from trainings.web.forms import FormErrors, Typed, check

ROSA = {"given_names": "Rosa", "surnames": "Coc", "municipality": "1705", "actor_type": "cocode"}


def read(**typed: str) -> PersonForm:
    return check(PersonForm, Typed.of(ROSA | typed))


def errors(**typed: str) -> dict[str, str]:
    with pytest.raises(FormErrors) as raised:
        read(**typed)
    return raised.value.typed.errors


def test_person_needs_names_and_municipality_only() -> None:
    person = read(actor_type="")

    answered = {name for name, value in person.model_dump().items() if value not in (None, "")}
    assert answered == {"given_names", "surnames", "municipality"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("5555 1234", "+50255551234"),
        ("5555-1234", "+50255551234"),
        ("+502 5555 1234", "+50255551234"),
        ("7900 1234", "+50279001234"),
        ("+501 223 4567", "+5012234567"),
        ("+52 962 123 4567", "+529621234567"),
        ("", None),
    ],
)
def test_phone_is_kept_in_one_form_also_from_the_neighbours(typed: str, kept: str | None) -> None:
    assert read(phone=typed).phone == kept


@pytest.mark.parametrize("typed", ["5555 123", "12345678", "no tengo", "+1", "5555 1234 5678 9012", "٥٥٥٥١٢٣٤"])
def test_phone_that_is_none_is_told(typed: str) -> None:
    assert errors(phone=typed) == {"phone": "Escriba los 8 números del teléfono, por ejemplo 5555 1234."}


@pytest.mark.parametrize(("typed", "kept"), [(" Rosa@Example.ORG ", "rosa@example.org"), ("", None)])
def test_address_is_kept_in_lower_case(typed: str, kept: str | None) -> None:
    assert read(email=typed).email == kept


@pytest.mark.parametrize(
    "typed", ["rosa", "rosa@", "@x.org", "a@b", "a b@x.org", "a@x.org\nBcc: b@x.org", "x" * 250 + "@x.org"]
)
def test_address_that_is_none_is_told(typed: str) -> None:
    assert list(errors(email=typed)) == ["email"]


@pytest.mark.parametrize("typed", ["", "17", "17055", "١٧٠٥", "abcd", "17 5"])
def test_municipality_that_is_no_code_is_told(typed: str) -> None:
    assert list(errors(municipality=typed)) == ["municipality"]


def test_another_place_is_no_municipality() -> None:
    assert read(municipality="0000").municipality_code is None
    assert read().municipality_code == "1705"


@pytest.mark.parametrize(
    ("field", "code"), [("sex", "x"), ("age_group", "11"), ("language", "xxx"), ("pueblo", "x"), ("actor_type", "x")]
)
def test_codes_that_are_not_offered_are_told(field: str, code: str) -> None:
    assert list(errors(**{field: code})) == [field]


def test_only_two_bands_are_of_minors() -> None:
    assert [band for band in AgeGroup if band.is_minor] == ["12-13", "14-17"]


@pytest.mark.parametrize(
    ("words", "codes"), [(ACTOR_TYPES, list(ActorType)), (SEXES, list(Sex)), (AGE_GROUPS, list(AgeGroup))]
)
def test_every_code_has_its_words(words: dict[Any, str], codes: list[Any]) -> None:
    assert list(words) == codes
    assert all(words.values())


def test_nothing_that_is_asked_tells_of_migration_health_or_faith() -> None:
    asked = " ".join([*ACTOR_TYPES.values(), *NEEDS.values(), *PUEBLOS.values(), *PersonForm.model_fields]).casefold()

    for word in ("migrante", "retornad", "víctima", "diagnóstico", "partido", "religión", "cui", "dpi"):
        assert word not in asked


def test_languages_are_those_of_the_country() -> None:
    assert len(LANGUAGES) == 1 + 22 + 2 + 1 + 1, "Spanish, the Mayan ones, Garífuna and Xinka, signs, another"
    assert LANGUAGES["kek"] == "Q’eqchi’"
