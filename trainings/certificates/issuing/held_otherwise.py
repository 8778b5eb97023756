"""Papers from before a session's time was corrected: when it was held as they say, and as known now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.schedule.models import TrainingSession, sessions_on


class Held(NamedTuple):
    """As far as a paper tells: a diploma's minutes, and the days."""

    minutes: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class HeldOtherwise:
    """When a certificate says that its training was held, when it was, and the moment of correction."""

    said: Held
    now: Held
    corrected_at: datetime


async def held_otherwise(sessions: Q) -> dict[UUID, HeldOtherwise]:
    """Standing certificates of these sessions' trainings that state other days, or as diplomas other hours, than known
    now. A note's hours come from attendance.
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


SAYS = ("kind", "minutes", "sheet")


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
    """Trainings with a corrected session time: when they were held as known now, and the last correction."""
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
