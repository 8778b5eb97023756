from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from trainings.attendance.models import Decision, ScanEvent, ScanFlag, ScanKind, WalkInSlip
from trainings.attendance.review.forms import COUNT, TAKE_BACK
from trainings.attendance.review.head_reviews import HeadReview
from trainings.attendance.review.queries import Case, Review
from trainings.attendance.review.words import (
    COUNTED_TWICE,
    COUNTS,
    COUNTS_NOT,
    DECISIONS,
    KINDS,
    NAMED_SINCE,
    REASONS,
    UNDID_CLOSING,
)
from trainings.attendance.reviews import MOST_AT_ONCE
from trainings.attendance.slips.words import ANY_OTHER, NOT_OPENED, PROBLEMS, UNOPENABLE
from trainings.attendance.words import HOW
from trainings.lib import dates, tokens
from trainings.lib.text import short_name
from trainings.registrations.models import CardState
from trainings.web.i18n import N_, gettext, language, ngettext

if TYPE_CHECKING:
    pass

SAME_TIME = timedelta(minutes=1)
LAST_OF_TOKEN = 4
MOST_LINES = 6
SECTIONS = {
    **{flag.value: reason for flag, reason in REASONS.items()},
    "named": NAMED_SINCE,
    "companions": COUNTED_TWICE,
}


@dataclass(frozen=True, slots=True)
class CaseView:
    ids: Sequence[UUID]
    who: str
    community: str
    lines: Sequence[str]
    effect: str
    counts_now: bool
    may_be_given: bool
    person_path: str
    card_path: str
    answer: str
    answered: str


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    title: str
    about: str
    cases: Sequence[CaseView]


@dataclass(frozen=True, slots=True)
class SlipView:
    """Origin and reason of a waiting slip, nothing of its content."""

    id: UUID
    phone: str
    written_at: datetime
    why: str
    can_open: bool


def sections_of(review: Review, *, decided: bool = False) -> list[Section]:
    cases = review.decided if decided else review.open
    made = []
    for code, reason in SECTIONS.items():
        own = [case_view(one, review) for one in cases if _section_of(one) == code]
        if own:
            made.append(Section(code, gettext(reason.title), gettext(reason.about), own))
    return made


def _section_of(case: Case) -> str:
    return case.flag.value or ("companions" if case.first.kind is ScanKind.HEADS else "named")


def case_view(case: Case, review: Review) -> CaseView:
    session_id, person = review.session.id, case.person
    is_ours = person is not None and person.training_id == review.session.training_id
    is_open_card = case.card is not None and case.card.state is CardState.OPEN
    door = f"/panel/sesiones/{session_id}/asistencia/sin-boleto?tarjeta="
    return CaseView(
        ids=case.ids[:MOST_AT_ONCE],
        who=_who(case),
        community=person.participant.community if person is not None else "",
        lines=_lines(case, review.phone_names),
        effect=gettext(COUNTS if case.counts_now else COUNTS_NOT),
        counts_now=case.counts_now,
        may_be_given=case.names_nobody,
        person_path=f"/panel/inscripciones/{person.id}" if person is not None and is_ours else "",
        card_path=f"{door}{case.card.id}" if case.names_nobody and is_open_card and case.card is not None else "",
        answer=gettext(DECISIONS[case.decision]) if case.decision is not Decision.NONE else "",
        answered=_answered(case),
    )


def _answered(case: Case) -> str:
    if case.decision is Decision.NONE or case.first.reviewed_at is None:
        return ""
    when = dates.day_and_time(case.first.reviewed_at, language())
    by = case.decided_by or gettext(N_("alguien que ya no está"))
    return gettext(N_("%(name)s, %(when)s")) % {"name": by, "when": when}


def _who(case: Case) -> str:
    if case.person is not None:
        return short_name(case.person.participant.given_names, case.person.participant.surnames)
    first = case.first
    if not case.is_about_people:
        return _about_nobody(case)
    if case.card is not None:
        return gettext(N_("Tarjeta %(code)s")) % {"code": tokens.show_short_code(case.card.short_code)}
    if first.row is not None:
        code = first.sheet.code if first.sheet is not None else first.unknown_code
        sheet = tokens.show_sheet_code(code) if code else gettext(N_("desconocida"))
        return gettext(N_("Fila %(row)s de la hoja %(sheet)s")) % {"row": first.row, "sheet": sheet}
    return _code(first)


def _code(event: ScanEvent) -> str:
    """Enough to find the card on paper, never a whole token that opens a ticket."""
    code = event.unknown_code or ""
    if len(code) == tokens.QR_TOKEN_LENGTH:
        return gettext(N_("Código que termina en %(end)s")) % {"end": code[-LAST_OF_TOKEN:]}
    if len(code) == tokens.SHORT_CODE_LENGTH:
        return gettext(N_("Código %(code)s")) % {"code": tokens.show_short_code(code)}
    return gettext(N_("Pedazo de código: %(code)s")) % {"code": code} if code else gettext(N_("Código desconocido"))


