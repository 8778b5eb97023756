from __future__ import annotations

from collections.abc import Sequence

from trainings.outbox.models import CallList, CallReason, CallResult, CallVia, Whom
from trainings.people.models import Relation
from trainings.registrations.calls.actions import Answer, WhyClosed
from trainings.registrations.calls.people import Why
from trainings.registrations.calls.queries import Group
from trainings.schedule.changes import Difference
from trainings.schedule.models import ChangeKind
from trainings.web.i18n import N_, gettext, ngettext

REASONS: dict[CallReason, str] = {
    CallReason.CHANGED: N_("Cambio de fecha o lugar"),
    CallReason.CANCELLED: N_("Cancelación"),
    CallReason.REMINDER: N_("Recordatorio"),
    CallReason.OFFERED: N_("Se liberó un lugar"),
    CallReason.CERTIFICATE: N_("Documento listo"),
    CallReason.ANNULLED: N_("Documento anulado"),
}

WHYS: dict[Why, str] = {
    Why.NO_EMAIL: N_("No dejó correo."),
    Why.REFUSED: N_("Su correo no recibe mensajes."),
    Why.FAILED: N_("El correo no le llegó."),
    Why.LATE: N_("El correo no ha salido."),
    Why.NO_SERVER: N_("Por ahora no se envían correos."),
    Why.MAYBE: N_("Quizá le llegó el correo; pregúntele."),
}

VIAS: dict[CallVia, str] = {
    CallVia.CALL: N_("una llamada"),
    CallVia.WHATSAPP: N_("WhatsApp"),
    CallVia.SMS: N_("mensaje de texto"),
    CallVia.IN_PERSON: N_("una visita, en persona"),
    CallVia.FAMILY: N_("su familia"),
    CallVia.LEADER: N_("alguien que lidera la comunidad"),
    CallVia.SCHOOL: N_("la escuela"),
    CallVia.RADIO: N_("la radio o el altavoz"),
}

RESULTS: dict[CallResult, str] = {
    CallResult.REACHED: N_("Avisado por medio de %(via)s"),
    CallResult.NOT_REACHED: N_("No se pudo por medio de %(via)s"),
}

ANSWERED: dict[Answer, str] = {
    Answer.YES: N_("Anotado: dijo que sí, y el lugar es suyo."),
    Answer.NO: N_("Anotado: dijo que no. El lugar pasa a quien sigue."),
}
ANSWERED_BEFORE: dict[Answer, str] = {
    Answer.YES: N_("Ya estaba anotado: el lugar es suyo."),
    Answer.NO: N_("Ya estaba anotado: el lugar pasó a quien sigue."),
}

ASK_FOR: dict[Relation, str] = {
    Relation.MADRE: N_("Hable con su madre."),
    Relation.PADRE: N_("Hable con su padre."),
    Relation.ABUELO: N_("Hable con su abuela o abuelo."),
    Relation.TIO: N_("Hable con su tía o tío."),
    Relation.HERMANO: N_("Hable con su hermana o hermano mayor."),
    Relation.TUTOR: N_("Hable con su tutora o tutor."),
    Relation.OTRO: N_("Hable con la persona encargada."),
}

WHY_CLOSED: dict[WhyClosed, str] = {
    WhyClosed.NO_ANSWER: N_("No contestan"),
    WhyClosed.NO_WAY: N_("No hay cómo llegar a ellas"),
    WhyClosed.OTHERWISE: N_("Se enteran de otra manera"),
    WhyClosed.NOT_NEEDED: N_("Ya no hace falta avisar"),
}


WHOM: dict[Whom, str] = {
    Whom.ALL: N_("Todas las personas"),
    Whom.NO_MAIL: N_("Quienes no tienen correo"),
    Whom.IMPORTED: N_("Quienes entraron hoy con una lista"),
    Whom.WAITING: N_("Quienes están en lista de espera"),
    Whom.ABSENT: N_("Quienes faltaron dos veces o más"),
    Whom.HOLDERS: N_("Quienes tienen tarjetas apartadas"),
}
BEGUN: dict[Whom, str] = {
    Whom.ALL: N_("Aviso a todas las personas"),
    Whom.NO_MAIL: N_("Aviso a quienes no tienen correo"),
    Whom.IMPORTED: N_("Aviso a quienes entraron con una lista"),
    Whom.WAITING: N_("Aviso a la lista de espera"),
    Whom.ABSENT: N_("Aviso a quienes faltaron dos veces"),
    Whom.HOLDERS: N_("Aviso a quienes tienen tarjetas"),
    Whom.COMMUNITY: N_("Aviso a %(community)s"),
}
REMIND = (
    "{ventanilla}: le recordamos su actividad, el {fecha}. Lugar: {lugar}. Si no puede venir, avísenos al {telefono}."
)
STARTS: dict[Whom, str] = {
    Whom.ALL: REMIND,
    Whom.NO_MAIL: REMIND,
    Whom.IMPORTED: (
        "{ventanilla}: quedó en la lista de nuestra actividad, el {fecha}. Lugar: {lugar}. "
        "Si no puede venir, avísenos al {telefono}."
    ),
    Whom.WAITING: (
        "{ventanilla}: nos pidió un lugar para el {fecha}. Si ya no puede venir, avísenos al {telefono} "
        "y le damos su turno a otra persona."
    ),
    Whom.ABSENT: (
        "{ventanilla}: no le vimos en las últimas reuniones. La próxima es el {fecha}. Lugar: {lugar}. "
        "Díganos al {telefono} si va a venir."
    ),
    Whom.HOLDERS: REMIND,
    Whom.COMMUNITY: REMIND,
}
"""Said in Spanish, and to be changed by who begins the list."""
WITHOUT_DAY = "{ventanilla}: por favor llámenos al {telefono}."


def group_words(group: Group) -> str:
    return gettext(WHOM[group.whom]) if group.whom in WHOM else group.community


def title_of(call_list: CallList, changed: Sequence[Difference]) -> str:
    if call_list.whom is not None:
        return gettext(BEGUN[call_list.whom]) % {"community": call_list.community}
    reason = call_list.reason
    if reason is not CallReason.CHANGED or not changed:
        return gettext(REASONS[reason])
    n, kinds = len(changed), {one.kind for one in changed}
    if kinds == {ChangeKind.CANCELLED}:
        return ngettext("Sesión cancelada", "Sesiones canceladas", n)
    if kinds == {ChangeKind.REOPENED}:
        return ngettext("Sesión que sí se realiza", "Sesiones que sí se realizan", n)
    if kinds == {ChangeKind.ADDED}:
        return ngettext("Una sesión más", "Más sesiones", n)
    if kinds == {ChangeKind.PLACE} and all(one.is_other_link for one in changed):
        return gettext(N_("Cambio de enlace"))
    if kinds == {ChangeKind.PLACE}:
        return gettext(N_("Cambio de lugar"))
    if kinds == {ChangeKind.MOVED} and not any(one.is_elsewhere for one in changed):
        return gettext(N_("Cambio de fecha") if any(one.is_other_day for one in changed) else N_("Cambio de hora"))
    if kinds <= {ChangeKind.MOVED, ChangeKind.PLACE}:
        return gettext(REASONS[reason])
    return gettext(N_("Varios cambios"))
