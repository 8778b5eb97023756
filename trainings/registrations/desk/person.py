from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request

from trainings import clock
from trainings.accounts.permissions import can_correct_name, can_merge, can_see_registrations
from trainings.accounts.queries import names_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotAllowed, NotFound
from trainings.lib.text import short_name
from trainings.people import choices
from trainings.people.consents import ASSENT, GUARDIAN, text_of, without_permission
from trainings.people.merged import same_person_ids, told_apart
from trainings.people.models import Assent, Consent, Guardian
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, RELATIONS, SEXES
from trainings.registrations.desk.look_alikes import are_alike, seen
from trainings.registrations.links import NO_LINKS, Links, links_for
from trainings.registrations.models import HoldReason, NeedState, Registration, RegistrationState
from trainings.registrations.queries import ALL_OF_IT, OwnRegistration, around
from trainings.registrations.words import HOLD_REASONS, HOW_AGREED, NEED_STATES, PURPOSES, SOURCES, STATES, WHAT_TO_DO
from trainings.schedule.models import REAL, SessionFacilitator, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import Phase, phase
from trainings.schedule.queries import UnknownTraining, courses_before
from trainings.web.i18n import N_, gettext
from trainings.web.render import note_practice


class UnknownRegistration(NotFound):
    sentence = N_("No encontramos esa inscripción en su ventanilla. Búsquela en la lista de la capacitación.")


@dataclass(frozen=True, slots=True)
class Alike:
    id: UUID
    participant_id: UUID
    name: str
    community: str
    is_look_alike: bool


@dataclass(frozen=True, slots=True)
class Companion:
    id: UUID
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """`recorders`: names of staff, by id."""

    consents: Sequence[Consent]
    guardians: Sequence[Guardian]
    assents: Sequence[Assent]
    recorders: Mapping[UUID | None, str]


NOTHING_AGREED = Agreed((), (), (), {})


@dataclass(frozen=True, slots=True)
class StaffView:
    """`is_desk`: contacts, needs, permissions and buttons. `may_compare`: the hub's coordinator. `courses_before`:
    missing earlier courses. `links`: may be given anew. `is_gone`: consent for data was withdrawn.
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
        return self.own.registration.participant.is_minor

    @property
    def may_detach(self) -> bool:
        """An adult whom another person's link shows."""
        return not self.is_minor and (bool(self.companions) or self.links.group is not None)


async def in_scope(registration_id: UUID, actor: Actor) -> StaffView:
    """At the actor's desk, or in a training where the actor is facilitator. Refuses (UnknownRegistration)."""
    found = await reads(Registration).get_or_none(id=registration_id).prefetch_related(*ALL_OF_IT)
    if found is None:
        raise UnknownRegistration
    hub_id = found.training.hub_id
    holds = reads(SessionFacilitator).filter(session__training_id=found.training_id, user_id=actor.id)
    is_desk = can_see_registrations(actor, hub_id)
    if not is_desk and not can_correct_name(actor, hub_id, is_facilitator=await holds.exists()):
        raise UnknownRegistration
    return StaffView(
        own=await around(found),
        is_desk=is_desk,
        may_compare=can_merge(actor, hub_id),
        agreed=await _agreed(found.participant_id) if is_desk else NOTHING_AGREED,
        alike=await _alike(found),
        companions=await _companions(found),
        courses_before=await _courses_missed(found) if is_desk else (),
        links=await links_for(found) if is_desk else NO_LINKS,
        is_gone=bool(await without_permission([found.participant_id])),
    )


async def _agreed(participant_id: UUID) -> Agreed:
    consents = await reads(Consent).filter(participant_id=participant_id).order_by("created_at", "purpose")
    guardians = await reads(Guardian).filter(participant_id=participant_id).order_by("created_at", "id")
    assents = await reads(Assent).filter(participant_id=participant_id).order_by("created_at", "id")
    given: list[Consent | Guardian | Assent] = [*consents, *guardians, *assents]
    return Agreed(consents, guardians, assents, await names_of(one.recorded_by_id for one in given))


async def _companions(registration: Registration) -> list[Companion]:
    others = reads(Registration).filter(group_id=registration.group_id).exclude(id=registration.id)
    return [_companion(one) for one in await others.order_by("id").prefetch_related("participant")]


def _companion(registration: Registration) -> Companion:
    person = registration.participant
    minor = [gettext(N_("menor de edad"))] if person.is_minor else []
    about = " · ".join([gettext(STATES[registration.state]), *minor])
    return Companion(registration.id, short_name(person.given_names, person.surnames), about)


