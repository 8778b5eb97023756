"""The forms behind an own link that are not those of signing up: the optional questions, and making it one's own."""

from __future__ import annotations

from pydantic import field_validator

from trainings.people.forms import Language, Text120, Text160
from trainings.people.models import AgeGroup, Pueblo, Sex
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_


class AnswersForm(Form):
    """The optional questions; what is left empty is not answered, also where it was before."""

    sex: Sex | None = None
    age_group: AgeGroup | None = None
    language: Language = None
    pueblo: Pueblo | None = None
    community: Text120 = ""
    organization: Text160 = ""
    public_official: bool | None = None

    @field_validator("age_group")
    @classmethod
    def _is_adult(cls, value: AgeGroup | None) -> AgeGroup | None:
        if value is not None and value.is_minor:
            raise wrong(N_("Escoja una de las opciones."))
        return value


class ClaimForm(Form):
    """`claim` is the signed address that the link will have, made with the page: the same form sent twice is one."""

    claim: str = ""
