"""Offices of those who sign, in both of their forms, and in English for papers in English."""

from __future__ import annotations

from dataclasses import dataclass

from trainings.places.models import Signatory

TRAINER = "trainer"
"""Stands for whoever facilitates the training: their name is put in when its papers are issued."""


@dataclass(frozen=True, slots=True)
class Office:
    """As it is printed: feminine and masculine in Spanish, one form in English."""

    feminine: str
    masculine: str
    english: str

    def spanish(self, *, is_feminine: bool) -> str:
        return self.feminine if is_feminine else self.masculine


OFFICES: dict[str, Office] = {
    "mayor": Office("Alcaldesa municipal", "Alcalde municipal", "Mayor"),
    "hub_coordinator": Office("Coordinadora de la ventanilla", "Coordinador de la ventanilla", "Hub coordinator"),
    "facilitator": Office("Facilitadora", "Facilitador", "Facilitator"),
    "councillor": Office("Concejala municipal", "Concejal municipal", "Municipal councillor"),
    "secretary": Office("Secretaria municipal", "Secretario municipal", "Municipal secretary"),
    "women_office": Office(
        "Directora municipal de la mujer", "Director municipal de la mujer", "Head of the municipal women's office"
    ),
    "president": Office("Presidenta de la asociación", "Presidente de la asociación", "President of the association"),
}
TRAINED = ("Facilitó la capacitación", "Facilitated the training")
"""Under the name of whoever facilitated: no form has to be known."""


def choices() -> list[tuple[str, str]]:
    """For a form, feminine and masculine side by side: `mayor.f`, «Alcaldesa municipal»."""
    return [
        (f"{code}.{form}", office.spanish(is_feminine=form == "f"))
        for code, office in OFFICES.items()
        for form in ("f", "m")
    ]


def read_choice(value: str) -> tuple[str, bool] | None:
    """Code and whether it is the feminine form; none for what no form offers."""
    code, _, form = value.partition(".")
    return (code, form == "f") if code in OFFICES and form in ("f", "m") else None


def office_in(signatory: Signatory, language: str) -> str:
    """As it is printed on a paper that speaks this language first. Own words stay as they were written."""
    office = OFFICES.get(signatory.office_code)
    return office.english if office is not None and language == "en" else signatory.office
