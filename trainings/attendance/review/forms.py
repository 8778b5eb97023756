from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from trainings.attendance.models import Decision
from trainings.web.forms import Form
from trainings.web.i18n import N_

COUNT, DISMISS, TAKE_BACK = "cuenta", "no-cuenta", "deshacer"
COMPANIONS = "acompanantes"
ANSWERS: Mapping[str, Decision] = {COUNT: Decision.COUNTED, DISMISS: Decision.DISMISSED}


class AnswerForm(Form):
    """About some marks, all odd marks, or companions of a phone until `hasta`."""

    MISSING: ClassVar[Mapping[str, str]] = {"hacer": N_("Diga si cuenta o no cuenta.")}

    hacer: Literal["cuenta", "no-cuenta", "deshacer"]
    marca: list[UUID] = []
    telefono: UUID | None = None
    hasta: datetime | None = None
    que: Literal["", "acompanantes"] = ""


class HeadsAnswerForm(Form):
    """About a phone's heads at an activity until `hasta`."""

    MISSING: ClassVar[Mapping[str, str]] = {"hacer": N_("Diga si cuenta o no cuenta.")}

    hacer: Literal["cuenta", "no-cuenta", "deshacer"]
    telefono: UUID
    hasta: AwareDatetime
    era: Literal["counted", "dismissed"] = "counted"


class PersonChosenForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"registration": N_("Escoja a la persona.")}

    marca: list[UUID] = []
    registration: UUID


class WhichSlipForm(Form):
    """`dejar`: put it aside; `misma`: too, since its person is there already, and go on with the next."""

    MISSING: ClassVar[Mapping[str, str]] = {"ficha": N_("Escoja la ficha.")}

    ficha: UUID
    hacer: Literal["anotar", "dejar", "misma"] = "anotar"
