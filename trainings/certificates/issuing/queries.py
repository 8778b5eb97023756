from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Max
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.attendance.models import Attendance
from trainings.attendance.settling import stays_counting
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.eligibility import (
    HIGHER,
    NOTE,
    Due,
    Hours,
    annulled_of,
    diploma_due,
    earned_kinds,
    hours_of,
    is_over,
    may_be_issued,
    note_due,
)
from trainings.certificates.issuing.actions import kinds_of
from trainings.certificates.issuing.bulk import GOES_ON, KINDS, UnknownJob, detail_of, n_files
from trainings.certificates.models import (
    Certificate,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    JobState,
    SkipReason,
    is_withdrawn,
)
from trainings.certificates.outlooks import Standing, meetings_elsewhere, progress_of, standing
from trainings.db import reads, sql
from trainings.db.sql import as_uuid
from trainings.errors import NotAllowed, NotFound
from trainings.lib import dates
from trainings.lib.text import search_text, short_name
from trainings.places.models import Operator
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.registrations.queries import UnknownRegistration, UnknownTraining
from trainings.schedule.completion import Outlook
from trainings.schedule.models import REAL, Training, TrainingSession, TrainingState, sessions_on
from trainings.schedule.queries import InPractice
from trainings.web.i18n import N_, gettext, language, ngettext

PAGE = 30
PREPARED_AHEAD = timedelta(days=7)
FINISHED_WITHIN = timedelta(days=120)
WITH = ("sessions", "hub__seat", "hub__operator__municipality", "hub__operator__signatories")


class UnknownAtDesk(NotFound):
    code = "unknown_certificate"
    sentence = N_("No encontramos ese certificado.")


class MayNotIssue(NotAllowed):
    sentence = N_("Solo la coordinación prepara, emite y anula diplomas. Pídaselo.")


@dataclass(frozen=True, slots=True)
class Person:
    """`due`: the highest kind earned by completing and not issued. `open_kinds`: all that may be issued. `annulled`:
    annulled papers of these kinds. `letters`: missing in the design. `standing`: why earned or not yet, where names
    are shown.
    """

    registration: Registration
    hours: Hours
    outlook: Outlook
    certificates: Sequence[Certificate]
    due: CertificateKind | None
    is_note_due: bool
    open_kinds: Sequence[CertificateKind]
    annulled: Sequence[Certificate]
    letters: str
    has_come: bool
    standing: Standing | None

    @property
    def had_one_withdrawn(self) -> bool:
        return any(is_withdrawn(one) for one in self.certificates)

    @property
    def is_expected(self) -> bool:
        return self.has_come or self.registration.state in TAKES_PLACE

    @property
    def wanted(self) -> list[Certificate]:
        """Without prepared papers of people who gave their place back and never came."""
        standing = [one for one in self.certificates if stands(one)]
        return [one for one in standing if self.is_expected or one.state is not CertificateState.PREPARED]


@dataclass(frozen=True, slots=True)
class Counts:
    n_people: int
    n_completed: int
    n_issued: int
    n_due: int

    @classmethod
    def of(cls, people: Collection[Person]) -> Counts:
        return cls(
            n_people=len(people),
            n_completed=sum(person.outlook is Outlook.COMPLETED for person in people),
            n_issued=sum(any(stands(one) for one in person.certificates) for person in people),
            n_due=sum(person.due is not None for person in people),
        )


@dataclass(frozen=True, slots=True)
class HeldTraining:
    training: Training
    last_day: datetime
    is_over: bool
    counts: Counts


def stands(certificate: Certificate) -> bool:
    return certificate.state is not CertificateState.REVOKED


def visible_to(actor: Actor) -> QuerySet[Training]:
    """Trainings where the actor works at the desk, coordinates or administers."""
    return reads(Training).filter(REAL, hub_id__in=sorted(actor.hubs_with(DESK)))


