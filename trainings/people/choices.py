from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainings.people import audio
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, PUEBLOS, RELATIONS, SEXES
from trainings.places.data import grouped_by_department
from trainings.places.models import ANOTHER_PLACE
from trainings.web.i18n import N_, gettext

Choices = list[tuple[str, str]]

ANOTHER_PLACE_WORDS = N_("Otro lugar, o prefiero no decir")


def _choices(words: Mapping[Any, str]) -> Choices:
    return [(str(code), gettext(text)) for code, text in words.items()]


def in_words(words: Mapping[Any, str], answer: Any) -> str:
    """Empty where the question was not answered."""
    return gettext(words[answer]) if answer else ""


def actor_types() -> Choices:
    return _choices(ACTOR_TYPES)


def sexes() -> Choices:
    return _choices(SEXES)


def age_groups(*, adults_only: bool = False) -> Choices:
    words = {band: text for band, text in AGE_GROUPS.items() if not (adults_only and band.is_minor)}
    return _choices(words)


def languages() -> Choices:
    return _choices(LANGUAGES)


def pueblos() -> Choices:
    return _choices(PUEBLOS)


def needs() -> Choices:
    return _choices(NEEDS)


def relations() -> Choices:
    return _choices(RELATIONS)


def of_person(department: str, *, adults_only: bool = False) -> dict[str, Any]:
    """By template name, and the spoken consent. Municipalities of `department` come first."""
    return {
        "departments": municipalities_by_department(department),
        "actor_types": actor_types(),
        "sexes": sexes(),
        "age_groups": age_groups(adults_only=adults_only),
        "languages": languages(),
        "pueblos": pueblos(),
        "needs": needs(),
        "recordings": audio.available(),
    }


def municipalities_by_department(first: str = "") -> list[tuple[str, Choices]]:
    """All 340, and last the answer "elsewhere or not said"."""
    groups = [(name, [(row.ine_code, row.full_name) for row in rows]) for name, rows in grouped_by_department()]
    ordered = sorted(groups, key=lambda group: group[0] != first)
    return [*ordered, (gettext(N_("Otro")), [(ANOTHER_PLACE, gettext(ANOTHER_PLACE_WORDS))])]
