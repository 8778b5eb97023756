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
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.schedule.models import TrainingSession, sessions_on


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


SAYS = ("kind", "minutes", "sheet")


class _Paper(NamedTuple):
    """What is read of a certificate: of thousands no more than is needed."""

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
    """The trainings with a session whose time was put right: when they were held as is known by now, and when the last
    of them was put right.
    """
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
