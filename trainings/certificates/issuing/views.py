from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from starlette.responses import Response

from trainings.certificates.designs.texts import day_on
from trainings.certificates.eligibility import EXCHANGED, HIGHER, UNUSED, annulled_of, exchangeable
from trainings.certificates.issuing.names import Confirmed, in_hand
from trainings.certificates.issuing.preparing import Outdated, Waiting
from trainings.certificates.issuing.queries import Person, stands
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind, CertificateState, is_withdrawn
from trainings.certificates.words import (
    ANNULLED_WORDS,
    CONFIRMED_WORDS,
    EXCHANGE,
    HANDED_WORDS,
    ISSUE_WORDS,
    KIND_WORDS,
    STATE_WORDS,
    WITHDRAWN,
)
from trainings.lib import dates
from trainings.lib.text import short_name
from trainings.schedule.completion import Outlook
from trainings.web.headers import token_page_headers
from trainings.web.i18n import N_, gettext, language


def pdf_response(certificate: Certificate, file: CertificateFile) -> Response:
    """Named by its folio. No cache keeps it."""
    disposition = {"content-disposition": f'inline; filename="{certificate.folio}.pdf"'}
    return Response(file.content, media_type="application/pdf", headers=token_page_headers() | disposition)


# -- staff


@dataclass(frozen=True, slots=True)
class CertificateView:
    """`other`: the certificate that replaces it, or that it replaces."""

    id: UUID
    kind: str
    folio: str
    code: str
    state: str
    stands: bool
    is_valid: bool
    is_handed_over: bool
    handed_over: str
    printed_name: str
    made_out_on: date
    revoked_at: datetime | None
    reason: str
    other: str
    is_nameless: bool


@dataclass(frozen=True, slots=True)
class OpenKind:
    kind: CertificateKind
    text: str
    was_annulled: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    """`is_above_diploma`: a certificado may replace the person's diploma; `must_ask_back`: the diploma was handed
    over.
    """

    id: UUID
    name: str
    full_name: str
    community: str
    why: str
    outlook: Outlook
    certificates: Sequence[CertificateView]
    due: OpenKind | None
    open_kinds: Sequence[OpenKind]
    annulled: Sequence[str]
    letters: str
    mark: int | None
    confirmed: str
    is_expected: bool
    is_above_diploma: bool
    must_ask_back: bool


def person_view(person: Person, confirmed: Confirmed | None = None) -> PersonView:
    participant = person.registration.participant
    giving_way = [one for kind in person.open_kinds if (one := exchangeable(kind, person.certificates)) is not None]
    return PersonView(
        id=person.registration.id,
        name=short_name(participant.given_names, participant.surnames),
        full_name=participant.full_name,
        community=participant.community,
        why=person.standing.sentence if person.standing is not None else "",
        outlook=person.outlook,
        certificates=[certificate_view(certificate, person.certificates) for certificate in person.certificates],
        due=_open(person.due, person) if person.due else None,
        open_kinds=[_open(kind, person) for kind in person.open_kinds],
        annulled=[_annulled(one) for one in person.annulled],
        letters=person.letters,
        mark=person.registration.mark,
        confirmed=_confirmed(confirmed) if confirmed is not None else "",
        is_expected=person.is_expected,
        is_above_diploma=bool(giving_way),
        must_ask_back=any(one.handed_over_at is not None for one in giving_way),
    )


def _confirmed(one: Confirmed) -> str:
    """«en la ventanilla, jueves 4 de marzo, 2:05 p. m., Rosa Xol»."""
    said = [gettext(CONFIRMED_WORDS[one.how]), dates.day_and_time(one.at, language()), one.by]
    return ", ".join(filter(None, said))


def certificate_view(certificate: Certificate, others: Sequence[Certificate] = ()) -> CertificateView:
    return CertificateView(
        id=certificate.id,
        kind=gettext(KIND_WORDS[certificate.kind]),
        folio=certificate.folio,
        code=certificate.code,
        state=gettext(WITHDRAWN if is_withdrawn(certificate) else STATE_WORDS[certificate.state]),
        stands=stands(certificate),
        is_valid=certificate.state is CertificateState.VALID,
        is_handed_over=certificate.handed_over_at is not None,
        handed_over=_handed_over(certificate),
        printed_name=certificate.sheet["person_name"],
        made_out_on=day_on(certificate.sheet),
        revoked_at=certificate.revoked_at,
        reason=_reason(certificate.revoked_reason),
        other=_other(certificate, others),
        is_nameless=certificate.erased_at is not None,
    )


def _reason(kept: str) -> str:
    return gettext(kept) if kept in (UNUSED, EXCHANGED) else kept


