"""What is learnt after certificates were issued: other hours or times of a session, or that it never took place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import F, Q

from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.attendance.settling import locked_stays
from trainings.audit.actions import Act, record_all
from trainings.audit.actor import Actor
from trainings.certificates.eligibility import NOTE
from trainings.certificates.issuing import preparing
from trainings.certificates.models import Certificate, CertificateKind, CertificateReview, CertificateState
from trainings.db import reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.text import fold
from trainings.schedule.models import Training, TrainingSession, sessions_on
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

SAYS = ("kind", "minutes", "sheet")
AT_ONCE = 10_000

# -- a session's time was corrected


class Held(NamedTuple):
    minutes: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class HeldOtherwise:
    """The days that a paper states, and the true days."""

    said: Held
    now: Held
    corrected_at: datetime


async def held_otherwise(sessions: Q) -> dict[UUID, HeldOtherwise]:
    """Standing certificates that state other days, or as diplomas other hours. A note's hours come from attendance."""
    corrected = await _corrected(sessions)
    if not corrected:
        return {}
    valid = reads(Certificate).filter(registration__training_id__in=[*corrected], state=CertificateState.VALID)
    found = {}
    for key, training_id, *columns in await valid.values_list("id", "registration__training_id", *SAYS):
        paper, (now, at) = _Paper(*columns), corrected[training_id]
        if paper.differs(now):
            found[key] = HeldOtherwise(paper.said, now, at)
    return found


class _Paper(NamedTuple):
    """Few columns: there may be thousands."""

    kind: CertificateKind
    minutes: int
    sheet: Mapping[str, Any]

    @property
    def said(self) -> Held:
        return Held(self.minutes, tuple(date.fromisoformat(day) for day in self.sheet["held_days"]))

    def differs(self, now: Held) -> bool:
        said = self.said
        return said.days != now.days or (said.minutes != now.minutes and self.kind is not CertificateKind.CONSTANCIA)


async def _corrected(sessions: Q) -> dict[UUID, tuple[Held, datetime]]:
    """Trainings with a corrected session: when they were held, and the last correction."""
    put_right = reads(TrainingSession).filter(sessions, sessions_on(), corrected_at__not_isnull=True)
    corrected_at = dict(await put_right.order_by("corrected_at").values_list("training_id", "corrected_at"))
    times: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for session in await reads(TrainingSession).filter(sessions_on(), training_id__in=sorted(corrected_at)):
        times[session.training_id].append((session.starts_at, session.held_until))
    return {training_id: (_held_in(times[training_id]), at) for training_id, at in corrected_at.items()}


