"""What is said about scans and rosters."""

from __future__ import annotations

from trainings.attendance.models import ScanFlag, ScanHow
from trainings.registrations.models import RegistrationState
from trainings.web.i18n import N_

HOW: dict[ScanHow, str] = {
    ScanHow.CAMERA: N_("Cámara"),
    ScanHow.TYPED: N_("Código"),
    ScanHow.LIST: N_("Lista"),
    ScanHow.WALK_IN: N_("Sin boleto"),
}

NOTES: dict[RegistrationState, str] = {
    RegistrationState.WAITLISTED: N_("Lista de espera"),
    RegistrationState.HELD: N_("Por aprobar"),
    RegistrationState.CANCELLED: N_("Había cancelado"),
}

ANOTHER_TRAINING = N_("De otra capacitación")

FLAGS: dict[ScanFlag, str] = {
    ScanFlag.UNKNOWN_CODE: N_("El código no está en esta lista. Deje pasar a la persona."),
    ScanFlag.OTHER_TRAINING: N_("Es boleto de otra capacitación. Deje pasar a la persona."),
    ScanFlag.WAITLISTED: N_("Estaba en lista de espera. Deje pasar a la persona."),
    ScanFlag.HELD: N_("Su inscripción estaba por aprobarse. Deje pasar a la persona."),
    ScanFlag.CANCELLED: N_("Había cancelado. Deje pasar a la persona."),
    ScanFlag.CHANGED_BODY: N_("La marca llegó dos veces con datos distintos. Las dos quedan anotadas."),
}
