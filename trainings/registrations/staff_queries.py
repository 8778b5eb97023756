"""One registration as staff may see it, and who else on the training might be the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.expressions import Q

from trainings.accounts.permissions import can_correct_name, can_see_registrations
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import short_name
from trainings.people.models import Consent
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.queries import OwnRegistration, with_sessions
from trainings.schedule.models import SessionFacilitator, Training
from trainings.web.i18n import N_


class UnknownRegistration(NotFound):
    code = "unknown_registration"
    sentence = N_("No encontramos esa inscripción en su ventanilla. Búsquela en la lista de la capacitación.")


class UnknownTraining(NotFound):
    code = "unknown_training"
    sentence = N_("No encontramos esa capacitación en su ventanilla. Búsquela en la lista.")


@dataclass(frozen=True, slots=True)
class Alike:
    """Another registration of the training: a look-alike takes no place, one of the same name is only a hint."""

    id: UUID
    name: str
    community: str
    is_look_alike: bool


@dataclass(frozen=True, slots=True)
class StaffView:
    """A registration in scope. `is_desk`: contacts, support needs, and the buttons of the desk."""

    own: OwnRegistration
    is_desk: bool
    consents: Sequence[Consent]
    alike: Sequence[Alike]


async def in_scope(registration_id: UUID, actor: Actor) -> StaffView:
    """A registration at a hub where the actor works at the desk, or of a training that the actor holds.

    Out of scope and unknown are the same UnknownRegistration.
    """
    found = await reads(Registration).get_or_none(id=registration_id).prefetch_related("training", "participant")
    if found is None:
        raise UnknownRegistration
    hub_id = found.training.hub_id
    holds = reads(SessionFacilitator).filter(session__training_id=found.training_id, user_id=actor.id)
    is_desk = can_see_registrations(actor, hub_id)
    if not is_desk and not can_correct_name(actor, hub_id, is_facilitator=await holds.exists()):
        raise UnknownRegistration
    return StaffView(
        own=await with_sessions(registration_id),
        is_desk=is_desk,
        consents=await reads(Consent).filter(participant_id=found.participant_id).order_by("created_at", "purpose"),
        alike=await _alike(found),
    )


async def _alike(registration: Registration) -> list[Alike]:
    """Its look-alikes either way, and live registrations of the same name."""
    first_id = registration.duplicate_of_id or registration.id
    same = Q(id=first_id) | Q(duplicate_of_id=first_id) | Q(participant__name_key=registration.participant.name_key)
    found = (
        await reads(Registration)
        .filter(same, training_id=registration.training_id)
        .exclude(id=registration.id)
        .exclude(state=RegistrationState.CANCELLED)
        .order_by("created_at")
        .prefetch_related("participant")
    )
    return [
        Alike(
            id=one.id,
            name=short_name(one.participant.given_names, one.participant.surnames),
            community=one.participant.community,
            is_look_alike=one.id == first_id or one.duplicate_of_id == first_id,
        )
        for one in found
    ]


async def training_at_desk(training_id: UUID, actor: Actor) -> Training:
    """A training of a hub where the actor may register people. Else UnknownTraining."""
    training = await reads(Training).get_or_none(id=training_id).prefetch_related("hub__seat", "sessions")
    if training is None or not can_see_registrations(actor, training.hub_id):
        raise UnknownTraining
    return training
