"""Reads of jobs that issue to many: how far one is, whom it left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.certificates.bulk import GOES_ON, UnknownJob
from trainings.certificates.bulk_files import n_files
from trainings.certificates.eligibility import NOTE
from trainings.certificates.models import (
    Certificate,
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
from trainings.web.i18n import N_, gettext, language, ngettext

SKIP_WORDS: dict[SkipReason, str] = {
    SkipReason.FAILED: N_("No se pudo: %(detail)s"),
    SkipReason.LETTERS: N_("El diploma no puede imprimir «%(detail)s». Corrija el nombre."),
    SkipReason.ANNULLED: N_("Se anuló el %(detail)s."),
    SkipReason.HOURS: N_("No completó las horas."),
    SkipReason.HAS_ONE: N_("Ya tenía el suyo: %(detail)s."),
}
"""What can be mended first."""
OF_A_PURPOSE: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.PREPARE, SkipReason.HOURS): N_("Ya no puede completar las horas."),
    (JobPurpose.NOTES, SkipReason.LETTERS): N_("La constancia no puede imprimir «%(detail)s». Corrija el nombre."),
}
WITH_A_WAY: dict[tuple[JobPurpose, SkipReason], str] = {
    (JobPurpose.ISSUE, SkipReason.HOURS): N_("No completó las horas; puede darle una constancia."),
    (JobPurpose.ISSUE, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otro, emítalo en su página."),
    (JobPurpose.NOTES, SkipReason.ANNULLED): N_("Se anuló el %(detail)s; si le toca otra, emítala en su página."),
}
"""What who may issue does on that person's page."""
HAS_NOTE = N_("No completó las horas; ya tiene constancia.")
NEVER_CAME = N_("No asistió.")


@dataclass(frozen=True, slots=True)
class Progress:
    """A job and how far it is: people first, their files afterwards."""

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
        """As long as people are being taken nobody knows how many papers there will be: at most one each."""
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
    """Somebody whom a job gave nothing, and why, as lists show people.

    `has_way`: their page is where it is done. `never_came`: to no session that counts.
    """

    registration_id: UUID
    name: str
    community: str
    reason: SkipReason
    why: str
    has_way: bool
    never_came: bool


async def job_at_desk(actor: Actor, training_id: UUID, job_id: UUID) -> Progress:
    """A job of a training in scope, by who works at its desk. Raises UnknownJob."""
    hubs = sorted(actor.hubs_with(DESK))
    job = await reads(IssueJob).get_or_none(id=job_id, training_id=training_id, hub_id__in=hubs)
    if job is None:
        raise UnknownJob
    return Progress(job, *await n_files(job))


async def job_to_show(training_id: UUID) -> IssueJob | None:
    """The newest of a training that goes on, else the newest."""
    jobs = reads(IssueJob).filter(training_id=training_id).order_by("-created_at", "-id")
    return await jobs.filter(state__in=list(GOES_ON)).first() or await jobs.first()


async def left_out(job: IssueJob, *, may_issue: bool) -> list[LeftOut]:
    """Everybody it gave nothing: what can be mended first, then by name. What may be issued instead, for who may."""
    skips = await reads(IssueSkip).filter(job_id=job.id).prefetch_related("registration__participant")
    notes = reads(Certificate).filter(registration__training_id=job.training_id, kind=NOTE)
    noted = {key for (key,) in await notes.exclude(state=CertificateState.REVOKED).values_list("registration_id")}
    found = [_left_out(one, job, has_note=one.registration_id in noted, may_issue=may_issue) for one in skips]
    order = list(SKIP_WORDS)
    return sorted(found, key=lambda one: (order.index(one.reason), one.name, one.registration_id))


def _left_out(skip: IssueSkip, job: IssueJob, *, has_note: bool, may_issue: bool) -> LeftOut:
    person = skip.registration.participant
    words = OF_A_PURPOSE.get((job.purpose, skip.reason), SKIP_WORDS[skip.reason])
    is_short = job.purpose is JobPurpose.ISSUE and skip.reason is SkipReason.HOURS
    never_came = is_short and not skip.registration.minutes_attended
    is_settled = never_came or (is_short and has_note)
    has_way = may_issue and not is_settled and (job.purpose, skip.reason) in WITH_A_WAY
    if is_settled:
        words = NEVER_CAME if never_came else HAS_NOTE
    elif has_way:
        words = WITH_A_WAY[job.purpose, skip.reason]
    return LeftOut(
        skip.registration_id,
        short_name(person.given_names, person.surnames),
        person.community,
        skip.reason,
        gettext(words) % {"detail": _detail(skip)},
        has_way,
        never_came,
    )


def _detail(skip: IssueSkip) -> str:
    if skip.reason is not SkipReason.ANNULLED:
        return skip.detail
    return dates.date_without_weekday(date.fromisoformat(skip.detail), language())
