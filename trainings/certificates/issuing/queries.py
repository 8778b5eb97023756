from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Max
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.attendance.models import Attendance
from trainings.attendance.projection import counts
from trainings.attendance.settling import stays_counting
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.eligibility import (
    HIGHER,
    UNUSED,
    Hours,
    annulled_of,
    diploma_due,
    earned_kinds,
    hours_of,
    is_over,
    may_be_issued,
    note_due,
)
from trainings.certificates.issuing.bulk import GOES_ON, KINDS, UnknownJob, n_files
from trainings.certificates.models import (
    WITHDRAWN_MARK,
    Certificate,
    CertificateKind,
    CertificateState,
    IssueJob,
    JobState,
    is_withdrawn,
)
from trainings.certificates.outlooks import Standing, meetings_elsewhere, progress_of, standing
from trainings.db import reads, sql
from trainings.db.prepared import Select, hang
from trainings.db.sql import as_uuid
from trainings.errors import NotAllowed, NotFound
from trainings.people.models import NOBODY
from trainings.places.models import Operator, Signatory
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.registrations.queries import UnknownRegistration, UnknownTraining
from trainings.schedule.completion import Outlook, minutes_needed, minutes_planned, share_needed
from trainings.schedule.models import REAL, Training, TrainingSession, TrainingState, sessions_on
from trainings.schedule.queries import InPractice
from trainings.web.i18n import N_, ngettext

PAGE = 30
PREPARED_AHEAD = timedelta(days=7)
FINISHED_WITHIN = timedelta(days=120)


class UnknownAtDesk(NotFound):
    code = "unknown_certificate"
    sentence = N_("No encontramos ese certificado.")


class MayNotIssue(NotAllowed):
    sentence = N_("Solo la coordinación prepara, emite y anula diplomas. Pídaselo.")


