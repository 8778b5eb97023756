"""Spanish is the source; translate where shown."""

from __future__ import annotations

from trainings.schedule.models import CourseKind, Offer, TrainingState
from trainings.schedule.phase import Phase
from trainings.web.i18n import N_

KINDS: dict[CourseKind, str] = {
    CourseKind.CHARLA: N_("Charla"),
    CourseKind.TALLER: N_("Taller"),
    CourseKind.CURSO: N_("Curso"),
    CourseKind.DIPLOMADO: N_("Diplomado"),
}

OFFERS: dict[Offer, str] = {
    Offer.SNACK: N_("Refacción"),
    Offer.FARE: N_("Pasaje"),
    Offer.CHILDCARE: N_("Cuidado infantil"),
    Offer.INTERPRETER: N_("Intérprete"),
}

AGES_ADMITTED: dict[int, str] = {
    18: N_("18 años: solo personas adultas"),
    14: N_("14 años"),
    12: N_("12 años"),
}

STATES: dict[TrainingState, str] = {
    TrainingState.DRAFT: N_("Borrador"),
    TrainingState.PUBLISHED: N_("Publicada"),
    TrainingState.UNLISTED: N_("Solo con enlace"),
    TrainingState.CANCELLED: N_("Cancelada"),
}

PHASES: dict[Phase, str] = {
    Phase.DRAFT: N_("Borrador"),
    Phase.CANCELLED: N_("Cancelada"),
    Phase.NOT_YET_OPEN: N_("La inscripción todavía no se abre"),
    Phase.OPEN: N_("Abierta"),
    Phase.WAITING: N_("Llena, con lista de espera"),
    Phase.FULL: N_("Llena"),
    Phase.CLOSED: N_("Inscripción cerrada"),
    Phase.HELD: N_("Ya se realizó"),
}
