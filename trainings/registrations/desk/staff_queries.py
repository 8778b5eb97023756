from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.accounts.models import User
from trainings.accounts.permissions import can_correct_name, can_merge, can_see_registrations
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import short_name
from trainings.people.consent_actions import without_permission
from trainings.people.merged import told_apart
from trainings.people.models import Assent, Consent, Guardian
from trainings.registrations.desk.repeats import are_alike, seen
from trainings.registrations.fresh_links import NO_LINKS, Links, links_for
from trainings.registrations.models import HoldReason, Registration, RegistrationState
from trainings.registrations.queries import OwnRegistration, is_minor, with_sessions
from trainings.schedule.models import SessionFacilitator, Training
from trainings.schedule.queries import courses_before
from trainings.web.i18n import N_


class UnknownRegistration(NotFound):
    code = "unknown_registration"
    sentence = N_("No encontramos esa inscripción en su ventanilla. Búsquela en la lista de la capacitación.")


class UnknownTraining(NotFound):
    code = "unknown_training"
    sentence = N_("No encontramos esa capacitación en su ventanilla. Búsquela en la lista.")


@dataclass(frozen=True, slots=True)
class Alike:
    """A look-alike may be the same person; the same name is a hint."""

    id: UUID
    participant_id: UUID
    name: str
    community: str
    is_look_alike: bool


@dataclass(frozen=True, slots=True)
class Companion:
    id: UUID
    name: str
    state: RegistrationState
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """`recorders`: names of staff who recorded it, by id."""

    consents: Sequence[Consent]
    guardians: Sequence[Guardian]
    assents: Sequence[Assent]
    recorders: Mapping[UUID, str]


NOTHING_AGREED = Agreed((), (), (), {})


@dataclass(frozen=True, slots=True)
class StaffView:
    """`is_desk`: contacts, needs, permissions and buttons. `may_compare`: the hub's coordinator. `courses_before`: not
    shown to be completed, where they wait for that. `links`: may be given anew. `is_gone`: the data permission was
    taken back.
    """

    own: OwnRegistration
    is_desk: bool
    may_compare: bool
    agreed: Agreed
    alike: Sequence[Alike]
    companions: Sequence[Companion]
    courses_before: Sequence[str]
    links: Links
    is_gone: bool

    @property
    def is_minor(self) -> bool:
        return is_minor(self.own.registration)

    @property
    def may_detach(self) -> bool:
        """An adult whom another's link shows."""
        return not self.is_minor and (bool(self.companions) or self.links.group is not None)


async def in_scope(registration_id: UUID, actor: Actor) -> StaffView:
    """At the actor's desk, or of a training the actor holds. Refuses (UnknownRegistration)."""
    found = await reads(Registration).get_or_none(id=registration_id).prefetch_related("training", "participant")
    if found is None:
        raise UnknownRegistration
    hub_id = found.training.hub_id
    holds = reads(SessionFacilitator).filter(session__training_id=found.training_id, user_id=actor.id)
    is_desk = can_see_registrations(actor, hub_id)
    if not is_desk and not can_correct_name(actor, hub_id, is_facilitator=await holds.exists()):
        raise UnknownRegistration
    own = await with_sessions(registration_id)
    return StaffView(
        own=own,
        is_desk=is_desk,
        may_compare=can_merge(actor, hub_id),
        agreed=await _agreed(found.participant_id) if is_desk else NOTHING_AGREED,
        alike=await _alike(found),
        companions=await _companions(found),
        courses_before=await _courses_missed(own.registration) if is_desk else (),
        links=await links_for(found) if is_desk else NO_LINKS,
        is_gone=bool(await without_permission([found.participant_id])),
    )


async def _agreed(participant_id: UUID) -> Agreed:
    consents = await reads(Consent).filter(participant_id=participant_id).order_by("created_at", "purpose")
    guardians = await reads(Guardian).filter(participant_id=participant_id).order_by("created_at", "id")
    assents = await reads(Assent).filter(participant_id=participant_id).order_by("created_at", "id")
    given: list[Consent | Guardian | Assent] = [*consents, *guardians, *assents]
    by = {one.recorded_by_id for one in given if one.recorded_by_id is not None}
    names = await reads(User).filter(id__in=sorted(by)).values_list("id", "name") if by else []
    return Agreed(consents, guardians, assents, dict(names))


async def _companions(registration: Registration) -> list[Companion]:
    """With cancelled ones, in the order of the form."""
    others = reads(Registration).filter(group_id=registration.group_id).exclude(id=registration.id)
    return [
        Companion(
            id=one.id,
            name=short_name(one.participant.given_names, one.participant.surnames),
            state=one.state,
            is_minor=is_minor(one),
        )
        for one in await others.order_by("id").prefetch_related("participant")
    ]


async def _alike(registration: Registration) -> list[Alike]:
    """Live registrations of the same name, of this training alone since some are minors."""
    if registration.joined_to_id is not None:
        return []
    found = (
        await reads(Registration)
        .filter(training_id=registration.training_id, participant__name_key=registration.participant.name_key)
        .exclude(id=registration.id)
        .exclude(state=RegistrationState.CANCELLED)
        .order_by("created_at")
        .prefetch_related("participant")
    )
    this = seen(registration)
    apart = await told_apart({this.participant_id, *(one.participant_id for one in found)})
    return [
        Alike(
            id=one.id,
            participant_id=one.participant_id,
            name=short_name(one.participant.given_names, one.participant.surnames),
            community=one.participant.community,
            is_look_alike=are_alike(this, seen(one)) and {this.participant_id, one.participant_id} not in apart,
        )
        for one in found
    ]


async def _courses_missed(registration: Registration) -> list[str]:
    if (
        registration.state is not RegistrationState.HELD
        or registration.group.hold_reason is not HoldReason.PREREQUISITE
    ):
        return []
    return await courses_before(registration.training)


async def training_at_desk(training_id: UUID, actor: Actor) -> Training:
    """Refuses (UnknownTraining)."""
    training = await reads(Training).get_or_none(id=training_id).prefetch_related("hub__seat", "sessions")
    if training is None or not can_see_registrations(actor, training.hub_id):
        raise UnknownTraining
    return training
