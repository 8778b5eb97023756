from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trainings.lib import dates
from trainings.lib.phones import show_phone
from trainings.lib.tokens import show_short_code
from trainings.people import choices
from trainings.people.consents import GUARDIAN, text_of
from trainings.people.models import Consent, ConsentPurpose, Guardian, Pueblo
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, PUEBLOS, SEXES
from trainings.registrations.models import Registration, read_needs
from trainings.registrations.own.queries import Agreed
from trainings.registrations.queries import OwnRegistration
from trainings.registrations.words import HOW_AGREED, PURPOSES, STATES
from trainings.web.i18n import N_, gettext, language


def own_facts(registration: Registration) -> list[tuple[str, str, str]]:
    """(icon, question, answer); optional answers stand in their form."""
    person = registration.participant
    municipality = person.municipality.full_name if person.municipality else gettext(choices.ANOTHER_PLACE_WORDS)
    found = [
        ("persona", N_("Nombre"), person.full_name),
        ("lugar", N_("Municipio"), municipality),
        ("personas", N_("De parte de quién viene"), choices.in_words(ACTOR_TYPES, person.actor_type)),
        ("telefono", N_("Teléfono"), show_phone(person.phone) if person.phone else ""),
        ("telefono", N_("Otro teléfono"), show_phone(person.other_phone) if person.other_phone else ""),
        ("correo", N_("Correo"), person.email or ""),
    ]
    if person.is_minor and person.age_group is not None:
        found.append(("calendario", N_("Edad"), gettext(AGE_GROUPS[person.age_group])))
    return [(icon, gettext(question), answer) for icon, question, answer in found if answer]


def copy_of(every: Sequence[OwnRegistration], permissions: Permissions, folios: Sequence[str]) -> str:
    """All that is kept of the person of the first registration, line by line; `folios`: of their certificates."""
    registration = every[0].registration
    answers = own_facts(registration) + _optional_answers(registration)
    lines = [
        gettext(N_("Esto es lo que la ventanilla guarda.")),
        "",
        *(f"{what}: {told}" for _icon, what, told in answers),
    ]
    lines += ["", gettext(N_("Capacitaciones"))]
    for own, past in zip(every, history_in_words(every), strict=True):
        day = dates.numeric_date(past.starts_at) if past.starts_at else ""
        attended = (
            dates.duration(own.registration.minutes_attended, language()) if own.registration.minutes_attended else ""
        )
        lines.append(" · ".join(filter(None, (past.title, day, past.outcome, attended))))
    lines += ["", gettext(N_("Permisos"))]
    for one in permissions.given:
        given = gettext(N_("Dado el %(day)s: %(how)s.")) % {"day": dates.numeric_date(one.given_at), "how": one.how}
        back = (
            gettext(N_("Retirado el %(day)s.")) % {"day": dates.numeric_date(one.withdrawn_at)}
            if one.withdrawn_at
            else ""
        )
        lines.append(" ".join(filter(None, (f"{one.title}: «{one.text}»", given, back))))
    return "\n".join([*lines, *(["", gettext(N_("Diplomas")), *folios] if folios else [])]) + "\n"


def _optional_answers(registration: Registration) -> list[tuple[str, str, str]]:
    person, official = registration.participant, registration.participant.public_official
    needs = ", ".join(gettext(NEEDS[code]) for code in read_needs(registration.needs) if code in NEEDS)
    found = [
        (N_("Inscripción"), dates.day_and_time(registration.created_at, language(), with_year=True)),
        (N_("Código del boleto"), show_short_code(registration.short_code)),
        (N_("Comunidad"), person.community),
        (N_("Organización o institución"), person.organization),
        (N_("Sexo"), gettext(SEXES[person.sex]) if person.sex else ""),
        (N_("Edad"), gettext(AGE_GROUPS[person.age_group]) if person.age_group and not person.is_minor else ""),
        (N_("Idioma que prefiere"), gettext(LANGUAGES[person.language]) if person.language else ""),
        (N_("Pueblo al que pertenece"), gettext(PUEBLOS[Pueblo(person.pueblo)]) if person.pueblo else ""),
        (N_("¿Trabaja en el sector público?"), "" if official is None else gettext(N_("Sí") if official else N_("No"))),
        (N_("Apoyo que pide"), needs),
    ]
    return [("", gettext(question), answer) for question, answer in found if answer]


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
