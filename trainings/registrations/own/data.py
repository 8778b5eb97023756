from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trainings.lib.phones import show_phone
from trainings.people import choices
from trainings.people.consents import GUARDIAN, text_of
from trainings.people.models import Consent, ConsentPurpose, Guardian
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS
from trainings.registrations.models import Registration
from trainings.registrations.own.queries import Agreed
from trainings.registrations.queries import OwnRegistration
from trainings.registrations.words import HOW_AGREED, PURPOSES, STATES
from trainings.web.i18n import N_, gettext


def own_facts(registration: Registration) -> list[tuple[str, str, str]]:
    """(icon, question, answer); optional answers stand in their form."""
    person = registration.participant
    municipality = person.municipality.full_name if person.municipality else gettext(choices.ANOTHER_PLACE_WORDS)
    found = [
        ("persona", N_("Nombre"), person.full_name),
        ("lugar", N_("Municipio"), municipality),
        ("personas", N_("De parte de quién viene"), gettext(ACTOR_TYPES[person.actor_type])),
        ("telefono", N_("Teléfono"), show_phone(person.phone) if person.phone else ""),
        ("correo", N_("Correo"), person.email or ""),
    ]
    if person.is_minor and person.age_group is not None:
        found.append(("calendario", N_("Edad"), gettext(AGE_GROUPS[person.age_group])))
    return [(icon, gettext(question), answer) for icon, question, answer in found if answer]


@dataclass(frozen=True, slots=True)
class Past:
    title: str
    starts_at: datetime | None
    outcome: str


def history_in_words(others: Sequence[OwnRegistration]) -> list[Past]:
    return [_past(one) for one in others]


def _past(own: OwnRegistration) -> Past:
    training = own.registration.training
    starts = [session.starts_at for session in own.sessions]
    is_completed = own.registration.completed_at is not None
    outcome = N_("Completada") if is_completed else STATES[own.registration.state]
    return Past(training.title_told, min(starts, default=None), gettext(outcome))


@dataclass(frozen=True, slots=True)
class Permission:
    purpose: ConsentPurpose
    title: str
    text: str
    given_at: datetime
    how: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Permissions:
    """The latest for each purpose; a minor's is the guardian's."""

    given: Sequence[Permission]

    @property
    def standing(self) -> frozenset[ConsentPurpose]:
        return frozenset(one.purpose for one in self.given if one.withdrawn_at is None)

    @property
    def lacking(self) -> Sequence[str]:
        given = {one.purpose for one in self.given}
        return [gettext(PURPOSES[purpose]) for purpose in ConsentPurpose if purpose not in given]


def permissions_of(agreed: Agreed) -> Permissions:
    """A standing consent before a withdrawn one, then the newest."""
    everything: list[Consent | Guardian] = [*agreed.guardians, *agreed.consents]
    every = [_given(one) for one in everything]
    latest: dict[ConsentPurpose, Permission] = {}
    for one in sorted(every, key=lambda each: (each.withdrawn_at is None, each.given_at)):
        latest[one.purpose] = one
    return Permissions([latest[purpose] for purpose in ConsentPurpose if purpose in latest])


def _given(one: Consent | Guardian) -> Permission:
    is_guardian = isinstance(one, Guardian)
    purpose = ConsentPurpose.DATA if isinstance(one, Guardian) else one.purpose
    title = N_("Permiso de la madre, el padre o la persona encargada") if is_guardian else PURPOSES[purpose]
    return Permission(
        purpose=purpose,
        title=gettext(title),
        text=text_of(one.text_version, GUARDIAN if is_guardian else purpose, one.how),
        given_at=one.created_at,
        how=gettext(HOW_AGREED[one.how]),
        withdrawn_at=one.withdrawn_at,
    )
