"""Sign-ups as the tests of this folder make them, and what became of them."""

from __future__ import annotations

from typing import Any

from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import SignUp, for_one
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.schedule.models import Training

KEY = "01KATB3V8Y9Z0N4E5Q6R7S8T9V"
ROSA = {"given_names": "Rosa Amalia", "surnames": "Coc Xol", "municipality": "1705", "phone": "+50255551234"}


def wish(**fields: Any) -> SignUp:
    """A sign-up of Rosa Amalia Coc Xol, without a contact unless given. Fields of the person or of the sign-up."""
    about_person = {name: fields.pop(name) for name in set(fields) & set(PersonForm.model_fields)}
    person = PersonForm.model_validate(
        {
            "given_names": "Rosa Amalia",
            "surnames": "Coc Xol",
            "municipality": "0000",
            "actor_type": "cocode",
            **about_person,
        }
    )
    return for_one(person, frozenset({ConsentPurpose.DATA}), **fields)


async def places_of(training: Training) -> tuple[int, int]:
    """(taken, childcare taken) as stored."""
    row = await Training.get(id=training.id)
    return row.taken, row.childcare_taken


async def state_of(registration: Registration) -> str:
    """The state of a registration, which its group shares."""
    row = await Registration.get(id=registration.id).prefetch_related("group")
    assert row.group.state is row.state or row.group.n_people > 1 or row.state is RegistrationState.CANCELLED
    return row.state.value


async def waiting(training: Training) -> list[int]:
    """The numbers on the waiting list, in order."""
    groups = RegistrationGroup.filter(training_id=training.id, state="waitlisted")
    return [number for (number,) in await groups.order_by("wait_number").values_list("wait_number")]


async def link_of(registration: Registration) -> str:
    """The path of the own link."""
    link = await OwnLink.get(registration_id=registration.id, revoked_at=None)
    return f"/i/{link.token}"
