from __future__ import annotations

from trainings.attendance.events import Trouble
from trainings.attendance.models import ScanFlag, ScanHow
from trainings.registrations.models import CardState, RegistrationState
from trainings.web.i18n import N_

HOW: dict[ScanHow, str] = {
    ScanHow.CAMERA: N_("Cámara"),
    ScanHow.TYPED: N_("Código"),
    ScanHow.LIST: N_("Lista"),
    ScanHow.WALK_IN: N_("Sin boleto"),
    ScanHow.ROW: N_("Número de la hoja"),
    ScanHow.SHEET: N_("Hoja firmada"),
    ScanHow.BUTTON: N_("Botón"),
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
    ScanFlag.REPLACED: N_("Es un boleto que se cambió por otro. Deje pasar a la persona."),
    ScanFlag.UNNAMED: N_("Es una tarjeta sin nombre. La persona cuenta; falta anotarla."),
    ScanFlag.UNKNOWN_ROW: N_("Esa hoja no tiene ese número. Revise el número y el código de la hoja."),
    ScanFlag.CLOCK: N_("La hora de la marca es rara. Cuenta, y quien coordina la revisa."),
    ScanFlag.BEFORE_ARRIVAL: N_("La salida es de antes de la llegada. Cuenta, y quien coordina la revisa."),
    ScanFlag.AFTER_CLOSE: N_("La marca llegó después de cerrar la sesión. Cuenta, y quien coordina la revisa."),
    ScanFlag.SESSION_OFF: N_("La sesión está cancelada. La marca queda guardada, y quien coordina la revisa."),
    ScanFlag.REVOKED: N_("Este teléfono ya no está en uso. La marca queda guardada, y quien coordina decide."),
    ScanFlag.OTHER_SESSION: N_(
        "Este teléfono no está preparado para esa sesión. La marca queda guardada, y quien coordina decide."
    ),
}

TIME_OVER = N_(
    "Las listas de esta fecha ya no se entregan, y la marca llegó más de %(days)s días después del final. "
    "Queda guardada: avise a quien coordina, que decide si cuenta."
)
"""The phone is in use, but its time for the session is over."""

CARDS: dict[CardState, str] = {
    CardState.HELD: N_("Esta tarjeta ya tiene nombre. Busque a la persona en la lista."),
    CardState.USED: N_("Esta tarjeta ya tiene nombre. Pásela otra vez para marcar la llegada."),
    CardState.RELEASED: N_("El lugar de esta tarjeta ya se soltó. Anote a la persona con «Sin boleto»."),
    CardState.VOID: N_("Esta tarjeta se anuló. Anote a la persona con «Sin boleto»."),
}
"""About cards that need no name any more."""

CARD_WITH_PLACE, SPARE_CARD = N_("Tiene lugar apartado."), N_("Es una tarjeta de reserva.")
CARD_OF_ANOTHER_TRAINING = N_("Es tarjeta de otra capacitación. Anote a la persona con «Sin boleto».")

TROUBLES: dict[Trouble, str] = {
    Trouble.UNREADABLE: N_("El servidor no entiende esta marca. Sigue en el teléfono: guarde una copia y avise."),
    Trouble.UNKNOWN_SESSION: N_("El servidor no conoce esa sesión. La marca sigue en el teléfono: avise."),
    Trouble.UNKNOWN_ACTIVITY: N_("El servidor no conoce esa actividad. Lo contado sigue en el teléfono: avise."),
}
