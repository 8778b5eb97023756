"""Minors are found inside their own training only: no page of the panel that crosses trainings names one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]
CROSSING = (
    "/panel",
    "/panel/semana",
    "/panel/capacitaciones",
    "/panel/apoyos",
    "/panel/revisar",
    "/panel/diplomas",
    "/panel/mensajes",
    "/panel/comunidades",
    "/panel/personas/repetidas",
)
MOTHER = GuardianContact("Elena Tiul", Relation.MADRE, email="elena@example.org")


async def make_child(training: Training) -> Registration:
    """Xochitl, 15, with the mother's address, a community and a need."""
    about = {"given_names": "Xochitl", "surnames": "Coc Xol", "municipality": "1705", "community": "Las Pozas"}
    person = PersonForm.model_validate(about | {"actor_type": "juventud", "age_group": "14-17"})
    members = (Member(person, ("ramp",), has_assented=True),)
    wish = SignUp(members, frozenset({ConsentPurpose.DATA}), guardian=MOTHER)
    done = await sign_up(training.id, wish, actor=PROGRAM)
    return await Registration.get(id=done.registration_id)


async def make_world(*, approval_required: bool) -> tuple[Cast, Registration]:
    cast = await make_cast()
    training = await make.make_training(
        hub=cast.hub, facilitators=[cast.facilitator], admits_minors=True, approval_required=approval_required
    )
    return cast, await make_child(training)


@pytest.mark.parametrize("approval_required", [True, False])
async def test_no_page_across_trainings_names_a_minor(new_client: NewClient, *, approval_required: bool) -> None:
    cast, child = await make_world(approval_required=approval_required)
    client = new_client()
    await make.sign_in(client, cast.coordinator)
    assert await OutboxJob.exists(subject_id=child.id)

    named = {}
    for path in CROSSING:
        answer = await client.get(path)
        assert answer.status_code == 200, path
        named[path] = "Xochitl" in answer.text

    assert named == dict.fromkeys(CROSSING, False)


async def test_page_of_a_message_names_no_minor_either(new_client: NewClient) -> None:
    cast, child = await make_world(approval_required=False)
    client = new_client()
    await make.sign_in(client, cast.coordinator)
    message = await OutboxJob.filter(subject_id=child.id).first()
    assert message is not None

    answer = await client.get(f"/panel/mensajes/{message.id}")

    assert "Xochitl" not in answer.text
    assert "elena@example.org" in answer.text
