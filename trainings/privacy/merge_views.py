from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.lib.text import fold
from trainings.people.choices import ANOTHER_PLACE_WORDS, in_words
from trainings.people.models import Participant
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, MERGE_REASONS
from trainings.privacy.merge_queries import Comparison, Said, Someone
from trainings.registrations.models import Registration
from trainings.registrations.words import STATES
from trainings.web.i18n import N_, gettext

LAST_DIGITS = 3


@dataclass(frozen=True, slots=True)
class SaidRow:
    id: UUID
    kept: Someone | None
    merged: Someone | None
    reason: str
    by: str
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fact:
    """`verdict` in words, empty if unanswered."""

    label: str
    values: tuple[str, str]
    verdict: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Attended:
    registration_id: UUID
    title: str
    starts_at: datetime | None
    outcome: str


def said_row(said: Said, names_of_users: Mapping[UUID | None, str]) -> SaidRow:
    row = said.row
    return SaidRow(
        id=row.id,
        kept=said.kept,
        merged=said.merged,
        reason=gettext(MERGE_REASONS[row.reason]),
        by=names_of_users.get(row.merged_by_id, ""),
        at=row.created_at,
        undone_at=row.undone_at,
    )


def facts(two: Comparison) -> list[Fact]:
    """Contacts show their last digits only."""
    return [
        _fact(two, N_("Nombre completo"), lambda one: one.full_name),
        _fact(two, N_("Comunidad"), lambda one: one.community),
        _fact(two, N_("Municipio"), _municipality),
        _fact(two, N_("Viene como"), lambda one: in_words(ACTOR_TYPES, one.actor_type)),
        _fact(two, N_("Edad"), lambda one: in_words(AGE_GROUPS, one.age_group)),
        _fact(two, N_("Teléfono"), _phone, lambda one: one.phone_key),
        _fact(two, N_("Correo"), _email, lambda one: one.email_key),
    ]


def _fact(
    two: Comparison,
    label: str,
    shown: Callable[[Participant], str],
    compared: Callable[[Participant], str | None] | None = None,
) -> Fact:
    one, other = (_different(map(shown, side.people)) for side in two.sides)
    some, others = (_different(map(compared or shown, side.people)) for side in two.sides)
    verdict, differs = _verdict(some, others)
    return Fact(gettext(label), (", ".join(one), ", ".join(other)), gettext(verdict), differs)


def _verdict(some: Sequence[str], others: Sequence[str]) -> tuple[str, bool]:
    if not some or not others:
        return "", False
    if set(some) & set(others):
        return N_("Igual"), False
    if set(map(fold, some)) & set(map(fold, others)):
        return N_("Escrito de otra forma"), False
    return N_("Distinto"), True


def _different(texts: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _municipality(person: Participant) -> str:
    return person.municipality.full_name if person.municipality else gettext(ANOTHER_PLACE_WORDS)


def _phone(person: Participant) -> str:
    if person.phone:
        return gettext(N_("termina en %(digits)s")) % {"digits": person.phone[-LAST_DIGITS:]}
    return gettext(N_("el de su familia")) if person.phone_key else ""


def _email(person: Participant) -> str:
    if person.email:
        name, _at, domain = person.email.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    return gettext(N_("el de su familia")) if person.email_key else ""


def trainings_of(registrations: Sequence[Registration]) -> list[Attended]:
    attended = [_attended(row) for row in registrations]
    return sorted(attended, key=lambda one: (one.starts_at is not None, one.starts_at), reverse=True)


def _attended(registration: Registration) -> Attended:
    training = registration.training
    return Attended(
        registration_id=registration.id,
        title=training.title,
        starts_at=min((one.starts_at for one in training.sessions), default=None),
        outcome=gettext(_outcome(registration)),
    )


def _outcome(registration: Registration) -> str:
    if registration.completed_at:
        return N_("La completó")
    return N_("Asistió") if registration.minutes_attended else STATES[registration.state]