def _other(certificate: Certificate, others: Sequence[Certificate]) -> str:
    after = next((one.folio for one in others if one.replaces_id == certificate.id), "")
    before = next((one.folio for one in others if one.id == certificate.replaces_id), "")
    if after:
        return gettext(N_("Lo reemplaza el folio %(folio)s.")) % {"folio": after}
    return gettext(N_("Reemplaza al folio %(folio)s.")) % {"folio": before} if before else ""


def _handed_over(certificate: Certificate) -> str:
    """«jueves 4 de marzo, 2:05 p. m., con su código»; empty: not handed over."""
    if certificate.handed_over_at is None or certificate.handed_over_how is None:
        return ""
    when = dates.day_and_time(certificate.handed_over_at, language())
    return f"{when}, {gettext(HANDED_WORDS[certificate.handed_over_how])}"


def _open(kind: CertificateKind, person: Person) -> OpenKind:
    words = EXCHANGE if exchangeable(kind, person.certificates) else ISSUE_WORDS[kind]
    return OpenKind(kind, gettext(words), annulled_of(kind, person.certificates) is not None)


def _annulled(certificate: Certificate) -> str:
    assert certificate.revoked_at is not None, "it is annulled"
    values = {"day": dates.date_without_weekday(certificate.revoked_at, language())}
    return gettext(ANNULLED_WORDS[certificate.kind]) % values


class Step(StrEnum):
    PAPERS = "papers"
    PRINT = "print"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Road:
    """How far a training's diplomas are. Counts standing certificates with a name.

    `n_on_track` may be prepared, `n_due` issued, `n_notes_due` given a note; without unprintable names. `n_unused`: of
    people who did not complete. `n_outdated` can be set anew; `…_in_hand` were handed over.
    """

    is_over: bool
    n_people: int
    n_confirmed: int
    n_on_track: int
    n_due: int
    n_notes_due: int
    n_prepared: int
    n_valid: int
    n_printed: int
    n_changed: int
    n_handed_over: int
    n_unused: int
    n_unused_in_hand: int
    outdated: Sequence[Outdated]
    n_outdated: int
    n_outdated_in_hand: int

    @property
    def n_papers(self) -> int:
        return self.n_prepared + self.n_valid

    @property
    def n_to_print(self) -> int:
        return self.n_papers - self.n_printed

    @property
    def n_to_make(self) -> int:
        return self.n_due if self.is_over else self.n_on_track

    @property
    def next(self) -> Step | None:
        """None: nothing is there yet, or all is done."""
        if self.n_to_make:
            return Step.PAPERS
        if self.n_to_print or self.n_changed:
            return Step.PRINT
        return Step.HAND_OVER if self.n_handed_over < self.n_papers else None


def road_of(
    people: Sequence[Person],
    *,
    is_over: bool,
    waiting: Sequence[Waiting],
    changed: Collection[UUID],
    confirmed: Collection[UUID],
) -> Road:
    papers = [one for person in people for one in person.wanted if one.erased_at is None]
    outdated = [one for one in waiting if one.outdated and not one.is_unused]
    unused = [one for one in waiting if one.is_unused]
    return Road(
        is_over=is_over,
        n_people=len(people),
        n_confirmed=sum(person.registration.id in confirmed for person in people),
        n_on_track=sum(is_on_track(person) for person in people),
        n_due=sum(person.due is not None and not person.letters for person in people),
        n_notes_due=sum(person.is_note_due and not person.letters for person in people),
        n_prepared=_n(papers, CertificateState.PREPARED),
        n_valid=_n(papers, CertificateState.VALID),
        n_printed=sum(one.printed_at is not None for one in papers),
        n_changed=sum(one.id in changed for one in papers),
        n_handed_over=sum(one.handed_over_at is not None for one in papers),
        n_unused=len(unused),
        n_unused_in_hand=_n_in_hand(unused),
        outdated=sorted({what for one in outdated for what in one.outdated}),
        n_outdated=len(outdated) - _n_in_hand(outdated),
        n_outdated_in_hand=_n_in_hand(outdated),
    )


def _n_in_hand(waiting: Sequence[Waiting]) -> int:
    return sum(in_hand(one.certificate) for one in waiting)


def _n(papers: Sequence[Certificate], state: CertificateState) -> int:
    return sum(one.state is state for one in papers)


def is_on_track(person: Person) -> bool:
    """A diploma may be prepared: due by `preparing.due`, name printable, none issued or taken away."""
    has_one = any(stands(one) and one.kind in HIGHER for one in person.certificates)
    may_be_made = not has_one and not person.letters and not person.had_one_withdrawn
    return person.is_expected and person.outlook is not Outlook.OUT_OF_REACH and may_be_made
