"""Refusals in words for staff: "call the hub" helps the public only."""

from __future__ import annotations

from collections.abc import Mapping

from trainings.errors import Refusal
from trainings.people.consents import PermissionGone
from trainings.registrations.desk.person import CLOSED_TO_ALL
from trainings.registrations.eligibility import (
    AdultsOnly,
    CannotChange,
    MinorAlone,
    TooYoung,
    TrainingCancelled,
    TrainingFull,
    TrainingOver,
)
from trainings.registrations.seats.allocation import ChildcareFull, NoOffer
from trainings.schedule.phase import Phase
from trainings.web.forms import FormErrors, Typed, as_refused
from trainings.web.i18n import N_

TO_STAFF: Mapping[type[Refusal], str] = {
    TrainingCancelled: CLOSED_TO_ALL[Phase.CANCELLED],
    TrainingOver: CLOSED_TO_ALL[Phase.HELD],
    TrainingFull: N_(
        "Ya no quedan lugares y no hay lista de espera. Quien coordina puede subir el cupo o abrir la lista en el "
        "formulario de la capacitación."
    ),
    ChildcareFull: N_(
        "No quedan tantos lugares de cuidado infantil. Escriba un número menor. Quien coordina puede aumentarlos."
    ),
    AdultsOnly: N_(
        "Esta capacitación es para personas de 18 años o más. Revise la edad, o busque otra para esa persona."
    ),
    TooYoung: N_(
        "Esta capacitación es para personas de %(years)s años o más. Revise la edad, o busque otra para esa persona."
    ),
    MinorAlone: N_(
        "Quien tiene menos de 18 años se inscribe con su madre, padre o persona encargada. Escriba quién da permiso."
    ),
    NoOffer: N_("Ya no hay un lugar guardado: terminó el plazo, o ya hay una respuesta. Vuelva a abrir la lista."),
    CannotChange: N_(
        "Esta inscripción ya no se puede cambiar: la capacitación terminó o se canceló, o alguien la cambió antes. "
        "Vuelva a abrir su página."
    ),
    PermissionGone: N_(
        "Se retiró el permiso de guardar estos datos, y aquí ya no se cambia nada. Si la persona quiere venir, "
        "inscríbale de nuevo."
    ),
}


def for_staff(refusal: Refusal) -> Refusal:
    """Other refusals stay as they are."""
    words = TO_STAFF.get(type(refusal))
    return refusal if words is None else type(refusal)(words, field=refusal.field, **refusal.values)


def as_refused_to_staff(typed: Typed, error: FormErrors | Refusal) -> tuple[Typed, int]:
    return as_refused(typed, error if isinstance(error, FormErrors) else for_staff(error))
