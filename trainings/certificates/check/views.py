from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.responses import Response

from trainings import clock
from trainings.audit.actor import Actor
from trainings.certificates.ceremony.handover import noted_by, paper_at_desk
from trainings.certificates.check.dropped import Dropped, FileVerdict
from trainings.certificates.issuing.names import changed_among
from trainings.certificates.making.transcripts import Entry, TranscriptCheck
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.queries import PublicCheck
from trainings.certificates.trust.status_lists import LINKED_DATA
from trainings.certificates.words import NO_MATCH, NOT_COMPARED, STATES_WHAT, Verdict, verdict_of
from trainings.errors import Busy, TooMany
from trainings.lib import dates
from trainings.lib.tokens import show_certificate_code
from trainings.web.headers import token_page_headers
from trainings.web.i18n import N_, gettext, language, ngettext


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A folio or name beside a right code that differs from the paper, or was not compared."""

    sentence: str
    advice: str
    verdict: Verdict = NO_MATCH


def other_folio(found: PublicCheck | TranscriptCheck, folio: str) -> Mismatch:
    if isinstance(found, TranscriptCheck):
        sentence = N_("El folio %(folio)s no está en este historial.")
        advice = N_("Este código es de un historial. Si tiene un diploma en la mano, escriba el código que está en él.")
    else:
        sentence = N_("El folio %(folio)s no es el de este código.")
        advice = N_("Si en su papel están juntos, el papel fue cambiado.")
    return Mismatch(gettext(sentence) % {"folio": folio}, gettext(advice))


def other_name() -> Mismatch:
    sentence = N_("El nombre que escribió no es el que está impreso.")
    advice = N_("Escríbalo completo y en el mismo orden que en el papel. Si así lo escribió, el papel fue cambiado.")
    return Mismatch(gettext(sentence), gettext(advice))


def not_compared(refusal: TooMany) -> Mismatch:
    """Else an address beyond its limit could go on trying names; the code is always answered."""
    sentence = N_("El nombre no se comparó: desde su conexión se probaron muchos códigos o nombres que no son.")
    advice = gettext(N_("Mientras, compare las iniciales.")) + " " + _when(refusal)
    return Mismatch(gettext(sentence), advice, NOT_COMPARED)


@dataclass(frozen=True, slots=True)
class CheckView:
    """`mismatch`: its `title` comes first unless the paper is annulled. `states`: what it attests; empty unless valid.
    `checked`: the moment, for printing. `hours`: whole, for the band.
    """

    found: PublicCheck
    mismatch: Mismatch | None
    word: str
    icon: str
    seal: str
    title: str
    lead: str
    states: str
    held: str
    held_is_spanish: bool
    issued: str
    hours: int
    checked: str

    @property
    def is_valid(self) -> bool:
        return self.found.state is CertificateState.VALID and self.mismatch is None


_HIDDEN_BY = {
    NO_MATCH: (CertificateState.VALID, CertificateState.PREPARED),
    NOT_COMPARED: (CertificateState.VALID,),
}


def check_view(found: PublicCheck, mismatch: Mismatch | None = None) -> CheckView:
    verdict = verdict_of(found.kind, found.state)
    if mismatch is not None and found.state in _HIDDEN_BY[mismatch.verdict]:
        verdict = mismatch.verdict
    day = _in_words(found.revoked_at) if found.revoked_at is not None else ""
    return CheckView(
        found=found,
        mismatch=mismatch,
        word=gettext(verdict.word),
        icon=verdict.icon,
        seal=verdict.seal,
        title=gettext(verdict.title),
        lead=gettext(verdict.lead) % {"issuer": found.issuer, "day": day} if verdict.lead else "",
        states=gettext(STATES_WHAT[found.kind]) if found.state is CertificateState.VALID and mismatch is None else "",
        held=_begun(found.held_text or dates.long_date(found.held_on, language())),
        held_is_spanish=bool(found.held_text),
        issued=_in_words(found.issued_on),
        hours=0 if found.minutes % 60 else found.minutes // 60,
        checked=_now(),
    )


def _now() -> str:
    return dates.day_and_time(clock.now(), language(), with_year=True)


def _in_words(day: date | datetime) -> str:
    return dates.date_without_weekday(day, language())


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


# -- its badge


def badge_response(certificate: Certificate, text: str, headers: Mapping[str, str]) -> Response:
    disposition = {"content-disposition": f'attachment; filename="{certificate.folio}.json"'}
    return Response(text, 200, {**token_page_headers(), **disposition, **headers}, LINKED_DATA)


# -- at the desk


@dataclass(frozen=True, slots=True)
class DeskView:
    """For staff who may note the hand-over at `path`. `has_changed`: since printing."""

    path: str
    is_annulled: bool
    handed_over_at: datetime | None
    noted_by: str
    has_changed: bool


async def desk_view(code: str, actor: Actor) -> DeskView | None:
    """None: the actor may not hand it over."""
    paper = await paper_at_desk(code, actor=actor)
    if paper is None:
        return None
    return DeskView(
        f"/panel/diplomas/{paper.id}/entrega",
        paper.state is CertificateState.REVOKED,
        paper.handed_over_at,
        await noted_by(paper),
        paper.id in await changed_among([paper]),
    )


# -- not now


@dataclass(frozen=True, slots=True)
class LaterView:
    title: str
    lead: str
    when: str


def later_view(refusal: TooMany) -> LaterView:
    is_crowded = isinstance(refusal, Busy)
    title = N_("Hay mucha gente en la página") if is_crowded else N_("Son muchos intentos seguidos")
    lead = (
        N_("No revisamos nada todavía.")
        if is_crowded
        else N_("Desde su conexión se probaron muchos códigos o nombres que no son.")
    )
    return LaterView(gettext(title), gettext(lead), _when(refusal))


def _when(refusal: TooMany) -> str:
    until = clock.now() + timedelta(seconds=refusal.retry_after, minutes=1, microseconds=-1)
    return gettext(N_("Puede intentar otra vez a %(the_time)s.")) % {"the_time": dates.the_time(until, language())}


# -- a transcript


@dataclass(frozen=True, slots=True)
class TranscriptView:
    found: TranscriptCheck
    mismatch: Mismatch | None
    made: str
    annulled: str
    entries: Sequence[Entry]
    checked: str


def transcript_view(found: TranscriptCheck, mismatch: Mismatch | None = None) -> TranscriptView:
    n, of = found.n_annulled, found.n_papers
    words = ngettext(
        "%(n)s de sus %(of)s constancias fue anulada después.",
        "%(n)s de sus %(of)s constancias fueron anuladas después.",
        n,
    )
    only = gettext(N_("Su única constancia fue anulada después."))
    annulled = (only if of == 1 else words % {"n": n, "of": of}) if n else ""
    return TranscriptView(found, mismatch, _in_words(found.made_on), annulled, found.entries, _now())


# -- a file


_FILES = {
    FileVerdict.CORRECTED: Verdict(
        N_("Hay una corrección"),
        "alerta",
        "hold",
        N_("Hay una versión corregida de este archivo"),
        N_("Lo entregamos nosotros, pero después se corrigió el nombre. Pida el archivo nuevo: tiene el mismo folio."),
    ),
    FileVerdict.CHANGED: Verdict(
        N_("Cambiado"),
        "cerrar",
        "no",
        N_("Este archivo fue cambiado"),
        N_(
            "Nombra %(named)s, pero no es el archivo que entregamos: alguien lo cambió, lo imprimió a PDF o lo guardó "
            "de nuevo."
        ),
    ),
    FileVerdict.COPY: Verdict(
        N_("Es una copia"),
        "alerta",
        "hold",
        N_("Es una foto o un escaneo del papel"),
        N_("Nombra %(named)s. En una copia no se ve si alguien la cambió: compárela con lo que dice nuestro registro."),
    ),
    FileVerdict.UNKNOWN: Verdict(
        N_("No es nuestro"),
        "buscar",
        "none",
        N_("No reconocemos este archivo"),
        N_("No es ninguno de los que entregan las ventanillas. Una foto o un papel escaneado no siempre se reconoce."),
    ),
    FileVerdict.LOCKED: Verdict(
        N_("Con contraseña"),
        "candado",
        "none",
        N_("Este archivo tiene contraseña"),
        N_("Los de las ventanillas no la tienen, así que no es el que entregamos."),
    ),
    FileVerdict.NO_PDF: Verdict(
        N_("No es un PDF"),
        "buscar",
        "none",
        N_("Este archivo no es un PDF"),
        N_("Escoja el diploma como lo recibió: su nombre termina en .pdf."),
    ),
}


def file_view(dropped: Dropped) -> Verdict:
    kept = _FILES[dropped.verdict]
    named = (
        gettext(N_("el folio %(folio)s")) % {"folio": dropped.folio}
        if dropped.folio
        else gettext(N_("el código %(code)s")) % {"code": show_certificate_code(dropped.code)}
    )
    lead = gettext(kept.lead) % {"named": named}
    return Verdict(gettext(kept.word), kept.icon, kept.seal, gettext(kept.title), lead)
