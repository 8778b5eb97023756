from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from trainings.db import keyring
from trainings.people.forms import NAME_LENGTH, Email, Name, PersonForm, Phone, printable
from trainings.people.models import ConsentPurpose, Relation
from trainings.people.words import NEEDS
from trainings.web.forms import Form, Typed, wrong
from trainings.web.i18n import N_


def _agreed(answer: str) -> str:
    if answer != "yes":
        raise wrong(N_("Para inscribirle necesitamos su permiso de guardar estos datos. Marque la casilla."))
    return answer


Agreed = AfterValidator(_agreed)
"""Must be ticked: consent to keep the data."""


def _known_needs(codes: list[str]) -> list[str]:
    if not set(codes) <= set(NEEDS):
        raise wrong(N_("Escoja una de las opciones."))
    return sorted(set(codes))


Needs = Annotated[list[str], AfterValidator(_known_needs)]


KEY = re.compile(r"[0-9A-Za-z_-]{22,64}")


class MemberForm(PersonForm):
    """`assent`: `yes` from a minor."""

    MISSING: ClassVar[Mapping[str, str]] = {**PersonForm.MISSING, "municipality": N_("Diga dónde vive.")}

    needs: Needs = []
    assent: str = ""


class SharedForm(Form):
    childcare_places: int = Field(default=0, ge=0, le=8)
    consent_data: Annotated[str, Agreed] = Field(default="", validate_default=True)
    consent_contact: str = ""
    consent_photo: str = ""
    idempotency_key: str = ""
    earlier_code: Annotated[str, printable(300)] = ""

    @model_validator(mode="after")
    def _is_key_good(self) -> Self:
        # About the whole page: nobody sees or typed the key.
        if self.idempotency_key and not KEY.fullmatch(self.idempotency_key):
            raise wrong(N_("La página es antigua. Ábrala otra vez e inscríbase de nuevo."))
        return self

    @property
    def purposes(self) -> frozenset[ConsentPurpose]:
        ticked = {ConsentPurpose.DATA}
        if self.consent_contact == "yes":
            ticked.add(ConsentPurpose.CONTACT)
        if self.consent_photo == "yes":
            ticked.add(ConsentPurpose.PHOTO)
        return frozenset(ticked)


def _permitted(answer: str) -> str:
    if answer != "yes":
        raise wrong(N_("Falta el permiso de la madre, el padre o la persona encargada. Marque la casilla."))
    return answer


class GuardianForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {
        "guardian_name": N_("Escriba el nombre de la madre, el padre o la persona encargada."),
        "guardian_relation": N_("Escoja qué es de quien tiene menos de 18 años."),
    }

    guardian_name: Annotated[str, printable(2 * NAME_LENGTH + 1)]
    guardian_relation: Relation
    guardian_phone: Phone = None
    guardian_email: Email = None
    guardian_consent: Annotated[str, AfterValidator(_permitted)] = Field(default="", validate_default=True)


UNHASHED = frozenset({"idempotency_key", "do"})
"""Fields that are no answers: the key, and the button pressed."""


def answers_hash(typed: Typed) -> str:
    """Equal for equal answers in any order. Keyed: names stand readable beside it, so telephone numbers could be tried
    on a bare hash.
    """
    answers = sorted((name, values) for name, values in typed.fields.items() if name not in UNHASHED)
    return keyring().blind_index(repr(answers), "answers")


class RenameForm(Form):
    given_names: Name
    surnames: Name


class NeedsForm(Form):
    needs: Needs = []
