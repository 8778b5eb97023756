from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams
from starlette.responses import Response

from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.designs.texts import day_on
from trainings.certificates.eligibility import EXCHANGED, HIGHER, NOTE, UNUSED, Due, annulled_of, exchangeable, note_due
from trainings.certificates.issuing.actions import kinds_of
from trainings.certificates.issuing.bulk import detail_of
from trainings.certificates.issuing.names import Confirmed, in_hand
from trainings.certificates.issuing.preparing import Outdated, Waiting
from trainings.certificates.issuing.queries import Everybody, Group, Line, Person, by_person, stands
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    SkipReason,
    is_withdrawn,
)
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
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.text import like_terms, short_name
from trainings.schedule.completion import Outlook
from trainings.schedule.models import Training
from trainings.web.forms import Choice, asked_page, key_in
from trainings.web.headers import token_page_headers
from trainings.web.i18n import N_, gettext, language

LONGEST_QUERY = 100


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
    people: Iterable[tuple[Person, int]],
    *,
    is_over: bool,
    waiting: Iterable[tuple[Waiting, int]] = (),
    changed: Collection[UUID] = (),
    n_confirmed: int = 0,
) -> Road:
    """People and waiting papers each stand for so many alike; `changed`: papers, among theirs."""
    counted: Counter[str] = Counter()
    for person, n in people:
        papers = papers_of(person)
        counted["people"] += n
        counted["on_track"] += n * is_on_track(person)
        counted["due"] += n * is_due(person)
        counted["notes_due"] += n * is_note_due(person)
        counted["printed"] += n * sum(one.printed_at is not None for one in papers)
        counted["changed"] += n * sum(one.id in changed for one in papers)
        counted["handed_over"] += n * sum(in_hand(one) for one in papers)
        for one in papers:
            counted[one.state] += n
    outdated = _count_waiting(waiting, counted)
    return Road(
        is_over=is_over,
        n_people=counted["people"],
        n_confirmed=n_confirmed,
        n_on_track=counted["on_track"],
        n_due=counted["due"],
        n_notes_due=counted["notes_due"],
        n_prepared=counted[CertificateState.PREPARED],
        n_valid=counted[CertificateState.VALID],
        n_printed=counted["printed"],
        n_changed=counted["changed"],
        n_handed_over=counted["handed_over"],
        n_unused=counted["unused"],
        n_unused_in_hand=counted["unused in hand"],
        outdated=outdated,
        n_outdated=counted["outdated"] - counted["outdated in hand"],
        n_outdated_in_hand=counted["outdated in hand"],
    )


def _count_waiting(waiting: Iterable[tuple[Waiting, int]], counted: Counter[str]) -> list[Outdated]:
    """Prepared papers that are unused or outdated, and those of them in hand; returns what they no longer say."""
    outdated = set[Outdated]()
    for paper, n in waiting:
        if paper.is_unused or paper.outdated:
            what = "unused" if paper.is_unused else "outdated"
            counted[what] += n
            counted[f"{what} in hand"] += n * in_hand(paper.certificate)
            outdated.update(() if paper.is_unused else paper.outdated)
    return sorted(outdated)


def papers_of(person: Person) -> list[Certificate]:
    """What is printed and handed over."""
    return [one for one in person.wanted if one.erased_at is None]


def is_on_track(person: Person) -> bool:
    """A diploma may be prepared: due by `preparing.due`, name printable, none issued or taken away."""
    has_one = any(stands(one) and one.kind in HIGHER for one in person.certificates)
    may_be_made = not has_one and not person.letters and not person.had_one_withdrawn
    return person.is_expected and person.outlook is not Outlook.OUT_OF_REACH and may_be_made


def is_due(person: Person) -> bool:
    return person.due is not None and not person.letters


def is_note_due(person: Person) -> bool:
    return person.is_note_due and not person.letters


def is_unprintable(person: Person) -> bool:
    return bool(person.letters) and not person.certificates


# -- a part of the people


class Part(StrEnum):
    """What is to do for them, as the address says it."""

    TO_PREPARE = "preparar"
    TO_ISSUE = "emitir"
    NOTE_DUE = "constancia"
    UNPRINTABLE = "nombre"
    TO_PRINT = "imprimir"
    TO_HAND_OVER = "entregar"
    HANDED_OVER = "entregados"
    WITHOUT = "sin"


PART_WORDS: dict[Part, str] = {
    Part.TO_PREPARE: N_("Por preparar"),
    Part.TO_ISSUE: N_("Por emitir"),
    Part.NOTE_DUE: N_("Les toca constancia"),
    Part.UNPRINTABLE: N_("Nombre por corregir"),
    Part.TO_PRINT: N_("Por imprimir"),
    Part.TO_HAND_OVER: N_("Por entregar"),
    Part.HANDED_OVER: N_("Entregados"),
    Part.WITHOUT: N_("No les toca documento"),
}


