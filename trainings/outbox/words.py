from __future__ import annotations

from trainings import clock
from trainings.outbox.claims import LEFT_BEHIND, UNANSWERED
from trainings.outbox.holds import HELD_DOMAIN
from trainings.outbox.models import MailHold, OutboxJob, Outcome, WhyHeld
from trainings.settings import get_settings
from trainings.web.i18n import N_, gettext

KIND_WORDS = {
    "registration_confirmed": N_("Inscripción confirmada"),
    "registration_promoted": N_("Se liberó un lugar"),
    "registration_offered": N_("Lugar ofrecido"),
    "offer_expired": N_("Se le acabó el plazo"),
    "waitlist_closed": N_("Se cerró la lista de espera"),
    "registration_waitlisted": N_("En lista de espera"),
    "registration_held": N_("Solicitud recibida"),
    "registration_rejected": N_("Solicitud rechazada"),
    "registration_cancelled": N_("Inscripción cancelada"),
    "training_cancelled": N_("Capacitación cancelada"),
    "training_changed": N_("Cambio en las sesiones"),
    "facilitator_changed": N_("Cambio, a quien facilita"),
    "activity_changed": N_("Cambio, a quien responde por la actividad"),
    "certificate_ready": N_("Diploma o constancia"),
    "certificate_annulled": N_("Diploma o constancia, anulado"),
    "own_link_again": N_("Enlace otra vez"),
    "session_reminder": N_("Recordatorio"),
    "need_answered": N_("Respuesta sobre un apoyo"),
    "staff_digest": N_("Resumen de la semana"),
    "facilitator_eve": N_("Para la sesión de mañana"),
    "activity_eve": N_("Para la actividad de mañana"),
    "my_links": N_("Enlaces pedidos en la página"),
    "withdraw_data": N_("Borrar los datos que la persona pidió borrar"),
    "erase_certificates": N_("Quitar de los diplomas lo que la persona pidió quitar"),
}

WAITING = "waiting"
DUE = "due"
UNSENT = "unsent"
AGAIN = "again"
LEFT = "left"

STATE_WORDS = {
    WAITING: N_("Sale a su hora"),
    DUE: N_("Por salir"),
    UNSENT: N_("Se guarda, sin enviar"),
    AGAIN: N_("No se pudo; se intenta otra vez"),
    LEFT: N_("Enviado; el servidor todavía no responde"),
    Outcome.SENT: N_("Enviado"),
    Outcome.KEPT: N_("Guardado, sin enviar"),
    Outcome.OVERTAKEN: N_("Ya no hacía falta"),
    Outcome.NOBODY: N_("Sin correo a dónde enviarlo"),
    Outcome.DONE: N_("Hecho"),
    Outcome.STOPPED: N_("Detenido"),
    Outcome.REFUSED: N_("El correo lo rechazó"),
    Outcome.GAVE_UP: N_("No se pudo, ni con varios intentos"),
    Outcome.MAYBE: N_("Quizá le llegó"),
}

UNREACHABLE = N_("No se pudo conectar con el servidor de correo.")
TOO_SLOW = N_("El servidor de correo no respondió a tiempo.")
NO_ANSWER = N_("El servidor de correo recibió el mensaje y todavía no responde.")
HUNG_UP = N_("El servidor de correo cortó la conexión.")
REASON_WORDS = {
    "ConnectionRefusedError": UNREACHABLE,
    "SMTPConnectError": UNREACHABLE,
    LEFT_BEHIND: N_("El programa se cerró mientras lo enviaba."),
    "SMTPConnectTimeoutError": UNREACHABLE,
    "SMTPReadTimeoutError": TOO_SLOW,
    "SMTPTimeoutError": TOO_SLOW,
    "TimeoutError": TOO_SLOW,
    UNANSWERED: NO_ANSWER,
    HELD_DOMAIN: N_("El servidor de su correo no acepta nuestros mensajes."),
    "ConnectionResetError": HUNG_UP,
    "SMTPServerDisconnected": HUNG_UP,
}


HELD_TITLE, HELD_DOMAIN_TITLE = N_("El correo está detenido"), N_("No sale correo a %(domain)s")
HELD_WORDS = {
    WhyHeld.SIGN_IN: N_(
        "Nada sale: el servidor de correo no acepta el usuario o la contraseña. Avise a quien cuida el sistema."
    ),
    WhyHeld.SENDER: N_(
        "Nada sale: el servidor de correo no acepta la dirección que envía. Avise a quien cuida el sistema."
    ),
    WhyHeld.DOMAINS: N_(
        "Nada sale: tres servidores distintos no aceptan nuestros mensajes. Avise a quien cuida el sistema."
    ),
    WhyHeld.RECIPIENTS: N_(
        "Su servidor no acepta lo que enviamos. Llame a las personas, y avise a quien cuida el sistema."
    ),
    WhyHeld.INSECURE: N_(
        "Nada sale: la contraseña viajaría sin cifrar al servidor de correo. Avise a quien cuida el sistema."
    ),
}


def held_title(hold: MailHold) -> str:
    return gettext(HELD_DOMAIN_TITLE) % {"domain": hold.domain} if hold.domain else gettext(HELD_TITLE)


def reason_of(job: OutboxJob) -> str:
    return reason_words(job.last_error)


def reason_words(reason: str) -> str:
    return gettext(REASON_WORDS.get(reason, reason))


def state_of(job: OutboxJob) -> str:
    if job.outcome:
        return str(job.outcome)
    if job.last_error == UNANSWERED and job.lease_until is not None:
        return LEFT
    if job.last_error:
        return AGAIN
    if not get_settings().sends_mail:
        return UNSENT
    return WAITING if job.run_at > clock.now() else DUE