def _about_nobody(case: Case) -> str:
    if case.first.kind is ScanKind.HEADS:
        n = sum(one.number or 0 for one in case.events)
        return ngettext("%(n)s acompañante", "%(n)s acompañantes", n) % {"n": n}
    return gettext(UNDID_CLOSING if case.undoes_closing else KINDS[case.first.kind])


def _lines(case: Case, phones: Mapping[UUID, str]) -> list[str]:
    lines = [_line(one, phones) for one in case.events[:MOST_LINES]]
    n_more = len(case.events) - len(lines)
    if n_more > 0:
        lines.append(ngettext("y %(n)s marca más", "y %(n)s marcas más", n_more) % {"n": n_more})
    if case.arrived_at is not None:
        time = dates.the_time(case.arrived_at, language())
        lines.append(gettext(N_("Según otra marca llegó a %(the_time)s")) % {"the_time": time})
    elif case.flag is ScanFlag.BEFORE_ARRIVAL:
        lines.append(gettext(N_("Ninguna marca dice que llegó: si estuvo, márquela como presente en la lista.")))
    if case.undoes_closing:
        lines.append(gettext(N_("El cierre ya valía: la sesión sigue cerrada. Si fue un error, ábrala otra vez.")))
    return lines


def _line(event: ScanEvent, phones: Mapping[UUID, str]) -> str:
    """«Llegó a las 9:10 a. m. · Cámara · Teléfono de Ana»"""
    time = dates.the_time(event.stated_at or event.at, language())
    made = gettext(N_("%(what)s a %(the_time)s")) % {"what": gettext(KINDS[event.kind]), "the_time": time}
    where = phones.get(event.phone_id, "") if event.phone_id is not None else gettext(N_("En el panel"))
    parts = [made, gettext(HOW[event.how]), where]
    if event.flag is ScanFlag.CLOCK and abs(event.at - event.device_at) >= SAME_TIME:
        said = dates.day_and_time(event.device_at, language(), with_year=True)
        parts.append(gettext(N_("el teléfono decía: %(when)s")) % {"when": said})
    elif event.flag is ScanFlag.CLOCK:
        parts.append(dates.day_and_time(event.stated_at or event.at, language(), with_year=True))
    return " · ".join(part for part in parts if part)


def slip_view(slip: WalkInSlip) -> SlipView:
    """`device` is loaded."""
    why = PROBLEMS.get(slip.problem, ANY_OTHER) if slip.problem else NOT_OPENED
    return SlipView(
        id=slip.id,
        phone=slip.device.name if slip.device is not None else "",
        written_at=slip.written_at,
        why=gettext(why),
        can_open=slip.problem not in UNOPENABLE,
    )


def heads_in_short(review: HeadReview) -> str:
    n = sum(one.n for one in review.open)
    names = ", ".join(dict.fromkeys(one.name or gettext(N_("Teléfono sin nombre")) for one in review.open))
    words = ngettext("%(n)s persona contada por decidir", "%(n)s personas contadas por decidir", n) % {"n": n}
    return f"{words} · {names}"


def one_line(review: Review) -> list[str]:
    said = []
    if review.open:
        n = sum(len(one.events) for one in review.open)
        said.append(ngettext("%(n)s marca por decidir", "%(n)s marcas por decidir", n) % {"n": n})
    if review.slips:
        n = len(review.slips)
        said.append(ngettext("%(n)s ficha por anotar", "%(n)s fichas por anotar", n) % {"n": n})
    n_missing = sum(one.n_missing + one.n_unsent for one in review.gaps)
    if n_missing:
        words = ngettext("%(n)s marca sin llegar", "%(n)s marcas sin llegar", n_missing)
        said.append(words % {"n": n_missing})
    silent = [one.name for one in review.gaps if one.is_silent]
    if silent:
        said.append(gettext(N_("sin noticia de %(phones)s")) % {"phones": ", ".join(silent)})
    if review.closing is not None:
        said.append(gettext(N_("cierre por confirmar")))
    return said


def said_after(answer: str, n: int) -> str:
    if answer == TAKE_BACK:
        words = ngettext("Deshecho: %(n)s marca queda como antes.", "Deshecho: %(n)s marcas quedan como antes.", n)
    elif answer == COUNT:
        words = ngettext("Listo. Cuenta %(n)s marca.", "Listo. Cuentan %(n)s marcas.", n)
    else:
        words = ngettext("Listo. %(n)s marca no cuenta.", "Listo. %(n)s marcas no cuentan.", n)
    return words % {"n": n}