async def _alike(registration: Registration) -> list[Alike]:
    """Live registrations of the same name and not joined yet, of this training alone since some are minors."""
    if registration.joined_to_id is not None:
        return []
    found = (
        await reads(Registration)
        .filter(training_id=registration.training_id, participant__name_key=registration.participant.name_key)
        .exclude(participant_id__in=await same_person_ids(registration.participant_id))
        .exclude(state=RegistrationState.CANCELLED)
        .order_by("created_at", "id")
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


async def training_at_desk(training_id: UUID, actor: Actor, *, may_practise: bool = False) -> Training:
    """Refuses (UnknownTraining), also a practice where that cannot be tried out."""
    found = reads(Training) if may_practise else reads(Training).filter(REAL)
    training = await found.get_or_none(id=training_id).prefetch_related("hub__seat", "sessions")
    note_practice(training is not None and training.state is TrainingState.PRACTICE)
    if training is None or not can_see_registrations(actor, training.hub_id):
        raise UnknownTraining
    return training


CLOSED_TO_ALL: Mapping[Phase, str] = {
    Phase.DRAFT: N_("Esta capacitación es un borrador. Se inscribe a personas desde que quien coordina la publica."),
    Phase.CANCELLED: N_(
        "Esta capacitación se canceló. Si al final se realiza, quien coordina la reabre en su página con "
        "«Sí se realiza»."
    ),
    Phase.HELD: N_(
        "Esta capacitación ya terminó. A quien llegó y no está en la lista se le anota en la asistencia de su sesión, "
        "con «Sin boleto»."
    ),
}
"""Phases in which not even staff can sign up, with the sentence why."""


@dataclass(frozen=True, slots=True)
class Permission:
    purpose: str
    sentence: str
    text_version: str
    how: str
    at: datetime
    withdrawn_at: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Protector:
    name: str
    relation: str
    phone: str | None
    email: str | None
    email_refused_at: datetime | None
    permission: Permission


@dataclass(frozen=True, slots=True)
class Permissions:
    own: Sequence[Permission]
    protectors: Sequence[Protector]
    assents: Sequence[Permission]


@dataclass(frozen=True, slots=True)
class Need:
    code: str
    words: str
    state: NeedState
    state_words: str


def words_of(view: StaffView) -> dict[str, str]:
    registration = view.own.registration
    person, reason = registration.participant, registration.group.hold_reason
    is_held = registration.state is RegistrationState.HELD and reason is not None
    return {
        "state": gettext(STATES[registration.state]),
        "hold": gettext(HOLD_REASONS[reason]) if is_held and reason else "",
        "what_to_do": gettext(WHAT_TO_DO[reason]) if is_held and reason else "",
        "source": gettext(SOURCES[registration.source]),
        "municipality": person.municipality.full_name if person.municipality else gettext(choices.ANOTHER_PLACE_WORDS),
        "actor_type": choices.in_words(ACTOR_TYPES, person.actor_type),
        "sex": choices.in_words(SEXES, person.sex),
        "age_group": choices.in_words(AGE_GROUPS, person.age_group),
        "language": gettext(LANGUAGES.get(person.language or "", "")),
    }


def needs_in_words(needs: Mapping[str, NeedState]) -> list[Need]:
    return [
        Need(code, gettext(NEEDS[code]), state, gettext(NEED_STATES[state]))
        for code, state in needs.items()
        if code in NEEDS
    ]


def permissions_of(view: StaffView) -> Permissions:
    agreed = view.agreed
    return Permissions(
        own=[_own(one, agreed) for one in agreed.consents],
        protectors=[_protector(one, agreed) for one in agreed.guardians],
        assents=[_given(gettext(N_("Dijo que quiere participar")), ASSENT, one, agreed) for one in agreed.assents],
    )


def _own(consent: Consent, agreed: Agreed) -> Permission:
    return _given(gettext(PURPOSES[consent.purpose]), consent.purpose, consent, agreed)


def _protector(guardian: Guardian, agreed: Agreed) -> Protector:
    return Protector(
        name=guardian.name or "",
        relation=gettext(RELATIONS[guardian.relation]),
        phone=guardian.phone,
        email=guardian.email,
        email_refused_at=guardian.email_refused_at,
        permission=_given(gettext(N_("Dio permiso")), GUARDIAN, guardian, agreed),
    )


def _given(words: str, purpose: str, given: Consent | Guardian | Assent, agreed: Agreed) -> Permission:
    how = gettext(HOW_AGREED[given.how])
    by = agreed.recorders.get(given.recorded_by_id) if given.recorded_by_id is not None else None
    return Permission(
        purpose=words,
        sentence=text_of(given.text_version, purpose, given.how),
        text_version=given.text_version,
        how=gettext(N_("%(how)s, anotado por %(name)s")) % {"how": how, "name": by} if by else how,
        at=given.created_at,
        withdrawn_at=None if isinstance(given, Assent) else given.withdrawn_at,
        code=str(purpose),
    )


def why_closed(training: Training, sessions: Sequence[TrainingSession]) -> str:
    """Empty where staff can sign up."""
    words = CLOSED_TO_ALL.get(phase(training, sessions, clock.now()))
    return gettext(words) if words else ""


def doors_left(training: Training, sessions: Sequence[TrainingSession]) -> list[TrainingSession]:
    """Sessions of a training that is over: their attendance still takes walk-ins."""
    if phase(training, sessions, clock.now()) is not Phase.HELD:
        return []
    planned = (one for one in sessions if one.state is SessionState.PLANNED)
    return sorted(planned, key=lambda one: (one.starts_at, one.id))


ONE = "/panel/inscripciones/{id:uuid}"


class OnlyTheDesk(NotAllowed):
    sentence = N_("Eso lo hace la ventanilla. Pídalo a quien coordina o atiende el escritorio.")


async def view_of(request: Request) -> StaffView:
    return await in_scope(request.path_params["id"], request.state.actor)


async def view_at_desk(request: Request) -> StaffView:
    """Refuses (OnlyTheDesk) a facilitator."""
    view = await view_of(request)
    if not view.is_desk:
        raise OnlyTheDesk
    return view