@dataclass(frozen=True, slots=True)
class Person:
    """`due`: the highest kind earned by completing and not issued. `open_kinds`: all that may be issued. `annulled`:
    annulled papers of these kinds. `letters`: missing in the design. `is_listed`: expected, present or with a
    certificate. `standing`: why earned or not yet, where it is told.
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
    is_listed: bool
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
    def of(cls, people: Iterable[tuple[Person, int]]) -> Counts:
        """Each stands for so many alike."""
        counted: Counter[str] = Counter()
        for person, n in people:
            counted["people"] += n
            counted["completed"] += n * (person.outlook is Outlook.COMPLETED)
            counted["issued"] += n * any(stands(one) for one in person.certificates)
            counted["due"] += n * (person.due is not None)
        return cls(counted["people"], counted["completed"], counted["issued"], counted["due"])


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
        HeldTraining(
            training,
            _last_day(training),
            is_over(list(training.sessions)),
            Counts.of((one, 1) for one in people[training.id]),
        )
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


ONE = Select(Training, "hub__seat", "hub__operator__municipality", where="this.id = ? AND this.hub_id IN ?list")
ITS_SESSIONS = Select(TrainingSession, where="this.training_id = ?", order="this.starts_at, this.id")
SIGNING = Select(
    Signatory,
    where="""this.operator_id IN (
        SELECT h.operator_id FROM training t JOIN hub h ON h.id = t.hub_id WHERE t.id = ?
    )""",
    order="this.position, this.id",
)


async def training_at_desk(actor: Actor, training_id: UUID) -> Training:
    """Raises UnknownTraining, and InPractice: a paper would have a folio."""
    asked = [
        ONE.asked(training_id, sorted(actor.hubs_with(DESK))),
        ITS_SESSIONS.asked(training_id),
        SIGNING.asked(training_id),
    ]
    found, sessions, signatories = await sql.tables(asked, are_few=True)
    trainings = ONE.made(found)
    if not trainings:
        raise UnknownTraining
    [training] = trainings
    if training.state is TrainingState.PRACTICE:
        raise InPractice
    hang(trainings, "sessions", ITS_SESSIONS.made(sessions))
    hang([training.hub.operator], "signatories", SIGNING.made(signatories))
    return training


async def training_to_issue(actor: Actor, training_id: UUID) -> Training:
    """Raises UnknownTraining, and MayNotIssue for other desk staff."""
    training = await training_at_desk(actor, training_id)
    if not can_issue_certificates(actor, training.hub_id):
        raise MayNotIssue
    return training


async def people_of(training: Training) -> list[Person]:
    """Expected, present or with a certificate, by name."""
    people = await _people([training], with_names=True, meetings=await meetings_elsewhere(training))
    return sorted(people[training.id], key=lambda one: (one.registration.participant.name_key, one.registration.id))


async def person_at_desk(actor: Actor, registration_id: UUID) -> tuple[Training, Person]:
    """Raises UnknownRegistration."""
    registration = await reads(Registration).get_or_none(id=registration_id)
    if registration is None or not actor.has_at(await _hub_of(registration), DESK):
        raise UnknownRegistration
    training = await training_at_desk(actor, registration.training_id)
    [person] = await people_among(training, [registration_id])
    return training, person


async def people_among(training: Training, registration_ids: Sequence[UUID]) -> list[Person]:
    """In their order, listed or not."""
    meetings = await meetings_elsewhere(training)
    found = await _people([training], with_names=True, only=registration_ids, meetings=meetings)
    by_key = {one.registration.id: one for one in found[training.id]}
    return [by_key[key] for key in registration_ids]


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


# Joined: a separate fetch takes Tortoise quadratic time.
ALL = Select(Registration, where="this.training_id IN ?list")
NAMED = Select(Registration, "participant", where="this.training_id IN ?list")
SOME = Select(Registration, "participant", where="this.id IN ?list")
PAPERS = Select(Certificate, where="this.registration_id IN ?list", order="this.year, this.number")


async def _people(
    trainings: Sequence[Training],
    *,
    with_names: bool,
    only: Sequence[UUID] | None = None,
    meetings: Sequence[TrainingSession] | None = None,
) -> dict[UUID, list[Person]]:
    """Who is listed, or `only` these, in a fixed number of queries."""
    by_id = {training.id: training for training in trainings}
    everybody = NAMED if with_names else ALL
    found = await everybody.rows(list(by_id)) if only is None else await SOME.rows(list(only))
    keys = [one.id for one in found]
    stays = await stays_counting(keys)
    papers = by_person(await PAPERS.rows(keys))
    people: dict[UUID, list[Person]] = {key: [] for key in by_id}
    for one in found:
        training = by_id[one.training_id]
        letters = _letters(one, training) if with_names else ""
        person = _person(training, one, stays[one.id], papers[one.id], letters, meetings)
        if person.is_listed or only is not None:
            people[training.id].append(person)
    return people


def _person(
    training: Training,
    registration: Registration,
    stays: Sequence[Attendance],
    certificates: Sequence[Certificate],
    letters: str,
    meetings: Sequence[TrainingSession] | None,
) -> Person:
    """`meetings`: elsewhere in the course; None where nobody is told how far they are."""
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
        is_listed=registration.state in TAKES_PLACE or bool(stays) or bool(certificates),
        letters=letters,
        standing=None if meetings is None else standing(progress, hours, registration, training, meetings),
    )


def _letters(registration: Registration, training: Training) -> str:
    return pdf.missing_glyphs(registration.participant.full_name, design=paper_of(training).design)


# -- all of a training, by the few facts that decide


FACTS = f"""
    SELECT r.id, p.name_key, p.search_text, p.given_names, p.surnames,
        r.state
        || CASE WHEN r.minutes_attended >= ? THEN ' met' WHEN r.minutes_attended >= ? THEN ' near'
            WHEN r.minutes_attended > 0 THEN ' some' ELSE ' none' END
        || CASE WHEN r.mark IS NULL THEN ' -' WHEN r.mark >= ? THEN ' passed' ELSE ' failed' END
        || CASE WHEN p.given_names = '{NOBODY}' THEN ' nobody' ELSE '' END
        || CASE WHEN p.merged_into_id IS NOT NULL OR EXISTS (
                SELECT 1 FROM participant_merge m WHERE m.kept_id = p.id AND m.undone_at IS NULL
            ) THEN ' ' || CAST(r.id AS TEXT) ELSE '' END
        || (
            SELECT CASE WHEN COUNT(*) = 0 THEN ' away' ELSE ' came ' END || COUNT(uncounted)
                || COALESCE(MAX(uncounted), '')
            FROM (
                SELECT CASE WHEN a.minutes = 0 AND a.session_id IN ?list
                    THEN CAST(a.session_id AS TEXT) || COALESCE(CAST(a.left_at AS TEXT), '') END AS uncounted
                FROM attendance a WHERE a.registration_id = r.id AND a.is_present
            ) AS stay
        )
        || COALESCE((
            SELECT ' papers' || COALESCE(MAX(CASE WHEN kind = 'certificado' THEN standing END), '')
                || '/' || COALESCE(MAX(CASE WHEN kind = 'diploma' THEN standing END), '')
                || '/' || COALESCE(MAX(CASE WHEN kind = 'constancia' THEN standing END), '')
                || CASE WHEN MAX(CASE WHEN kind <> 'constancia' THEN place END)
                    = MAX(CASE WHEN kind <> 'constancia' THEN annulled END) THEN ' annulled' ELSE '' END
                || CASE WHEN MAX(CASE WHEN kind = 'constancia' THEN place END)
                    = MAX(CASE WHEN kind = 'constancia' THEN annulled END) THEN ' note annulled' ELSE '' END
                || MAX(withdrawn)
            FROM (
                SELECT c.kind, c.year * 1000000 + c.number AS place,
                    CASE WHEN c.state <> 'revoked' THEN c.state
                        || CASE WHEN c.erased_at IS NULL THEN '' ELSE ' nameless' END
                        || CASE WHEN c.printed_at IS NULL THEN '' ELSE ' printed' END
                        || CASE WHEN EXISTS (
                                SELECT 1 FROM superseded_file f
                                WHERE f.certificate_id = c.id AND f.created_at > c.printed_at
                            ) THEN ' changed' ELSE '' END
                        || CASE WHEN c.handed_over_at IS NULL THEN '' ELSE ' given' END END AS standing,
                    CASE WHEN c.state = 'revoked' AND c.revoked_reason <> '{UNUSED}'
                        THEN c.year * 1000000 + c.number END AS annulled,
                    CASE WHEN substr(c.code, 1, 1) = '{WITHDRAWN_MARK}' THEN ' withdrawn' ELSE '' END AS withdrawn
                FROM certificate c WHERE c.registration_id = r.id
            ) AS paper
        ), '')
    FROM registration r JOIN participant p ON p.id = r.participant_id WHERE r.training_id = ?