def parts_of(person: Person, *, is_over: bool, changed: Collection[UUID]) -> frozenset[Part]:
    """A person with two papers may be in several."""
    papers = papers_of(person)
    found = {
        Part.TO_PREPARE: not is_over and is_on_track(person),
        Part.TO_ISSUE: is_due(person),
        Part.NOTE_DUE: is_note_due(person),
        Part.UNPRINTABLE: is_unprintable(person),
        Part.TO_PRINT: any(one.printed_at is None or one.id in changed for one in papers),
        Part.TO_HAND_OVER: any(not in_hand(one) for one in papers),
        Part.HANDED_OVER: any(in_hand(one) for one in papers),
    }
    return frozenset(part for part, is_so in found.items() if is_so) or (
        frozenset() if any(stands(one) for one in person.certificates) else frozenset({Part.WITHOUT})
    )


Parts = Mapping[Group, Collection[Part]]


def parted(everybody: Everybody, *, is_over: bool, changed: Collection[UUID]) -> Parts:
    return {
        group: parts_of(person, is_over=is_over, changed=changed) for group, (person, _n) in everybody.groups.items()
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """Which people, by the address: `part`, None: all; words of `query`; page `number`, or the page of `person`."""

    part: Part | None
    query: str
    number: int
    person: UUID | None = None

    @classmethod
    def of(cls, query: QueryParams) -> Asked:
        part = query.get("filtro", "")
        person = key_in(query.get("persona", ""))
        return cls(
            Part(part) if part in set(Part) else None, query.get("q", "")[:LONGEST_QUERY], asked_page(query), person
        )

    @classmethod
    def around(cls, person: UUID, query: QueryParams) -> Asked:
        """The list that a person's page was opened from; from elsewhere, where the person is in it."""
        return cls.of(query) if {"filtro", "q", "pagina"} & set(query) else cls(None, "", 1, person)

    @property
    def text(self) -> str:
        """As the end of an address."""
        page = str(self.number) if self.number > 1 else ""
        wanted = {"filtro": self.part or "", "q": self.query, "pagina": page, "persona": str(self.person or "")}
        return "?" + (urlencode({name: value for name, value in wanted.items() if value}) or "pagina=1")

    @property
    def passed_on(self) -> str:
        """By a person's pages, as the end of their addresses; empty: they were not opened from the list."""
        return self.text if self.person is None else ""

    def address(self, training_id: UUID) -> str:
        return f"/panel/capacitaciones/{training_id}/diplomas{self.text}"

    def at(self, number: int, training_id: UUID) -> str:
        """The list on another page."""
        return f"{replace(self, number=number).address(training_id)}#personas"

    def row(self, registration_id: UUID, training_id: UUID) -> str:
        return f"{self.address(training_id)}#p-{registration_id}"

    def after(self, registration_id: UUID, training_id: UUID) -> str:
        """The row that something was done to; in a part of the list, which it may have left, the list."""
        is_part = self.part is not None
        return self.at(self.number, training_id) if is_part else self.row(registration_id, training_id)


def choices(training_id: UUID, asked: Asked, everybody: Everybody, parts: Parts) -> list[Choice]:
    """Parts that somebody is in, and the asked one."""
    n = Counter[Part | None]({None: sum(n for _person, n in everybody.alike)})
    for group, (_person, n_alike) in everybody.groups.items():
        n.update(dict.fromkeys(parts[group], n_alike))
    return [
        Choice(Asked(part, asked.query, 1).at(1, training_id), gettext(text), n[part], part is asked.part)
        for part, text in [(None, N_("Todas")), *PART_WORDS.items()]
        if n[part] or part in (None, asked.part)
    ]


def fitting(everybody: Everybody, asked: Asked, parts: Parts) -> Sequence[Line]:
    """By name."""
    found = everybody.lines
    if asked.part is not None:
        found = [one for one in found if asked.part in parts[one.group]]
    terms = [term.strip("%") for term in like_terms(asked.query)]
    return [one for one in found if all(term in one.search_text for term in terms)] if terms else found


def place_of(registration_id: UUID, found: Sequence[Line]) -> int:
    """From 0, the first also where the person is not among them."""
    return next((place for place, one in enumerate(found) if one.id == registration_id), 0)


# -- whom a job for many left out


SKIP_WORDS: dict[SkipReason, str] = {
    SkipReason.FAILED: N_("No se pudo: %(detail)s"),
    SkipReason.LETTERS: N_("El diploma no puede imprimir «%(detail)s». Corrija el nombre."),
    SkipReason.ANNULLED: N_("Se anuló el %(detail)s."),
    SkipReason.HOURS: N_("No completó las horas."),
    SkipReason.HAS_ONE: N_("Ya tenía el suyo: %(detail)s."),
}
OF_A_PURPOSE: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.PREPARE, SkipReason.HOURS): N_("Ya no puede completar las horas."),
    (JobPurpose.NOTES, SkipReason.LETTERS): N_("La constancia no puede imprimir «%(detail)s». Corrija el nombre."),
}
WITH_A_WAY: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.ISSUE, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otro, emítalo en su página."),
    (JobPurpose.NOTES, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otra, emítala en su página."),
}
NOTE_IS_DUE = N_("No completó las horas; puede darle una constancia.")
HAS_NOTE = N_("No completó las horas; ya tiene constancia.")
NEVER_CAME = N_("No asistió.")