async def held_trainings(actor: Actor, *, page: int) -> tuple[list[HeldTraining], bool]:
    """A page (from 1) of trainings with a session held or near, last first; and whether older trainings follow."""
    is_near = clock.now() + PREPARED_AHEAD
    was_held = Q(Q(sessions__closed_at__isnull=False), Q(sessions__starts_at__lte=is_near), join_type=Q.OR)
    held = visible_to(actor).exclude(state=TrainingState.DRAFT).filter(was_held, sessions_on("sessions__"))
    found = held.annotate(last_day=Max("sessions__ends_at"))
    start = (page - 1) * PAGE
    trainings = await (
        found.order_by("-last_day", "id").offset(start).limit(PAGE + 1).prefetch_related("hub__seat", "sessions")
    )
    shown = trainings[:PAGE]
    people = await _people(shown, with_names=False)
    lines = [
        HeldTraining(training, _last_day(training), is_over(list(training.sessions)), Counts.of(people[training.id]))
        for training in shown
    ]
    return lines, len(trainings) > PAGE


def _last_day(training: Training) -> datetime:
    return max(session.ends_at for session in training.sessions if session.is_on)


FINISHED = """
    SELECT this.training_id FROM registration AS this JOIN training ON training.id = this.training_id
    WHERE training.hub_id IN ?list AND training.state <> 'practice' AND this.completed_at >= ?
        AND NOT EXISTS (SELECT 1 FROM certificate WHERE registration_id = this.id)
"""
"""Counted by the program: told to group them, SQLite reads all sign-ups in the order of their trainings."""


async def n_to_issue(actor: Actor) -> Counter[UUID]:
    """People who lately completed a training and have no paper, by training."""
    finished = await sql.tuples(FINISHED, sorted(actor.hubs_with(ISSUERS)), clock.now() - FINISHED_WITHIN)
    return Counter(as_uuid(training_id) for (training_id,) in finished)


async def training_at_desk(actor: Actor, training_id: UUID) -> Training:
    """Raises UnknownTraining, and InPractice: a paper would have a folio."""
    training = await visible_to(actor).get_or_none(id=training_id).prefetch_related(*WITH)
    if training is None:
        practised = reads(Training).filter(id=training_id, hub_id__in=sorted(actor.hubs_with(DESK)))
        raise InPractice if await practised.exists() else UnknownTraining
    return training


async def training_to_issue(actor: Actor, training_id: UUID) -> Training:
    """Raises UnknownTraining, and MayNotIssue for other desk staff."""
    training = await training_at_desk(actor, training_id)
    if not can_issue_certificates(actor, training.hub_id):
        raise MayNotIssue
    return training


async def people_of(training: Training) -> list[Person]:
    """Expected, present or with a certificate, by name."""
    people = (await _people([training], with_names=True))[training.id]
    return sorted(people, key=lambda person: (_name_key(person), person.registration.id))


def _name_key(person: Person) -> str:
    participant = person.registration.participant
    return search_text(participant.given_names, participant.surnames)


async def person_at_desk(actor: Actor, registration_id: UUID) -> tuple[Training, Person]:
    """Raises UnknownRegistration."""
    registration = await reads(Registration).get_or_none(id=registration_id)
    if registration is None or not actor.has_at(await _hub_of(registration), DESK):
        raise UnknownRegistration
    training = await training_at_desk(actor, registration.training_id)
    people = (await _people([training], with_names=True, only=registration_id))[training.id]
    return training, people[0]


async def _hub_of(registration: Registration) -> UUID:
    return (await reads(Training).get(id=registration.training_id)).hub_id


async def certificate_at_desk(actor: Actor, certificate_id: UUID) -> Certificate:
    """Raises UnknownAtDesk."""
    found = reads(Certificate).filter(hub_id__in=sorted(actor.hubs_with(DESK)))
    certificate = await found.get_or_none(id=certificate_id).prefetch_related("registration__participant")
    if certificate is None:
        raise UnknownAtDesk
    return certificate