def _held_in(spans: Sequence[tuple[datetime, datetime]]) -> Held:
    days = {clock.local(begin).date() for begin, _end in spans}
    minutes = sum(int((end - begin).total_seconds() // 60) for begin, end in spans)
    return Held(minutes, tuple(sorted(days)))


# -- certificates that wait for a decision


class ChangedAgain(Refusal):
    sentence = N_("Las horas cambiaron otra vez mientras decidía. Mire la lista como está ahora.")


class Fact(NamedTuple):
    minutes: int
    is_completed: bool

    @property
    def text(self) -> str:
        return f"{self.minutes}-{'si' if self.is_completed else 'no'}"


@dataclass(frozen=True, slots=True)
class Change:
    """A standing certificate that contradicts attendance: a note its hours, others the completed course. `held`: it
    contradicts a corrected session.
    """

    certificate: Certificate
    now: Fact
    held: HeldOtherwise | None = None

    @property
    def text(self) -> str:
        """A form returns it to show that nothing changed."""
        return f"{self.now.text}-{self.held.corrected_at.timestamp()}" if self.held is not None else self.now.text

    @property
    def fails(self) -> bool:
        """Attendance supports no such paper now; False: only its hours differ."""
        return self.now.minutes == 0 if self.certificate.kind is NOTE else not self.now.is_completed


async def changes_of(training_id: UUID) -> list[Change]:
    return await _changes(Q(registration__training_id=training_id), Q(training_id=training_id))


async def _changes(which: Q, sessions: Q) -> list[Change]:
    """A certificate left as it is returns only after a further change."""
    held = await held_otherwise(sessions)
    found = await _differing(which, sorted(held))
    left = await _left_alone([one.id for one in found])
    changes = [
        Change(
            one, Fact(one.registration.minutes_attended, one.registration.completed_at is not None), held.get(one.id)
        )
        for one in found
    ]
    return [one for one in changes if not _is_left(one, left.get(one.certificate.id))]


async def _differing(which: Q, held: Sequence[UUID]) -> list[Certificate]:
    says_else = Q(kind=NOTE) & ~Q(minutes=F("registration__minutes_attended"))
    not_completed = ~Q(kind=NOTE) & Q(registration__completed_at__isnull=True)
    valid = reads(Certificate).filter(which, state=CertificateState.VALID)
    found: dict[UUID, Certificate] = {}
    for differing in [says_else | not_completed, *(Q(id__in=some) for some in _in_parts(held))]:
        found |= {one.id: one for one in await valid.filter(differing).select_related("registration__participant")}
    training_ids = {one.registration.training_id for one in found.values()}
    trainings = await reads(Training).filter(id__in=sorted(training_ids)).select_related("hub")
    by_id = {one.id: one for one in trainings}
    for one in found.values():
        one.registration.training = by_id[one.registration.training_id]
    return sorted(found.values(), key=lambda one: (one.year, one.number, one.id))


def _in_parts(keys: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE))


def _is_left(change: Change, review: CertificateReview | None) -> bool:
    if review is None or (review.minutes, review.is_completed) != change.now:
        return False
    return change.held is None or change.held.corrected_at <= review.created_at


async def _left_alone(certificate_ids: Sequence[UUID]) -> dict[UUID, CertificateReview]:
    left: dict[UUID, CertificateReview] = {}
    for some in _in_parts(certificate_ids):
        reviews = reads(CertificateReview).filter(certificate_id__in=list(some)).order_by("created_at", "id")
        left |= {one.certificate_id: one for one in await reviews}
    return left


class Late(NamedTuple):
    training: Training
    n_failing: int
    n_other_hours: int


async def late_at(hub_ids: Collection[UUID]) -> list[Late]:
    by_training: dict[UUID, list[Change]] = defaultdict(list)
    hubs = sorted(hub_ids)
    for change in await _changes(Q(hub_id__in=hubs), Q(training__hub_id__in=hubs)) if hubs else []:
        by_training[change.certificate.registration.training_id].append(change)
    found = [late_of(own) for own in by_training.values()]
    return sorted(found, key=lambda one: (fold(one.training.title), one.training.id))


def late_of(changes: Sequence[Change]) -> Late:
    """`changes` of one training, not empty."""
    n_failing = sum(one.fails for one in changes)
    return Late(changes[0].certificate.registration.training, n_failing, len(changes) - n_failing)


async def leave(training_id: UUID, seen: Sequence[tuple[UUID, str]], *, actor: Actor) -> int:
    """Leave certificates as issued; returns their number. `seen`: what attendance said of each on the page. Refuses
    (ChangedAgain) another fact now.
    """
    async with transaction():
        training = await locked_training(training_id)
        waiting = {one.certificate.id: one for one in await changes_of(training_id)}
        chosen = [(waiting[key], text) for key, text in dict(seen).items() if key in waiting]
        if any(change.text != text for change, text in chosen):
            raise ChangedAgain
        left = [(change.certificate.id, change.now) for change, _text in chosen]
        reviews = [
            CertificateReview(
                certificate_id=key, minutes=now.minutes, is_completed=now.is_completed, decided_by_id=actor.id
            )
            for key, now in left
        ]
        await CertificateReview.bulk_create(reviews)
        acts = [Act(key, training.hub_id, {"minutes": now.minutes, "completed": now.is_completed}) for key, now in left]
        await record_all("certificates.leave", acts, actor=actor)
        return len(left)


# -- a session never took place


class PapersTellIt(Refusal):
    sentence = N_(
        "Documentos que ya se emitieron y cuentan esta sesión: %(n)s. Anúlelos primero en Diplomas; "
        "después de anotarlo, emítalos otra vez."
    )


async def say_not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """Hours and completion leave it out; prepared papers may become valid. Refuses where valid papers count it, and as
    `rescheduling.not_held`.
    """
    where = await TrainingSession.get_or_none(id=session_id)
    if where is None:
        raise NotFound(N_("No encontramos esa sesión."))
    async with transaction():
        await locked_stays(where.training_id)
        n_papers = await _n_papers_telling(await TrainingSession.get(id=session_id))
        if n_papers:
            raise PapersTellIt(n=n_papers)
        await rescheduling.not_held(session_id, actor=actor, reason=reason, known_as=known_as)
    await preparing.validate_few(where.training_id)


async def _n_papers_telling(session: TrainingSession) -> int:
    day = clock.local(session.starts_at).date()
    valid = reads(Certificate).filter(registration__training_id=session.training_id, state=CertificateState.VALID)
    return sum(_tells(one, day.isoformat()) for one in await valid)


def _tells(certificate: Certificate, day: str) -> bool:
    return day in certificate.sheet["held_days"]