"""  # noqa: S608 - constants
"""All that decides what is due to a person and how far their papers are, as one text: people with the same text are
alike. `uncounted`: stays at an ended session whose minutes nobody wrote yet.
"""


Group = tuple[str, bool]


class Line(NamedTuple):
    """A sign-up of the training. `group`: `FACTS`, and whether the name is printable."""

    id: UUID
    name_key: str
    search_text: str
    name: str
    group: Group


@dataclass(frozen=True, slots=True)
class Everybody:
    """`lines`: who is listed, by name. `groups`: of people alike, one of them loaded, and how many they are."""

    lines: Sequence[Line]
    groups: Mapping[Group, tuple[Person, int]]

    @property
    def alike(self) -> Collection[tuple[Person, int]]:
        return self.groups.values()


async def everybody_of(training: Training) -> Everybody:
    """One of each group is decided on, instead of thousands: an hour's work of a diploma day is looking at this."""
    lines = await _lines(training)
    n, first = Counter(one.group for one in lines), {one.group: one.id for one in reversed(lines)}
    found = await _people([training], with_names=True, only=list(first.values()))
    by_key = {one.registration.id: one for one in found[training.id]}
    groups = {group: (by_key[key], n[group]) for group, key in first.items() if by_key[key].is_listed}
    return Everybody(sorted((one for one in lines if one.group in groups), key=_by_name), groups)


async def _lines(training: Training) -> list[Line]:
    sessions = [one for one in training.sessions if one.is_on]
    enough = minutes_needed(minutes_planned(sessions), share_needed(training))
    to_come = sum(one.minutes for one in sessions if not counts(one))
    counted = [one.id for one in sessions if counts(one)]
    rows = await sql.tuples(FACTS, enough, enough - to_come, training.pass_mark, counted, training.id)
    names = [f"{given} {surnames}".strip() for _key, _name_key, _text, given, surnames, _facts in rows]
    odd = frozenset(pdf.missing_glyphs("".join(frozenset().union(*names)), design=paper_of(training).design))
    return [
        Line(as_uuid(key), name_key, text, name, (facts, odd.isdisjoint(name)))
        for (key, name_key, text, _given, _surnames, facts), name in zip(rows, names, strict=True)
    ]


def _by_name(line: Line) -> tuple[str, UUID]:
    return line.name_key, line.id


# -- a job for many


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


def by_person(papers: Iterable[Certificate]) -> defaultdict[UUID, list[Certificate]]:
    grouped: defaultdict[UUID, list[Certificate]] = defaultdict(list)
    for one in papers:
        grouped[one.registration_id].append(one)
    return grouped