async def operators_signing(actor: Actor) -> list[Operator]:
    hubs = sorted(actor.hubs_with(ISSUERS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name").prefetch_related("signatories")


# -- putting people together


async def _people(
    trainings: Sequence[Training], *, with_names: bool, only: UUID | None = None
) -> dict[UUID, list[Person]]:
    """In a fixed number of queries."""
    ids = [training.id for training in trainings]
    registrations = reads(Registration).filter(training_id__in=ids)
    certificates = reads(Certificate).filter(registration__training_id__in=ids).order_by("year", "number")
    if only is not None:
        registrations = registrations.filter(id=only)
        certificates = certificates.filter(registration_id=only)
    if with_names:
        # Joined: a separate fetch takes Tortoise quadratic time.
        registrations = registrations.select_related("participant")
    found = await registrations
    stays = await stays_counting([one.id for one in found])
    papers = _by_person(await certificates)
    by_id = {training.id: training for training in trainings}
    elsewhere = {key: await meetings_elsewhere(one) for key, one in by_id.items()} if with_names else {}
    people: dict[UUID, list[Person]] = {key: [] for key in ids}
    for registration in found:
        own, issued = stays[registration.id], papers[registration.id]
        is_shown = registration.state in TAKES_PLACE or own or issued
        if is_shown or only is not None:
            training, meetings = by_id[registration.training_id], elsewhere.get(registration.training_id)
            people[training.id].append(_person(training, registration, own, issued, meetings))
    return people


def _person(
    training: Training,
    registration: Registration,
    stays: Sequence[Attendance],
    certificates: Sequence[Certificate],
    meetings: Sequence[TrainingSession] | None,
) -> Person:
    """`meetings`: elsewhere in the course; None where names are not shown."""
    sessions = list(training.sessions)
    hours = hours_of(stays, sessions, training.course_id)
    progress = progress_of(hours, training, sessions)
    outlook = progress.outlook
    has_completed = outlook is Outlook.COMPLETED
    kinds = (
        earned_kinds(training, minutes=hours.attended, has_completed=has_completed, mark=registration.mark)
        if is_over(sessions)
        else []
    )
    open_kinds = [kind for kind in kinds if may_be_issued(kind, certificates)]
    annulled = [one for kind in open_kinds if (one := annulled_of(kind, certificates)) is not None]
    return Person(
        registration=registration,
        hours=hours,
        outlook=outlook,
        certificates=certificates,
        due=diploma_due(kinds, certificates).kind,
        is_note_due=note_due(kinds, certificates).kind is not None,
        open_kinds=open_kinds,
        annulled=list(dict.fromkeys(annulled)),
        has_come=any(stay.registration_id == registration.id for stay in stays),
        letters="" if meetings is None else _letters(registration, training),
        standing=None if meetings is None else standing(progress, hours, registration, training, meetings),
    )


def _letters(registration: Registration, training: Training) -> str:
    return pdf.missing_glyphs(registration.participant.full_name, design=paper_of(training).design)


# -- a job for many


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
    """`has_way`: their page can change it. `is_note_due`: a job for notes gives one."""

    registration_id: UUID
    name: str
    community: str
    reason: SkipReason
    why: str
    has_way: bool
    is_note_due: bool
    never_came: bool


async def job_at_desk(actor: Actor, training_id: UUID, job_id: UUID) -> Progress:
    """Raises UnknownJob."""
    hubs = sorted(actor.hubs_with(DESK))
    job = await reads(IssueJob).get_or_none(id=job_id, training_id=training_id, hub_id__in=hubs)
    if job is None:
        raise UnknownJob
    return Progress(job, *await n_files(training_id))


async def job_to_show(training_id: UUID) -> IssueJob | None:
    """The training's newest active job, else its newest."""
    jobs = reads(IssueJob).filter(training_id=training_id).order_by("-created_at", "-id")
    return await jobs.filter(state__in=list(GOES_ON)).first() or await jobs.first()


def issued_by(job: IssueJob) -> QuerySet[Certificate]:
    own = reads(Certificate).filter(
        registration__training_id=job.training_id,
        kind__in=sorted(KINDS[job.purpose] or HIGHER),
        issued_by_id=job.asked_by_id,
        created_at__gte=job.created_at,
        erased_at=None,
    )
    if job.finished_at is not None:
        own = own.filter(created_at__lte=job.finished_at)
    return own.exclude(state=CertificateState.REVOKED).order_by("year", "number")


async def left_out(job: IssueJob, training: Training, *, may_issue: bool) -> list[LeftOut]:
    """Mendable reasons first, then by name. `may_issue`: with papers that may be issued instead."""
    skips = await reads(IssueSkip).filter(job_id=job.id).select_related("registration__participant")
    short = {"registration__issue_skips__job_id": job.id, "registration__issue_skips__reason": SkipReason.HOURS}
    is_asked = job.purpose is JobPurpose.ISSUE
    papers = _by_person(await reads(Certificate).filter(**short).only(*OF_PAPERS) if is_asked else [])
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


def _by_person(papers: Iterable[Certificate]) -> defaultdict[UUID, list[Certificate]]:
    grouped: defaultdict[UUID, list[Certificate]] = defaultdict(list)
    for one in papers:
        grouped[one.registration_id].append(one)
    return grouped
