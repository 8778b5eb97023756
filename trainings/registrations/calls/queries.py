from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.accounts.permissions import CALLERS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.outbox.models import CallList
from trainings.registrations.calls.people import Audience, audience_of, audiences_of
from trainings.registrations.calls.validity import PAPERS, sessions_told
from trainings.schedule.changes import Difference, as_left, differences
from trainings.schedule.models import DatedChange, TrainingSession, TrainingState
from trainings.web.i18n import N_

READABLE = timedelta(days=30)
"""Counted from closing, or from the end of its sessions."""


class UnknownList(NotFound):
    code = "unknown_call_list"
    sentence = N_("No encontramos esa lista de llamadas en su ventanilla. Puede que ya se haya borrado.")


@dataclass(frozen=True, slots=True)
class Progress:
    """`begins_at`: people not told come in vain from then on; `ends_at`: calling is useless."""

    call_list: CallList
    audience: Audience
    begins_at: datetime
    ends_at: datetime
    changed: Sequence[Difference]

    @property
    def is_about_papers(self) -> bool:
        return self.call_list.reason in PAPERS

    @property
    def n_people(self) -> int:
        return self.audience.n_people

    @property
    def n_left(self) -> int:
        return len(self.audience.left)

    @property
    def n_reached(self) -> int:
        return self.n_people - self.n_left

    @property
    def is_open(self) -> bool:
        return self.call_list.closed_at is None and self.ends_at > clock.now()

    @property
    def is_due(self) -> bool:
        return self.is_open and self.call_list.due_at <= clock.now()


async def progress_of(actor: Actor, *, training_id: UUID | None = None, only_open: bool = False) -> list[Progress]:
    """The actor's lists with people: next to begin first, then newest, certificates last."""
    lists = await _readable(actor, training_id)
    if not lists:
        return []
    scopes = await _scopes(lists)
    wanted = [one for one in lists if _is_wanted(one, scopes[one.id].ends_at, only_open=only_open)]
    audiences = await audiences_of(wanted)
    found = [Progress(one, audiences[one.id], *scopes[one.id]) for one in wanted if audiences[one.id].n_people]
    return sorted(found, key=lambda one: (one.is_about_papers, one.begins_at, *_newest_first(one.call_list)))


def _newest_first(call_list: CallList) -> tuple[float, UUID]:
    return -call_list.created_at.timestamp(), call_list.id


def _is_wanted(call_list: CallList, ends_at: datetime, *, only_open: bool) -> bool:
    if only_open:
        return call_list.closed_at is None and ends_at > clock.now()
    return _is_recent(call_list.closed_at or ends_at)


async def n_to_call(actor: Actor) -> tuple[int, Sequence[Progress]]:
    waiting = [one for one in await progress_of(actor, only_open=True) if one.is_due and one.n_left]
    return n_left_on(waiting), waiting


def n_left_on(lists: Iterable[Progress]) -> int:
    """A person on two lists counts once."""
    return len(frozenset[UUID]().union(*(one.audience.left for one in lists)))


async def list_in_scope(list_id: UUID, actor: Actor) -> Progress:
    """Refuses (UnknownList) another hub's list, and one past READABLE."""
    call_list = await reads(CallList).get_or_none(id=list_id).prefetch_related("training__hub__seat")
    if call_list is None or not actor.has_at(call_list.training.hub_id, CALLERS):
        raise UnknownList
    scope = (await _scopes([call_list]))[call_list.id]
    if not _is_recent(call_list.closed_at or scope.ends_at):
        raise UnknownList
    return Progress(call_list, await audience_of(call_list), *scope)


def _is_recent(moment: datetime) -> bool:
    return moment > clock.now() - READABLE


async def _readable(actor: Actor, training_id: UUID | None) -> list[CallList]:
    recent = reads(TrainingSession).filter(
        training__hub_id__in=sorted(actor.hubs_with(CALLERS)), ends_at__gt=clock.now() - READABLE
    )
    if training_id is not None:
        recent = recent.filter(training_id=training_id)
    trainings = {key for (key,) in await recent.values_list("training_id")}
    hubs = sorted(actor.hubs_with(CALLERS))
    papers = Q(reason__in=sorted(PAPERS), due_at__gt=clock.now() - READABLE, hub_id__in=hubs)
    if training_id is not None:
        papers &= Q(training_id=training_id)
    lists = reads(CallList).filter(Q(training_id__in=sorted(trainings)) | papers).order_by("-created_at", "-id")
    return await lists.prefetch_related("training__hub")


class _Scope(NamedTuple):
    """As in `Progress`; of a moved session the earlier coming day counts."""

    begins_at: datetime
    ends_at: datetime
    changed: Sequence[Difference]


async def _scopes(lists: Sequence[CallList]) -> dict[UUID, _Scope]:
    trainings = sorted({one.training_id for one in lists})
    sessions = await reads(TrainingSession).filter(training_id__in=trainings).order_by("starts_at")
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    found = reads(DatedChange).filter(batch_id__in=batches).order_by("created_at", "id")
    changes = await found if batches else []
    told = await sessions_told(lists)
    return {one.id: _scope(one, told[one.id], sessions, changes) for one in lists}


def _scope(
    call_list: CallList,
    told: frozenset[UUID],
    sessions: Iterable[TrainingSession],
    changes: Iterable[DatedChange],
) -> _Scope:
    if call_list.reason in PAPERS:
        return _Scope(call_list.due_at, call_list.due_at + READABLE, ())
    of_training = [one for one in sessions if one.training_id == call_list.training_id]
    of_batch = [one for one in changes if one.batch_id == call_list.batch_id]
    is_off = call_list.training.state is TrainingState.CANCELLED
    return _Scope(
        *_span(call_list, [one for one in of_training if one.id in told] or of_training, of_batch),
        differences(of_batch, of_training, call_list.training, is_called_off=is_off),
    )


def _span(
    call_list: CallList, sessions: Iterable[TrainingSession], changes: Iterable[DatedChange]
) -> tuple[datetime, datetime]:
    spans = [(one.starts_at, one.ends_at) for one in sessions]
    known = [as_left(one) for one in changes]
    spans += [(one.starts_at, one.ends_at) for one in known if one is not None]
    ahead = [begin for begin, end in spans if end > clock.now()]
    if not spans:
        return call_list.due_at, call_list.due_at
    return min(ahead, default=max(begin for begin, _end in spans)), max(end for _begin, end in spans)