OF_PAPERS = (
    "id",
    "registration_id",
    "kind",
    "state",
    "code",
    "folio",
    "year",
    "number",
    "revoked_at",
    "revoked_reason",
)
"""Columns that decide whether a note is due."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`has_way`: their page can change it. `is_note_due`: a job for notes gives one."""

    registration_id: UUID
    name: str
    community: str
    reason: SkipReason
    why: str
    has_way: bool
    is_note_due: bool
    never_came: bool


async def left_out(job: IssueJob, training: Training, *, may_issue: bool) -> list[LeftOut]:
    """Mendable reasons first, then by name. `may_issue`: with papers that may be issued instead."""
    skips = await reads(IssueSkip).filter(job_id=job.id).select_related("registration__participant")
    short = {"registration__issue_skips__job_id": job.id, "registration__issue_skips__reason": SkipReason.HOURS}
    is_asked = job.purpose is JobPurpose.ISSUE
    papers = by_person(await reads(Certificate).filter(**short).only(*OF_PAPERS) if is_asked else [])
    found = [
        _left_out(one, job, _note_for(one, job, training, papers[one.registration_id]), may_issue=may_issue)
        for one in skips
    ]
    order = list(SKIP_WORDS)
    return sorted(found, key=lambda one: (order.index(one.reason), one.name, one.registration_id))


def _note_for(skip: IssueSkip, job: IssueJob, training: Training, papers: list[Certificate]) -> Due:
    if job.purpose is not JobPurpose.ISSUE or skip.reason is not SkipReason.HOURS:
        return Due()
    due = note_due(kinds_of(skip.registration, training), papers)
    is_printable = not pdf.missing_glyphs(skip.registration.participant.full_name, design=paper_of(training).design)
    return due if is_printable else Due()


def _left_out(skip: IssueSkip, job: IssueJob, note: Due, *, may_issue: bool) -> LeftOut:
    person = skip.registration.participant
    is_short = job.purpose is JobPurpose.ISSUE and skip.reason is SkipReason.HOURS
    never_came = is_short and not skip.registration.minutes_attended
    why, has_way = _why(skip, job, note, may_issue=may_issue)
    return LeftOut(
        registration_id=skip.registration_id,
        name=short_name(person.given_names, person.surnames),
        community=person.community,
        reason=skip.reason,
        why=gettext(NEVER_CAME) if never_came else why,
        has_way=has_way,
        is_note_due=note.kind is not None and may_issue,
        never_came=never_came,
    )


def _why(skip: IssueSkip, job: IssueJob, note: Due, *, may_issue: bool) -> tuple[str, bool]:
    """(words, whether the person's page can change it)."""
    if note.kind is not None and may_issue:
        return gettext(NOTE_IS_DUE), True
    if note.paper is not None and note.paper.kind is NOTE and note.reason is SkipReason.HAS_ONE:
        return gettext(HAS_NOTE), False
    purpose, reason, detail = job.purpose, skip.reason, skip.detail
    if note.reason is not None:
        purpose, reason, detail = JobPurpose.NOTES, note.reason, detail_of(note)
    has_way = may_issue and (purpose, reason) in WITH_A_WAY
    words = OF_A_PURPOSE.get((purpose, reason), SKIP_WORDS[reason])
    if has_way:
        words = WITH_A_WAY[purpose, reason]
    return gettext(words) % {"detail": _detail(reason, detail)}, has_way


def _detail(reason: SkipReason, detail: str) -> str:
    if reason is SkipReason.FAILED:
        return gettext(detail)
    if reason is not SkipReason.ANNULLED:
        return detail
    return dates.date_without_weekday(date.fromisoformat(detail), language())
