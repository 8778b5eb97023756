"""Papers from before a session was put right: when it was held as they say, and when it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.audit.models import AuditLine
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.schedule.models import TrainingSession, sessions_on
from trainings.schedule.not_held import HELD
from trainings.schedule.session_actions import TRUE_END

CORRECT = "schedule.correct_session"
"""The act on record: it tells that a session was put right, and when."""


class Held(NamedTuple):
    """As much as a paper tells: the minutes of a diploma, and the days."""

    minutes: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class HeldOtherwise:
    """What a certificate says of when its training was held, what it was, and when that was put right."""

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
    valid = reads(Certificate).filter(registration__training_id__in=[*corrected], state=CertificateState.VALID)
    found = {}
    for key, training_id, *columns in await valid.values_list("id", "registration__training_id", *SAYS):
        paper, (now, at) = _Paper(*columns), corrected[training_id]
        if paper.differs(now):
            found[key] = HeldOtherwise(paper.said, now, at)
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


class _Correction(NamedTuple):
    """`was`: when it was held, as was known before; none where it was known not to have been."""

    at: datetime
    session_id: UUID
    was: tuple[datetime, datetime] | None


async def _corrected(sessions: Q) -> dict[UUID, tuple[Held, datetime]]:
    """Of the trainings with a session that was put right, ended early, or was held though that had been denied: when
    they were held as is known by now, and when last was put right what a paper tells of that. A session that was put
    right within its day, as long as it was, told nothing.
    """
    by_session: dict[UUID, list[_Correction]] = defaultdict(list)
    lines = reads(AuditLine).filter(act__in=[CORRECT, HELD, TRUE_END]).order_by("created_at", "id")
    for session_id, at, detail in await lines.values_list("object_id", "created_at", "detail"):
        by_session[session_id].append(_Correction(at, session_id, _was(detail)))
    if not by_session:
        return {}
    put_right = reads(TrainingSession).filter(sessions, id__in=sorted(by_session))
    training_ids = {key for (key,) in await put_right.values_list("training_id")}
    planned = reads(TrainingSession).filter(sessions_on(), training_id__in=sorted(training_ids))
    sessions_of: dict[UUID, list[TrainingSession]] = defaultdict(list)
    for session in await planned:
        sessions_of[session.training_id].append(session)
    found = {}
    for training_id, own in sessions_of.items():
        times = {one.id: (one.starts_at, one.held_until) for one in own}
        at = _last_told(times, [one for key in times for one in by_session[key]])
        if at is not None:
            found[training_id] = (_held_in(times.values()), at)
    return found


def _was(detail: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    if "was" not in detail:
        return None
    begin, end = (datetime.fromisoformat(one) for one in detail["was"])
    return begin, end


def _last_told(times: Mapping[UUID, tuple[datetime, datetime]], corrections: Sequence[_Correction]) -> datetime | None:
    """When the last of these corrections was made that changed what a paper tells; none of them may have."""
    before, now = dict(times), _held_in(times.values())
    for one in sorted(corrections, key=lambda one: (one.at, one.session_id), reverse=True):
        if one.was is None:
            before.pop(one.session_id, None)
        else:
            before[one.session_id] = one.was
        if _held_in(before.values()) != now:
            return one.at
    return None


def _held_in(times: Iterable[tuple[datetime, datetime]]) -> Held:
    spans = list(times)
    days = {clock.local(begin).date() for begin, _end in spans}
    minutes = sum(int((end - begin).total_seconds() // 60) for begin, end in spans)
    return Held(minutes, tuple(sorted(days)))
