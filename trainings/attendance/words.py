"""What is said about scans and rosters."""

from __future__ import annotations

from trainings.attendance.models import ScanFlag, ScanHow
from trainings.registrations.models import CardState, RegistrationState
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

CARDS: dict[CardState, str] = {
    CardState.HELD: N_("Esta tarjeta ya tiene nombre. Busque a la persona en la lista."),
    CardState.USED: N_("Esta tarjeta ya tiene nombre. Pásela otra vez para marcar la llegada."),
    CardState.RELEASED: N_("El lugar de esta tarjeta ya se soltó. Anote a la persona con «Sin boleto»."),
    CardState.VOID: N_("Esta tarjeta se anuló. Anote a la persona con «Sin boleto»."),
}
"""What to do about a card that waits for no name any more."""

CARD_WITH_PLACE, SPARE_CARD = N_("Tiene lugar apartado."), N_("Es una tarjeta de reserva.")
CARD_OF_ANOTHER_TRAINING = N_("Es tarjeta de otra capacitación. Anote a la persona con «Sin boleto».")
