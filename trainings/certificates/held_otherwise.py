"""Papers from before a session was put right: when it was held as they say, and when it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.audit.models import AuditLine
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.schedule.models import SessionState, TrainingSession

CORRECT = "schedule.correct_session"
"""The act on record: it tells that a session was put right, and when."""


class Held(NamedTuple):
    """As much as a paper tells: the minutes of a diploma, and the days."""

    minutes: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class HeldOtherwise:
    """What a certificate says of when its training was held, what it was, and when that was last put right."""

    said: Held
    now: Held
    corrected_at: datetime


async def held_otherwise(sessions: Q) -> dict[UUID, HeldOtherwise]:
    """The certificates that stand of the trainings of these sessions, and tell other days than are known by now, or a
    diploma other hours. Of a note attendance tells the hours.
    """
    corrected = await _corrected(sessions)
    if not corrected:
        return {}
    held_of = await _held([*corrected])
    valid = reads(Certificate).filter(registration__training_id__in=[*held_of], state=CertificateState.VALID)
    found = {}
    for key, training_id, *columns in await valid.values_list("id", "registration__training_id", *SAYS):
        paper, now = _Paper(*columns), held_of[training_id]
        if paper.differs(now):
            found[key] = HeldOtherwise(paper.said, now, corrected[training_id])
    return found


SAYS = ("kind", "minutes", "held_on", "sheet")


class _Paper(NamedTuple):
    """What is read of a certificate: of thousands no more than is needed."""

    kind: CertificateKind
    minutes: int
    held_on: date
    sheet: Mapping[str, Any]

    @property
    def said(self) -> Held:
        days = tuple(date.fromisoformat(day) for day in self.sheet.get("held_days", ()))
        return Held(self.minutes, days or (self.held_on,))

    def differs(self, now: Held) -> bool:
        """One from before papers kept all days tells the last alone."""
        said, known = self.said, now.days if self.sheet.get("held_days") else now.days[-1:]
        return said.days != known or (said.minutes != now.minutes and self.kind is not CertificateKind.CONSTANCIA)


async def _corrected(sessions: Q) -> dict[UUID, datetime]:
    """When a session of each training was last put right, of those that have one."""
    lines = reads(AuditLine).filter(act=CORRECT).order_by("created_at")
    at = dict(await lines.values_list("object_id", "created_at"))
    if not at:
        return {}
    put_right = await reads(TrainingSession).filter(sessions, id__in=sorted(at)).values_list("training_id", "id")
    return dict(sorted(((training_id, at[key]) for training_id, key in put_right), key=lambda one: one[1]))


async def _held(training_ids: Sequence[UUID]) -> dict[UUID, Held]:
    planned = reads(TrainingSession).filter(training_id__in=training_ids, state=SessionState.PLANNED)
    sessions_of: dict[UUID, list[TrainingSession]] = defaultdict(list)
    for session in await planned:
        sessions_of[session.training_id].append(session)
    return {training_id: _held_in(own) for training_id, own in sessions_of.items()}


def _held_in(sessions: Sequence[TrainingSession]) -> Held:
    days = {clock.local(one.starts_at).date() for one in sessions}
    return Held(sum(one.minutes for one in sessions), tuple(sorted(days)))
