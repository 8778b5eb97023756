"""The sign-up form (fields: the contract), that of the desk, and the small forms of one registration."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from trainings.db import keyring
from trainings.people.forms import Name, PersonForm, printable
from trainings.people.models import ConsentPurpose
from trainings.people.words import NEEDS
from trainings.web.forms import Form, Typed, wrong
from trainings.web.i18n import N_


def _agreed(answer: str) -> str:
    if answer != "yes":
        raise wrong(N_("Para inscribirle necesitamos su permiso de guardar estos datos. Marque la casilla."))
    return answer


Agreed = AfterValidator(_agreed)
"""A box that must be ticked: consent to keep the data."""


def _known_needs(codes: list[str]) -> list[str]:
    if not set(codes) <= set(NEEDS):
        raise wrong(N_("Escoja una de las opciones."))
    return sorted(set(codes))


Needs = Annotated[list[str], AfterValidator(_known_needs)]


KEY = re.compile(r"[0-9A-Za-z_-]{22,64}")


class SignUpForm(PersonForm):
    """One person's sign-up. The idempotency key is the form's own, or a client's: 22 to 64 letters and digits."""

    needs: Needs = []
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
        """What the person ticked."""
        ticked = {ConsentPurpose.DATA}
        if self.consent_contact == "yes":
            ticked.add(ConsentPurpose.CONTACT)
        if self.consent_photo == "yes":
            ticked.add(ConsentPurpose.PHOTO)
        return frozenset(ticked)


def answers_hash(typed: Typed) -> str:
    """The same for the same answers, in whatever order they came: tells a repeat from another form under one key.

    Made with the secret key: names stand readable beside it, so telephone numbers could be tried out on a bare hash.
    """
    answers = sorted((name, values) for name, values in typed.fields.items() if name != "idempotency_key")
    return keyring().blind_index(repr(answers), "answers")


class RenameForm(Form):
    """The name as it will be printed."""

    given_names: Name
    surnames: Name


class NeedsForm(Form):
    """Support needs, changed by the person."""

    needs: Needs = []
