"""What a call about changes tells: only what each person does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from trainings.db import reads
from trainings.outbox.models import Call, CallList, CallResult, HolderCall
from trainings.registrations.calls.validity import CHANGES
from trainings.schedule.changes import Difference
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.snapshots import Reader, Snapshots, snapshots_of

Marks = Sequence[Call] | Sequence[HolderCall]


@dataclass(frozen=True, slots=True)
class _Before:
    """What a person knew before a call reached them."""

    id: UUID
    created_at: datetime
    told_number: int | None
    heard_number: int | None


@dataclass(frozen=True, slots=True)
class News:
    """By training: sessions, snapshots, and the newest list about changes, which holds everybody left on earlier
    ones.
    """

    sessions: Mapping[UUID, Sequence[TrainingSession]] = field(default_factory=dict)
    snapshots: Mapping[UUID, Snapshots] = field(default_factory=dict)
    trainings: Mapping[UUID, Training] = field(default_factory=dict)
    newest: Mapping[UUID, CallList] = field(default_factory=dict)

    def of(self, call_list: CallList, reader: Reader, marks: Marks) -> list[Difference] | None:
        """What a person does not know of a list about changes; the list's own calls do not count. None: it is not on
        record what changed.
        """
        snapshots = self.snapshots.get(call_list.training_id)
        if call_list.reason not in CHANGES or not snapshots:
            return None
        reached = next((one for one in marks if one.result is CallResult.REACHED), None)
        before: Reader = reader
        if reached is not None:
            before = _Before(reader.id, reader.created_at, reached.knew_number, reached.knew_heard)
        training = self.trainings[call_list.training_id]
        is_off = training.state is TrainingState.CANCELLED
        sessions = self.sessions[training.id]
        return snapshots.news(before, sessions, training, is_called_off=is_off, at=call_list.created_at)

    def is_newest(self, call_list: CallList) -> bool:
        return self.newest.get(call_list.training_id, call_list).id == call_list.id


async def news_of(lists: Sequence[CallList]) -> News:
    """A constant number of statements."""
    training_ids = sorted({one.training_id for one in lists})
    about_changes = reads(CallList).filter(training_id__in=training_ids, reason__in=sorted(CHANGES))
    newest = {one.training_id: one for one in await about_changes.order_by("created_at", "id")}
    if not newest:
        return News()
    found = reads(TrainingSession).filter(training_id__in=sorted(newest)).order_by("starts_at", "id")
    sessions = await found.prefetch_related("venue__municipality")
    return News(
        sessions={key: [one for one in sessions if one.training_id == key] for key in newest},
        snapshots=await snapshots_of(newest),
        trainings={one.id: one for one in await reads(Training).filter(id__in=sorted(newest))},
        newest=newest,
    )
