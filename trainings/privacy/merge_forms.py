from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator

from trainings.lib.text import fold
from trainings.people.forms import printable
from trainings.people.models import MergeReason
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

FEWEST_LETTERS = 3


def _telling(name: str) -> str:
    if len(fold(name).replace(" ", "")) < FEWEST_LETTERS:
        raise wrong(N_("Escriba por lo menos 3 letras del nombre."))
    return name


def _two(people: list[UUID]) -> list[UUID]:
    if len(set(people)) != 2:
        raise wrong(N_("Marque a dos personas para compararlas."))
    return people


class SearchForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"nombre": N_("Escriba por lo menos 3 letras del nombre.")}

    nombre: Annotated[str, printable(120), AfterValidator(_telling)]


class PairForm(Form):
    persona: Annotated[list[UUID], AfterValidator(_two)]


class JoinForm(Form):
    """People of one row; without them all rows of the address's training."""

    persona: list[UUID] = []


class MergeForm(Form):
    """Who stays, and how staff know."""

    MISSING: ClassVar[Mapping[str, str]] = {
        "kept": N_("Escoja con qué datos se queda."),
        "reason": N_("Escoja cómo se sabe."),
    }

    kept: UUID
    reason: MergeReason
