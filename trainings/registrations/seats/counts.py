from __future__ import annotations

from trainings.errors import Refusal
from trainings.registrations.eligibility import TrainingFull
from trainings.registrations.models import RegistrationState
from trainings.registrations.seats.allocation import Party, Room, Shortage
from trainings.registrations.seats.situation import Run
from trainings.schedule.phase import Phase
from trainings.web.i18n import N_

PAST_PROMOTING = frozenset({Phase.CANCELLED, Phase.HELD})


class ChildcareFull(Refusal):
    code = "childcare_full"
    sentence = N_("No quedan tantos lugares de cuidado infantil. Escriba un número menor, o llame a la ventanilla.")


class NoRoom(Refusal):
    """`n` places are missing."""

    code = "no_room"
    sentence = N_("Faltan %(n)s lugares: aumente el cupo o cancele a alguien.")
    ONE = N_("Falta 1 lugar: aumente el cupo o cancele a alguien.")


class NoChildcareRoom(Refusal):
    """`n` places in childcare are missing."""

    code = "no_childcare_room"
    sentence = N_("Faltan %(n)s lugares de cuidado infantil: auméntelos o cancele a alguien.")
    ONE = N_("Falta 1 lugar de cuidado infantil: auméntelos o cancele a alguien.")


class NotWaiting(Refusal):
    code = "not_waiting"
    sentence = N_("Ya no está en la lista de espera. Vuelva a abrir la lista.")


class NoOffer(Refusal):
    code = "no_offer"
    sentence = N_("Ya no hay un lugar guardado. Si todavía le interesa, llame a la ventanilla.")


class CapacityBelowTaken(Refusal):
    code = "capacity_below_taken"
    sentence = N_("Ya hay %(taken)s lugares ocupados: el cupo no puede ser menor.")


class ChildcareBelowTaken(Refusal):
    code = "childcare_below_taken"
    sentence = N_("Ya hay %(taken)s lugares de cuidado infantil ocupados: no pueden ser menos.")


class NoPlaceAgain(Refusal):
    code = "no_place_again"
    sentence = N_(
        "Ahora no queda lugar para esta persona junto con las demás. Inscríbala de nuevo en la página de la "
        "capacitación: queda al final de la lista de espera."
    )


class OtherTicket(Refusal):
    code = "other_ticket"
    sentence = N_("Ya estaba inscrita: vale el otro boleto.")


class EachForThemselves(Refusal):
    code = "each_for_themselves"
    sentence = N_(
        "Cada persona de este grupo tiene su propio enlace y responde por sí misma. Si una dijo que no, cancele la "
        "inscripción de esa persona."
    )


class NotHeld(Refusal):
    code = "not_held"
    sentence = N_("Esta inscripción ya tiene respuesta. Vuelva a abrir la lista.")


class NotEnoughPlaces(Refusal):
    code = "not_enough_places"
    sentence = N_("Lugares que quedan sin apartar: %(left)s. Escriba un número menor, o suba el cupo.")


def state_for(run: Run, party: Party[str], *, hold: bool = False) -> RegistrationState:
    """First state of a new group; `hold`: for staff, as in a training by approval.

    Refuses what can never fit, and what does not fit without a waiting list.
    """
    if party.childcare_places > run.childcare_capacity:
        raise ChildcareFull(field="childcare_places")
    if hold or run.approval_required:
        return RegistrationState.HELD
    return state_let_in(run, party)


def state_let_in(run: Run, party: Party[str]) -> RegistrationState:
    """Without holding. Refuses without a place or waiting list."""
    lacking = run.room.shortage(party)
    if lacking is None:
        return RegistrationState.CONFIRMED
    if run.has_waiting_list:
        return RegistrationState.WAITLISTED
    if lacking is Shortage.CHILDCARE:
        raise ChildcareFull(field="childcare_places")
    raise TrainingFull


def check_room(room: Room, party: Party[str]) -> None:
    """Refuse (NoRoom, NoChildcareRoom) a group that does not fit, with the number of places missing."""
    lacking = room.shortage(party)
    if lacking is Shortage.SEATS:
        _refuse(NoRoom, party.n_people - room.free)
    if lacking is Shortage.CHILDCARE:
        _refuse(NoChildcareRoom, party.childcare_places - room.childcare_free)


def _refuse(refusal: type[NoRoom | NoChildcareRoom], n_missing: int) -> None:
    raise refusal(refusal.ONE if n_missing == 1 else None, n=n_missing)
