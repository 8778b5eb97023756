from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.people import choices
from trainings.people.consents import ASSENT, GUARDIAN, text_of
from trainings.people.models import Assent, Consent, ConsentPurpose, Guardian
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, RELATIONS, SEXES
from trainings.registrations.desk.staff_queries import Agreed, StaffView
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.needs import NeedState, read_needs
from trainings.registrations.words import HOLD_REASONS, HOW_AGREED, NEED_STATES, PURPOSES, SOURCES, STATES, WHAT_TO_DO
from trainings.schedule.models import SessionState, Training, TrainingSession
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_, gettext

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
"""Why not even staff can sign up."""


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
    """A minor's guardian, with the only contact there is."""

    name: str
    relation: str
    phone: str | None
    email: str | None
    email_refused_at: datetime | None
    permission: Permission


@dataclass(frozen=True, slots=True)
class Permissions:
    """`may_withdraw_data`: a permission stands, a minor's guardian's."""

    own: Sequence[Permission]
    protectors: Sequence[Protector]
    assents: Sequence[Permission]

    @property
    def may_withdraw_data(self) -> bool:
        data = [one for one in self.own if one.code == ConsentPurpose.DATA.value]
        return any(one.withdrawn_at is None for one in (*data, *(one.permission for one in self.protectors)))


@dataclass(frozen=True, slots=True)
class Relative:
    """`about`: state, minor, detached."""

    id: UUID
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Need:
    code: str
    words: str
    state: NeedState
    state_words: str


def words_of(view: StaffView) -> dict[str, str]:
    """Empty where nothing was answered."""
    registration = view.own.registration
    person, reason = registration.participant, registration.group.hold_reason
    is_held = registration.state is RegistrationState.HELD and reason is not None
    return {
        "state": gettext(STATES[registration.state]),
        "hold": gettext(HOLD_REASONS[reason]) if is_held and reason else "",
        "what_to_do": gettext(WHAT_TO_DO[reason]) if is_held and reason else "",
        "source": gettext(SOURCES[registration.source]),
        "municipality": person.municipality.full_name if person.municipality else gettext(choices.ANOTHER_PLACE_WORDS),
        "actor_type": gettext(ACTOR_TYPES[person.actor_type]),
        "sex": gettext(SEXES[person.sex]) if person.sex else "",
        "age_group": gettext(AGE_GROUPS[person.age_group]) if person.age_group else "",
        "language": gettext(LANGUAGES.get(person.language or "", "")),
    }


def needs_of(registration: Registration) -> list[Need]:
    return [
        Need(code, gettext(NEEDS[code]), state, gettext(NEED_STATES[state]))
        for code, state in read_needs(registration.needs).items()
    ]


def companions_of(view: StaffView) -> list[Relative]:
    relatives = []
    for one in view.companions:
        more = [gettext(N_("menor de edad"))] if one.is_minor else []
        relatives.append(Relative(one.id, one.name, " · ".join([gettext(STATES[one.state]), *more])))
    return relatives


def permissions_of(view: StaffView) -> Permissions:
    """Also those taken back."""
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
    """And what can be done; empty where staff can sign up."""
    words = CLOSED_TO_ALL.get(phase(training, sessions, clock.now()))
    return gettext(words) if words else ""


def doors_left(training: Training, sessions: Sequence[TrainingSession]) -> list[TrainingSession]:
    """Sessions of a training that is over: their attendance still takes walk-ins."""
    if phase(training, sessions, clock.now()) is not Phase.HELD:
        return []
    planned = (one for one in sessions if one.state is SessionState.PLANNED)
    return sorted(planned, key=lambda one: (one.starts_at, one.id))
