from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from trainings.db.prepared import Select, hang
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall
from trainings.registrations.calls.validity import CHANGES, sessions_told
from trainings.registrations.models import Registration, ReservedBlock
from trainings.schedule.changes import Difference
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.queries import SESSIONS_OF
from trainings.schedule.snapshots import Reader, Snapshots, snapshots_of

Mark = Call | HolderCall


@dataclass(frozen=True, slots=True)
class _Before:
    id: UUID
    created_at: datetime
    told_number: int | None
    heard_number: int | None


@dataclass(frozen=True, slots=True)
class News:
    """By training: snapshots, and the newest list about changes, which takes over people left on earlier lists."""

    snapshots: Mapping[UUID, Snapshots]
    newest: Mapping[UUID, CallList]

    def of(self, call_list: CallList, reader: Reader, marks: Sequence[Mark]) -> list[Difference]:
        """What the reader does not know; calls of this list do not count."""
        if call_list.reason not in CHANGES:
            return []
        reached = next((one for one in marks if one.result is CallResult.REACHED), None)
        before: Reader = reader
        if reached is not None:
            before = _Before(reader.id, reader.created_at, reached.knew_number, reached.knew_heard)
        training, snapshots = self.newest[call_list.training_id].training, self.snapshots[call_list.training_id]
        is_off = training.state is TrainingState.CANCELLED
        return snapshots.news(before, training.sessions, training, is_called_off=is_off, at=call_list.created_at)

    def is_newest(self, call_list: CallList) -> bool:
        return self.newest[call_list.training_id].id == call_list.id


ABOUT_CHANGES = Select(
    CallList,
    "training",
    where="this.training_id IN ?list AND this.reason IN ?list",
    order="this.created_at, this.id",
    are_few=True,
)


async def news_of(lists: Sequence[CallList]) -> News:
    training_ids = sorted({one.training_id for one in lists})
    newest = {one.training_id: one for one in await ABOUT_CHANGES.rows(training_ids, sorted(CHANGES))}
    if newest:
        hang([one.training for one in newest.values()], "sessions", await SESSIONS_OF.rows(sorted(newest)))
    return News(await snapshots_of(newest), newest)


Readers = type[Registration] | type[ReservedBlock]
MARKS: Mapping[Readers, tuple[type[Call] | type[HolderCall], str]] = {
    Registration: (Call, "registration_id"),
    ReservedBlock: (HolderCall, "block_id"),
}


async def may_have_heard(model: Readers, ids: Collection[UUID], number: int | None) -> None:
    """By a mail being handed over, or a text read out."""
    if number is not None:
        await model.filter(id__in=list(ids)).update(heard_number=number)


async def were_told(model: Readers, ids: Collection[UUID], number: int | None) -> None:
    if number is not None:
        await model.filter(id__in=list(ids)).update(told_number=number, heard_number=None)


async def was_refused(participant_ids: Collection[UUID]) -> None:
    """A mail before the refusal may have been read or not; a call stands."""
    written_to = Registration.filter(participant_id__in=list(participant_ids), told_number__not_isnull=True)
    ids = {key for (key,) in await written_to.values_list("id")}
    called = Call.filter(registration_id__in=sorted(ids), result=CallResult.REACHED)
    ids -= {key for (key,) in await called.values_list("registration_id")}
    await Registration.filter(id__in=sorted(ids)).update(heard_number=F("told_number"), told_number=None)


async def note_call(
    call_list: CallList, model: Readers, readers: Sequence[Registration] | Sequence[ReservedBlock]
) -> None:
    """A call about changes tells everything new; a reminder or an offer only its day: of the rest people may have heard
    a part.
    """
    snapshots = (await snapshots_of([call_list.training_id]))[call_list.training_id]
    if snapshots.last is None or call_list.reason in (CallReason.CERTIFICATE, CallReason.ANNULLED):
        return
    training = await Training.get(id=call_list.training_id)
    sessions = await TrainingSession.filter(training_id=training.id)
    is_off = training.state is TrainingState.CANCELLED
    named = (await sessions_told([call_list]))[call_list.id]

    def names_all(one: Reader) -> bool:
        if call_list.reason in CHANGES:
            return True
        return {it.session.id for it in snapshots.news(one, sessions, training, is_called_off=is_off)} <= named

    told = [one.id for one in readers if names_all(one)]
    await were_told(model, told, snapshots.last)
    await may_have_heard(model, [one.id for one in readers if one.id not in told], snapshots.last)


async def take_back(call_list: CallList, model: Readers, last_reached: Sequence[Mark]) -> None:
    """What people knew, or may have heard, before these calls holds again, unless another list told them since.

    After a list of staff's own all that people may have heard stays so: it told no news, and mails may have since.
    """
    if call_list.reason is CallReason.OWN:
        return
    table, column = MARKS[model]
    keys = [getattr(mark, column) for mark in last_reached]
    others = table.filter(**{f"{column}__in": keys}).exclude(call_list_id=call_list.id).order_by("created_at", "id")
    last = {key: (at, result) for key, at, result in await others.values_list(column, "created_at", "result")}
    for key, mark in zip(keys, last_reached, strict=True):
        at, result = last.get(key, (mark.created_at, CallResult.NOT_REACHED))
        if result is not CallResult.REACHED or at < mark.created_at:
            await model.filter(id=key).update(told_number=mark.knew_number, heard_number=mark.knew_heard)
