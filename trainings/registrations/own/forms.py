from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from trainings.people.forms import Language, Text120, Text160
from trainings.people.models import ActorType, AgeGroup, Pueblo, Sex
from trainings.registrations.own.erasures import What
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

RATHER_NOT = "nd"


def _untold(answer: object) -> object:
    return None if answer == RATHER_NOT else answer


Untold = BeforeValidator(_untold)
""""Prefer not to say" is stored as no answer."""


class AnswersForm(Form):
    """Empty: not answered, also where it was before."""

    actor_type: ActorType | None = None
    sex: Sex | None = None
    age_group: Annotated[AgeGroup | None, Untold] = None
    language: Language = None
    pueblo: Pueblo | None = None
    community: Text120 = ""
    organization: Text160 = ""
    public_official: Annotated[bool | None, Untold] = None

    @field_validator("age_group")
    @classmethod
    def _is_adult(cls, value: AgeGroup | None) -> AgeGroup | None:
        if value is not None and value.is_minor:
            raise wrong(N_("Escoja una de las opciones."))
        return value


class PapersForm(Form):
    """What goes of the certificates together with the data."""

    MISSING: ClassVar[Mapping[str, str]] = {"papers": N_("Escoja qué pasa con los diplomas.")}

    papers: What


class ChildcareForm(Form):
    childcare_places: int = Field(ge=0, le=8)


class ClaimForm(Form):
    """`claim`: the signed address that the link will have, so that the same form twice is one."""

    claim: str = ""
