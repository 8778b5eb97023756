"""Each kind has its gender, so whole sentences are kept."""

from __future__ import annotations

from dataclasses import dataclass

from trainings.certificates.models import CertificateKind, CertificateState, ConfirmedHow, HandedOver
from trainings.lib import dates
from trainings.web.i18n import N_, gettext, language

KIND_WORDS = {
    CertificateKind.CONSTANCIA: N_("Constancia"),
    CertificateKind.DIPLOMA: N_("Diploma"),
    CertificateKind.CERTIFICADO: N_("Certificado"),
}

ISSUE_WORDS = {
    CertificateKind.CONSTANCIA: N_("Emitir constancia"),
    CertificateKind.DIPLOMA: N_("Emitir diploma"),
    CertificateKind.CERTIFICADO: N_("Emitir certificado"),
}
EXCHANGE = N_("Emitir certificado en vez del diploma")

ANNULLED_WORDS = {
    CertificateKind.CONSTANCIA: N_("Su constancia se anuló el %(day)s. Emita otra solo si le toca."),
    CertificateKind.DIPLOMA: N_("Su diploma se anuló el %(day)s. Emita otro solo si le toca."),
    CertificateKind.CERTIFICADO: N_("Su certificado se anuló el %(day)s. Emita otro solo si le toca."),
}

ISSUED_WORDS = {
    CertificateKind.CONSTANCIA: N_("Listo. La constancia está emitida: %(folio)s."),
    CertificateKind.DIPLOMA: N_("Listo. El diploma está emitido: %(folio)s."),
    CertificateKind.CERTIFICADO: N_("Listo. El certificado está emitido: %(folio)s."),
}

STATES_WHAT = {
    CertificateKind.CONSTANCIA: N_("Asistió las horas que dice"),
    CertificateKind.DIPLOMA: N_("La completó"),
    CertificateKind.CERTIFICADO: N_("La completó y aprobó la evaluación"),
}

STATE_WORDS = {
    CertificateState.PREPARED: N_("Preparado, aún no válido"),
    CertificateState.VALID: N_("Válido"),
    CertificateState.REVOKED: N_("Anulado"),
}
WITHDRAWN = N_("Retirado")
"""The person had the certificate withdrawn: only the folio is left, and is never reused."""


CONFIRMED_WORDS = {
    ConfirmedHow.OWN_LINK: N_("en su enlace"),
    ConfirmedHow.DESK: N_("en la ventanilla"),
    ConfirmedHow.PROOF_LIST: N_("en la prueba de nombres"),
}

HANDED_WORDS = {
    HandedOver.SCAN: N_("con su código"),
    HandedOver.ROW: N_("por la hoja firmada"),
    HandedOver.LIST: N_("por la lista"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lead` may name the issuer and the day of annulment."""

    word: str
    icon: str
    seal: str
    title: str
    lead: str


_VALID = {
    CertificateKind.CONSTANCIA: (
        N_("Esta constancia es válida"),
        N_("La entregó la %(issuer)s. No ha sido anulada."),
    ),
    CertificateKind.DIPLOMA: (
        N_("Este diploma es válido"),
        N_("Lo entregó la %(issuer)s. No ha sido anulado."),
    ),
    CertificateKind.CERTIFICADO: (
        N_("Este certificado es válido"),
        N_("Lo entregó la %(issuer)s. No ha sido anulado."),
    ),
}
_PREPARED = {
    CertificateKind.CONSTANCIA: N_("Esta constancia aún no es válida"),
    CertificateKind.DIPLOMA: N_("Este diploma aún no es válido"),
    CertificateKind.CERTIFICADO: N_("Este certificado aún no es válido"),
}
_REVOKED = {
    CertificateKind.CONSTANCIA: (
        N_("Esta constancia fue anulada"),
        N_("La %(issuer)s la anuló el %(day)s."),
    ),
    CertificateKind.DIPLOMA: (
        N_("Este diploma fue anulado"),
        N_("La %(issuer)s lo anuló el %(day)s."),
    ),
    CertificateKind.CERTIFICADO: (
        N_("Este certificado fue anulado"),
        N_("La %(issuer)s lo anuló el %(day)s."),
    ),
}


NO_MATCH = Verdict(N_("No coincide"), "cerrar", "no", N_("Este papel no coincide"), "")
NOT_COMPARED = Verdict(
    N_("Falta el nombre"), "alerta", "hold", N_("El código es correcto; el nombre no se comparó"), ""
)


def verdict_of(kind: CertificateKind, state: CertificateState) -> Verdict:
    if state is CertificateState.VALID:
        return Verdict(N_("Válido"), "listo", "ok", *_VALID[kind])
    if state is CertificateState.PREPARED:
        lead = N_("Lo preparó la %(issuer)s. Valdrá cuando conste la asistencia.")
        return Verdict(N_("Aún no válido"), "espera", "hold", _PREPARED[kind], lead)
    return Verdict(N_("Anulado"), "cerrar", "no", *_REVOKED[kind])


def hours_in_words(attended: int, planned: int) -> str:
    """`4 de 12 horas`; with minutes where there are any."""
    lang = language()
    is_whole = attended % 60 == 0 and planned % 60 == 0
    short = str(attended // 60) if is_whole else dates.duration(attended, lang)
    return gettext(N_("%(attended)s de %(planned)s")) % {"attended": short, "planned": dates.duration(planned, lang)}
