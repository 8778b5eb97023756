from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib.phones import show_phone
from trainings.people.models import AgeGroup
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Source
from trainings.schedule.models import TrainingState
from trainings.schedule.phase import Phase, Run, Session, last_end, phase
from trainings.web.i18n import N_

OLDEST = {AgeGroup.A12_13: 13, AgeGroup.A14_17: 17}
"""In years."""


class TrainingFull(Refusal):
    code = "full"
    sentence = N_("Ya no quedan lugares y no hay lista de espera. Busque otra fecha o llame a la ventanilla.")


class HasOwnLink(Refusal):
    code = "has_own_link"
    sentence = N_("Esta persona ya tiene su propio enlace. Desde ahí corrige su nombre o cancela ella misma.")


class SignUpClosed(Refusal):
    code = "closed"
    sentence = N_("La inscripción ya se cerró. Llame a la ventanilla: a veces todavía se puede llegar sin inscripción.")


class TrainingOver(Refusal):
    code = "over"
    sentence = N_("Esta capacitación ya terminó. Busque otra fecha en la página de su municipio.")


class NotYetOpen(Refusal):
    code = "not_yet_open"
    sentence = N_("La inscripción todavía no se abre. Vuelva a esta página en la fecha que indica.")


class TrainingCancelled(Refusal):
    code = "cancelled"
    sentence = N_("Esta capacitación se canceló. Busque otra fecha en la página de su municipio.")


class NotForYou(Refusal):
    sentence = N_(
        "Esta capacitación es solo para los grupos que dice esta página. Si cree que le toca, llame al %(phone)s; "
        "si no, busque otra en la página de su municipio."
    )


class NoActorType(WrongInput):
    sentence = N_("Escoja de parte de quién viene.")


class AdultsOnly(Refusal):
    code = "adults_only"
    sentence = N_(
        "Esta capacitación es para personas de 18 años o más. Quite a quien es menor, o llame al %(phone)s: "
        "le decimos cuál es para su edad."
    )


class TooYoung(Refusal):
    code = "too_young"
    sentence = N_(
        "Esta capacitación es para personas de %(years)s años o más. Quite a quien es menor, o llame al %(phone)s: "
        "le decimos cuál es para su edad."
    )


class MinorAlone(Refusal):
    code = "minor"
    sentence = N_(
        "Quien tiene menos de 18 años se inscribe con su madre, padre o persona encargada. No guardamos nada de lo que "
        "escribió. Si tiene dudas, llame al %(phone)s."
    )


class CannotChange(Refusal):
    sentence = N_("Esta inscripción ya no se puede cambiar aquí. Llame a la ventanilla.")


class NoAssent(Refusal):
    code = "no_assent"
    sentence = N_("Falta que quien es menor de edad diga que quiere participar. Pregúntele y marque la casilla.")


REFUSED_TO_ALL: Mapping[Phase, type[Refusal]] = {Phase.CANCELLED: TrainingCancelled, Phase.HELD: TrainingOver}
REFUSED_ON_THE_WEB: Mapping[Phase, type[Refusal]] = {
    **REFUSED_TO_ALL,
    Phase.CLOSED: SignUpClosed,
    Phase.NOT_YET_OPEN: NotYetOpen,
    Phase.FULL: TrainingFull,
}
"""The desk may still take people in."""


class Window(Run, Protocol):
    """What decides who may sign up, as a row or plain values."""

    @property
    def contact_phone(self) -> str: ...
    @property
    def audience(self) -> Sequence[str]: ...
    @property
    def admits_minors(self) -> bool: ...
    @property
    def minimum_age(self) -> int | None: ...


def check_phase(training: Run, sessions: Sequence[Session], source: Source, now: datetime) -> None:
    """Refuses by state and window; the window binds the public page only."""
    refuse_in(phase(training, sessions, now), source)


def refuse_in(current: Phase, source: Source) -> None:
    if current is Phase.DRAFT:
        raise NotFound(N_("No encontramos esa capacitación."))
    refusals = REFUSED_ON_THE_WEB if source is Source.WEB else REFUSED_TO_ALL
    if current in refusals:
        raise refusals[current]


def check_ahead(training: Run, sessions: Sequence[Session], now: datetime) -> None:
    """Refuses what is over or called off."""
    if training.state is TrainingState.CANCELLED or is_over(sessions, now):
        raise CannotChange


def is_over(sessions: Sequence[Session], now: datetime) -> bool:
    end = last_end(sessions)
    return end is None or now >= end


def minor_ages(training: Window) -> list[AgeGroup]:
    """Empty: for adults only."""
    years = training.minimum_age or 0
    return [band for band, oldest in OLDEST.items() if training.admits_minors and oldest >= years]


def check_people(training: Window, hub_phone: str, wish: SignUp) -> None:
    """Refuses minors without guardian or assent, and on the public page people outside the audience."""
    phone = training.contact_phone or hub_phone
    for number, member in enumerate(wish.members):
        if member.is_minor:
            _check_minor(training, wish, member, number, phone)
        if wish.source is Source.WEB and training.audience:
            _check_audience(training, member, number, phone)


def _check_audience(training: Window, member: Member, number: int, phone: str) -> None:
    field = field_of(number, "actor_type")
    if member.person.actor_type is None:
        raise NoActorType(field=field)
    if member.person.actor_type not in training.audience:
        raise NotForYou(field=field, phone=show_phone(phone))


def _check_minor(training: Window, wish: SignUp, member: Member, number: int, phone: str) -> None:
    check_age(training, member.person.age_group, number, phone)
    if wish.guardian is None:
        raise MinorAlone(field="guardian_name", phone=show_phone(phone))
    if not member.has_assented:
        raise NoAssent(field=field_of(number, "assent"))


def check_age(training: Window, age_group: AgeGroup | None, number: int, phone: str) -> None:
    """The age of a minor. Refuses (AdultsOnly, TooYoung)."""
    taken = minor_ages(training)
    if not taken:
        raise AdultsOnly(field=field_of(number, "age_group"), phone=show_phone(phone))
    if age_group not in taken:
        raise TooYoung(field=field_of(number, "age_group"), years=training.minimum_age, phone=show_phone(phone))


def field_of(number: int, name: str) -> str:
    """Bare for the first person, numbered for others."""
    return f"members-{number}-{name}" if number else name
