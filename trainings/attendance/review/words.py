from __future__ import annotations

from typing import NamedTuple

from trainings.attendance.models import Decision, ScanFlag, ScanKind
from trainings.web.i18n import N_


class Reason(NamedTuple):
    title: str
    about: str


REASONS: dict[ScanFlag, Reason] = {
    ScanFlag.REVOKED: Reason(
        N_("Vienen de un teléfono que ya no está en uso"),
        N_("No cuentan hasta que usted decida. Pregunte a quien tenía el teléfono."),
    ),
    ScanFlag.OTHER_SESSION: Reason(
        N_("Vienen de un teléfono que no era para esta sesión"), N_("No cuentan hasta que usted decida.")
    ),
    ScanFlag.UNKNOWN_CODE: Reason(
        N_("Código que nadie tiene"), N_("No cuenta mientras no se sepa de quién es: escoja a la persona.")
    ),
    ScanFlag.UNKNOWN_ROW: Reason(
        N_("Fila que la hoja no tiene"), N_("No cuenta mientras no se sepa de quién es: mire la hoja firmada.")
    ),
    ScanFlag.UNNAMED: Reason(
        N_("Tarjeta sin nombre"), N_("La persona ya cuenta. Falta anotarla, o decir quién de la lista es.")
    ),
    ScanFlag.CANCELLED: Reason(N_("Había cancelado y vino"), N_("Ya cuenta como presente, por revisar.")),
    ScanFlag.WAITLISTED: Reason(N_("Estaba en lista de espera y vino"), N_("Ya cuenta como presente, por revisar.")),
    ScanFlag.HELD: Reason(
        N_("Su inscripción estaba por aprobarse, y vino"), N_("Ya cuenta como presente, por revisar.")
    ),
    ScanFlag.REPLACED: Reason(
        N_("Vino con un boleto que se cambió por otro"),
        N_("Ya cuenta como presente, por revisar. Compruebe que vino la misma persona."),
    ),
    ScanFlag.OTHER_TRAINING: Reason(
        N_("Boleto de otra capacitación"), N_("Ya cuenta: si es del mismo curso, repone las horas que le faltan.")
    ),
    ScanFlag.CHANGED_BODY: Reason(
        N_("La misma marca llegó dos veces con datos distintos"), N_("Las dos quedan guardadas. Diga cuál cuenta.")
    ),
    ScanFlag.BEFORE_ARRIVAL: Reason(
        N_("Se fue antes de llegar, o nadie anotó que llegó"),
        N_("Quien llegó ya cuenta, hasta esa salida. Pregunte a qué hora se fue; si se anotó mal, no cuenta."),
    ),
    ScanFlag.CLOCK: Reason(
        N_("La hora es rara"),
        N_("Ya cuenta. El reloj del teléfono estaba mal, y la hora está corregida; o no es hora de esta sesión."),
    ),
    ScanFlag.AFTER_CLOSE: Reason(
        N_("La marca llegó después de cerrar la sesión"),
        N_("Ya cuenta. Puede cambiar lo que dicen constancias ya emitidas."),
    ),
    ScanFlag.SESSION_OFF: Reason(
        N_("La sesión estaba cancelada"), N_("Queda guardado. No da horas mientras la sesión siga cancelada.")
    ),
}
NAMED_SINCE = Reason(N_("Tarjetas que ya tienen nombre"), N_("Se decidió cuando todavía no lo tenían."))
COUNTED_TWICE = Reason(
    N_("Acompañantes que contó otro teléfono"), N_("Se decidió que estas personas ya están contadas.")
)

OUT_OF_USE = N_("El teléfono ya no estaba en uso. Pregunte a quien lo tenía.")
NOT_FOR_IT = N_("El teléfono no era para esta actividad, o lo trajo la copia que cargó otra ventanilla.")

KINDS: dict[ScanKind, str] = {
    ScanKind.IN: N_("Llegó"),
    ScanKind.WALK_IN: N_("Llegó sin inscripción"),
    ScanKind.OUT: N_("Salió"),
    ScanKind.LEFT: N_("Se fue antes"),
    ScanKind.UNDO: N_("Deshizo una marca"),
    ScanKind.HEADS: N_("Contó acompañantes"),
    ScanKind.CONSENT: N_("Leyó el aviso en voz alta"),
    ScanKind.CLOSE: N_("Cerró la sesión"),
}

UNDID_CLOSING = N_("Deshizo el cierre de la sesión")

DECISIONS: dict[Decision, str] = {
    Decision.COUNTED: N_("Cuenta"),
    Decision.DISMISSED: N_("No cuenta"),
}
COUNTS, COUNTS_NOT = N_("Por ahora cuenta"), N_("Por ahora no cuenta")
