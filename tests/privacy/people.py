"""People who look alike, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from tests import make
from trainings.audit.actor import VISITOR
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Participant, Relation
from trainings.places.models import Hub
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training

PHONE = "+50255551234"


async def someone(hub: Hub, given_names: str = "Rosa", training: Training | None = None, **person: Any) -> Registration:
    """Rosa Coc of La Libertad, with a phone, on a training of this hub made for her unless one is named."""
    described: dict[str, Any] = {"surnames": "Coc", "municipality": make.LA_LIBERTAD, "phone": PHONE, **person}
    training = training or await make.make_training(hub=hub)
    return await make.make_registration(training, given_names=given_names, **described)


async def minor(training: Training, given_names: str = "Rosa", **person: Any) -> Registration:
    """An adolescent of 14 to 17 of the same name and the same phone, whose mother signs for her."""
    described = {"surnames": "Coc", "municipality": make.LA_LIBERTAD, "actor_type": "juventud", "age_group": "14-17"}
    form = PersonForm.model_validate({"given_names": given_names, **described, **person})
    mother = GuardianContact("Marta Coc", Relation.MADRE, phone=PHONE)
    wish = SignUp((Member(form, has_assented=True),), frozenset({ConsentPurpose.DATA}), guardian=mother)
    await make.make_municipality()
    done = await sign_up(training.id, wish, actor=VISITOR)
    return await Registration.get(id=done.registration_id)


async def merged_into(registration: Registration) -> object:
    """The key of the participant that this one was merged into."""
    return (await Participant.get(id=registration.participant_id)).merged_into_id
