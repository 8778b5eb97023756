from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.eligibility import HIGHER, NOTE, Due, note_due
from trainings.certificates.issuing.actions import kinds_of
from trainings.certificates.issuing.bulk import GOES_ON, UnknownJob, detail_of
from trainings.certificates.issuing.bulk_files import n_files
from trainings.certificates.models import (
    Certificate,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    JobState,
    SkipReason,
)
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.text import short_name
from trainings.schedule.models import Training
from trainings.web.i18n import N_, gettext, language, ngettext

SKIP_WORDS: dict[SkipReason, str] = {
    SkipReason.FAILED: N_("No se pudo: %(detail)s"),
    SkipReason.LETTERS: N_("El diploma no puede imprimir «%(detail)s». Corrija el nombre."),
    SkipReason.ANNULLED: N_("Se anuló el %(detail)s."),
    SkipReason.HOURS: N_("No completó las horas."),
    SkipReason.HAS_ONE: N_("Ya tenía el suyo: %(detail)s."),
}
"""Reasons that can be mended come first."""
OF_A_PURPOSE: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.PREPARE, SkipReason.HOURS): N_("Ya no puede completar las horas."),
    (JobPurpose.NOTES, SkipReason.LETTERS): N_("La constancia no puede imprimir «%(detail)s». Corrija el nombre."),
}
WITH_A_WAY: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.ISSUE, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otro, emítalo en su página."),
    (JobPurpose.NOTES, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otra, emítala en su página."),
}
"""For issuers: what to do on the person's page."""
NOTE_IS_DUE = N_("No completó las horas; puede darle una constancia.")
HAS_NOTE = N_("No completó las horas; ya tiene constancia.")
NEVER_CAME = N_("No asistió.")
KINDS: dict[JobPurpose, frozenset[CertificateKind]] = {
    JobPurpose.ISSUE: HIGHER,
    JobPurpose.PREPARE: HIGHER,
    JobPurpose.NOTES: frozenset({NOTE}),
}
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
class Progress:
    job: IssueJob
    n_files: int
    n_papers: int

    @property
    def is_running(self) -> bool:
        return self.job.state is JobState.RUNNING

    @property
    def goes_on(self) -> bool:
        return self.job.state in GOES_ON

    @property
    def n_done(self) -> int:
        return self.job.n_seen + self.n_files

    @property
    def n_all(self) -> int:
        """While people are being taken the number of papers is open: at most one each."""
        is_taking = self.job.n_seen < self.job.n_total
        return max(self.job.n_total + (self.job.n_total if is_taking else self.n_papers), 1)

    @property
    def words(self) -> str:
        people = ngettext(
            "%(seen)s de %(num)s persona revisada", "%(seen)s de %(num)s personas revisadas", self.job.n_total
        ) % {"seen": self.job.n_seen, "num": self.job.n_total}
        files = ngettext("%(done)s de %(num)s archivo listo", "%(done)s de %(num)s archivos listos", self.n_papers) % {
            "done": self.n_files,
            "num": self.n_papers,
        }
        return f"{people} · {files}."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person without a paper of the job, and why, as lists show people.

    `has_way`: their page can change it. `is_note_due`: a job for notes gives them one. `never_came`: to no session that
    counts.
    """

    registration_id: UUID
    name: str
    community: str
    reason: SkipReason
    why: str
    has_way: bool
    is_note_due: bool
    never_came: bool


async def job_at_desk(actor: Actor, training_id: UUID, job_id: UUID) -> Progress:
    """For desk staff of its training. Raises UnknownJob."""
    hubs = sorted(actor.hubs_with(DESK))
    job = await reads(IssueJob).get_or_none(id=job_id, training_id=training_id, hub_id__in=hubs)
    if job is None:
        raise UnknownJob
    return Progress(job, *await n_files(job))


async def job_to_show(training_id: UUID) -> IssueJob | None:
    """The training's newest active job, else its newest."""
    jobs = reads(IssueJob).filter(training_id=training_id).order_by("-created_at", "-id")
    return await jobs.filter(state__in=list(GOES_ON)).first() or await jobs.first()


def issued_by(job: IssueJob) -> QuerySet[Certificate]:
    """Standing papers of this job alone, by folio."""
    own = reads(Certificate).filter(
        registration__training_id=job.training_id,
        kind__in=sorted(KINDS[job.purpose]),
        issued_by_id=job.asked_by_id,
        created_at__gte=job.created_at,
        erased_at=None,
    )
    if job.finished_at is not None:
        own = own.filter(created_at__lte=job.finished_at)
    return own.exclude(state=CertificateState.REVOKED).order_by("year", "number")


async def left_out(job: IssueJob, training: Training, *, may_issue: bool) -> list[LeftOut]:
    """Mendable reasons first, then by name. `may_issue`: with the papers that may be issued instead."""
    skips = await reads(IssueSkip).filter(job_id=job.id).select_related("registration__participant")
    papers = await _papers_of_short(job)
    found = [
        _left_out(one, job, _note_for(one, job, training, papers[one.registration_id]), may_issue=may_issue)
        for one in skips
    ]
    order = list(SKIP_WORDS)
    return sorted(found, key=lambda one: (order.index(one.reason), one.name, one.registration_id))


async def _papers_of_short(job: IssueJob) -> defaultdict[UUID, list[Certificate]]:
    papers: defaultdict[UUID, list[Certificate]] = defaultdict(list)
    if job.purpose is not JobPurpose.ISSUE:
        return papers
    theirs = reads(Certificate).filter(
        registration__issue_skips__job_id=job.id, registration__issue_skips__reason=SkipReason.HOURS
    )
    for one in await theirs.only(*OF_PAPERS):
        papers[one.registration_id].append(one)
    return papers


def _note_for(skip: IssueSkip, job: IssueJob, training: Training, papers: list[Certificate]) -> Due:
    """The note that a job for notes would give now to a person skipped for their hours, or the reason for none."""
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
    """In words, and whether the person's page can change it. `note`: from `_note_for`."""
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
