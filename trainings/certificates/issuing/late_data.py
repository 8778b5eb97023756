"""Late data about issued certificates. Only staff change them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import F, Q

from trainings.accounts.permissions import DESK
from trainings.audit.actions import Act, record_all
from trainings.audit.actor import Actor
from trainings.certificates.issuing.held_otherwise import HeldOtherwise, held_otherwise
from trainings.certificates.models import Certificate, CertificateKind, CertificateReview, CertificateState
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

NOTE = CertificateKind.CONSTANCIA
AT_ONCE = 10_000
"""Keys in one query: the engines take some thirty thousand."""


class ChangedAgain(Refusal):
    code = "changed_again"
    sentence = N_("Las horas cambiaron otra vez mientras decidía. Mire la lista como está ahora.")


class Fact(NamedTuple):
    minutes: int
    is_completed: bool

    @property
    def text(self) -> str:
        return f"{self.minutes}-{'si' if self.is_completed else 'no'}"


@dataclass(frozen=True, slots=True)
class Change:
    """A standing certificate that contradicts attendance: a note states the hours attended, diploma and tested
    certificate the completed course. `held`: it states other days or hours than a corrected session.
    """

    certificate: Certificate
    now: Fact
    held: HeldOtherwise | None = None

    @property
    def text(self) -> str:
        """For a form, which returns it to show that nothing changed."""
        return f"{self.now.text}-{self.held.corrected_at.timestamp()}" if self.held is not None else self.now.text

    @property
    def fails(self) -> bool:
        """It would not be issued now; else only its hours differ."""
        return self.now.minutes == 0 if self.certificate.kind is NOTE else not self.now.is_completed


async def changes_of(training_id: UUID) -> list[Change]:
    """Certificates that wait for a decision, by folio, with their people."""
    return await _changes(Q(registration__training_id=training_id), Q(training_id=training_id))


async def _changes(which: Q, sessions: Q) -> list[Change]:
    """Of these certificates, of these sessions' trainings. A certificate left as it is returns only after a further
    change.
    """
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
    """Certificates that attendance contradicts, and the `held` ones, with all columns shown."""
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
    """Staff left it so, knowing this attendance and this time of the session."""
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
    """A training with certificates that wait for a decision."""

    training: Training
    n_failing: int
    n_other_hours: int


async def trainings_with_late_data(actor: Actor) -> list[Late]:
    """Of hubs where the actor works at the desk, by title."""
    return await late_at(actor.hubs_with(DESK))


async def late_at(hub_ids: Collection[UUID]) -> list[Late]:
    """By title."""
    by_training: dict[UUID, list[Change]] = defaultdict(list)
    hubs = sorted(hub_ids)
    for change in await _changes(Q(hub_id__in=hubs), Q(training__hub_id__in=hubs)) if hubs else []:
        by_training[change.certificate.registration.training_id].append(change)
    found = [late_of(own) for own in by_training.values()]
    return sorted(found, key=lambda one: (fold(one.training.title), one.training.id))


def late_of(changes: Sequence[Change]) -> Late:
    """Of one training; not empty."""
    n_failing = sum(one.fails for one in changes)
    return Late(changes[0].certificate.registration.training, n_failing, len(changes) - n_failing)


async def leave(training_id: UUID, seen: Sequence[tuple[UUID, str]], *, actor: Actor) -> int:
    """Leave certificates as issued; returns their number. `seen`: what attendance said of each on the page.

    Refuses (ChangedAgain) where it says something else now. Tells nobody, changes no certificate.
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
