from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from trainings import clock
from trainings.people import choices
from trainings.people.forms import MunicipalityCode, Name, Phone
from trainings.people.models import ConsentHow
from trainings.places.models import ANOTHER_PLACE
from trainings.registrations.commands import SignUp
from trainings.registrations.eligibility import minor_ages
from trainings.registrations.seats.cards import MOST_RESERVED, MOST_SPARE, Reservation
from trainings.registrations.signup.age_choices import short_ages, slip_ages
from trainings.registrations.signup.family_forms import FURTHER, read_wish
from trainings.schedule.models import Training
from trainings.schedule.public import sentences
from trainings.schedule.queries import courses_before
from trainings.web.forms import Day, Form, HourHere, Typed
from trainings.web.i18n import N_

FEWEST_SPARE = 8
MORNING = time(8)


class ReserveForm(Form):
    """A release day without a time means the morning."""

    MISSING: ClassVar[Mapping[str, str]] = {
        "n": N_("Escriba cuántas tarjetas."),
        "community": N_("Escriba para qué comunidad, escuela u organización son."),
        "holder": N_("Escriba quién recibe las tarjetas."),
    }

    n: Annotated[int, Field(ge=1, le=MOST_RESERVED)]
    community: Name
    municipality: MunicipalityCode = ANOTHER_PLACE
    holder: Name
    phone: Phone = None
    key: UUID | None = None
    release_on: Day | None = None
    release_time: HourHere | None = None

    @property
    def wanted(self) -> Reservation:
        release_at = clock.at(self.release_on, self.release_time or MORNING) if self.release_on else None
        return Reservation(
            n=self.n,
            community=self.community,
            holder=self.holder,
            municipality_id=None if self.municipality == ANOTHER_PLACE else self.municipality,
            phone=self.phone,
            release_at=release_at,
            key=self.key,
        )


class ReleaseForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {
        "release_on": N_("Escriba el día en que se sueltan."),
        "release_time": N_("Escriba la hora a la que se sueltan."),
    }

    release_on: Day
    release_time: HourHere

    @property
    def moment(self) -> datetime:
        return clock.at(self.release_on, self.release_time)


class SpareForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"n": N_("Escriba cuántas tarjetas.")}

    hub: UUID
    key: UUID | None = None
    n: Annotated[int, Field(ge=FEWEST_SPARE, le=MOST_SPARE)]


class CodeForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"code": N_("Escriba el código de la tarjeta.")}

    code: Annotated[str, Field(max_length=300)]
    training: UUID | None = None


class ForTrainingForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"training": N_("Escoja la capacitación.")}

    training: UUID


def read_card_wish(typed: Typed, **how: Any) -> SignUp:
    """Further people are ignored. Raises FormErrors."""
    typed.fields = {name: values for name, values in typed.fields.items() if FURTHER.fullmatch(name) is None}
    return read_wish(typed, **how)


def how_agreed(typed: Typed) -> ConsentHow:
    """The slip was signed, or the sentence read aloud."""
    return ConsentHow.PAPER if typed.value("consent_how") == ConsentHow.PAPER else ConsentHow.READ_ALOUD


async def said_before(training: Training) -> str:
    return sentences.listing([f"«{title}»" for title in await courses_before(training)])


def slip_fields(trainings: Sequence[Training], typed: Typed | None, department: str) -> dict[str, Any]:
    """As `person_fields`, for a slip that the person filled in: sex and age band are asked as in the sign-up."""
    ages = slip_ages(trainings, typed.value("age_group") if typed else "")
    return person_fields(trainings, typed, department) | {"ages": ages, "sexes": choices.sexes()}


def person_fields(trainings: Sequence[Training], typed: Typed | None, department: str) -> dict[str, Any]:
    return {
        "ages": short_ages(trainings, typed.value("age_group") if typed else ""),
        "takes_minors": any(minor_ages(one) for one in trainings),
        "relations": choices.relations(),
        "departments": choices.municipalities_by_department(department),
        "actor_types": choices.actor_types(),
    }
