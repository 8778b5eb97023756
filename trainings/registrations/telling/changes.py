"""Changes are told after ten minutes: in one message with all that its reader does not know, and on one call list.
Telling can be stopped, and done after all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY, Wanted, enqueue_many
from trainings.outbox.models import UNTRIED, CallList, CallReason, OutboxJob, Outcome, StoppedBatch
from trainings.registrations.calls.facts import holders_of
from trainings.registrations.calls.validity import CHANGES
from trainings.registrations.messages import for_who_waits, open_list, people_of
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState
from trainings.registrations.telling.facilitator_notes import (
    Batch,
    says_something,
    tell_facilitators,
    waiting_for_facilitators,
    who_holds_and_hears,
)
from trainings.schedule import actions as schedule
from trainings.schedule.changes import (
    TrainingFacts,
    as_shown,
    changes_of_batch,
    note_changes,
    standing,
)
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.session_actions import locked_training
from trainings.schedule.snapshots import Reader, Snapshots, keep_facts, snapshots_with
from trainings.web.i18n import N_, ngettext

CHANGED, CALLED_OFF = "training_changed", "training_cancelled"


async def tell_changes(before: TrainingFacts, *, actor: Actor) -> UUID | None:
    """Record what became of the sessions since `before`, in the caller's transaction, and tell it after ten minutes,
    with what still waits to be told. Returns the batch, to stop it by.

    Facilitators put into a session or taken out hear of that; the training's people do not. None: never published, or
    everything is again as people know it.
    """
    if before.training.published_at is None or not await keep_facts(before):
        return None
    batch = Batch(uuid7(), clock.now() + STAFF_DELAY)
    await note_changes(before, batch_id=batch.id)
    now = await standing(before.training.id)
    await _take_over(now.training.id, batch.id)
    readers = await who_hears(now, await snapshots_with(now))
    await tell_facilitators(now.training, readers.facilitators, batch, actor=actor)
    if readers.is_known:
        return batch.id if readers.facilitators - {actor.id} else None
    await write_and_call(readers, now.training, await changes_of_batch(batch.id), batch)
    return batch.id


async def write_and_call(readers: Readers, training: Training, changes: Collection[DatedChange], batch: Batch) -> None:
    """Messages about these changes, and the list of people whom no message reaches."""
    is_off = training.state is TrainingState.CANCELLED
    earlier = CallList.filter(training_id=training.id, reason__in=sorted(CHANGES), closed_at=None)
    await earlier.exclude(batch_id=batch.id).update(closed_at=clock.now())
    await _write_to(readers, training, CALLED_OFF if is_off else CHANGED, batch)
    await open_list(
        training,
        CallReason.CANCELLED if is_off else CallReason.CHANGED,
        batch.id,
        session_id=_only_session(changes),
        due_at=batch.run_at,
        batch_id=batch.id,
    )


@dataclass(frozen=True, slots=True)
class Readers:
    """By what they were last told: `unknowing` and `knowing` registrations and blocks of cards, unknowing
    `facilitators`; `kinds`: changes that some do not know.
    """

    unknowing: frozenset[UUID] = frozenset()
    knowing: frozenset[UUID] = frozenset()
    facilitators: frozenset[UUID] = frozenset()
    kinds: frozenset[ChangeKind] = frozenset()

    @property
    def is_known(self) -> bool:
        return bool(self.knowing) and not self.unknowing


async def who_would_hear(
    training: Training, *, is_called_off: bool | None = None, turned: UUID | None = None
) -> Readers:
    """Who must hear if the training is called off or held, and `turned` called off or held again; without these, as it
    stands.

    Asked before it is done, so that no message is promised that is not sent.
    """
    if training.published_at is None:
        return Readers()
    now = await as_shown(training.id)
    snapshots = await snapshots_with(now)
    if turned is not None:
        session = now.sessions[turned]
        session.state = SessionState.CANCELLED if session.state is SessionState.PLANNED else SessionState.PLANNED
    return await who_hears(now, snapshots, is_called_off=is_called_off)


async def who_hears(now: TrainingFacts, snapshots: Snapshots, *, is_called_off: bool | None = None) -> Readers:
    """The only comparison of what people were last told with `now`."""
    training, sessions = now.training, now.sessions.values()
    is_off = training.state is TrainingState.CANCELLED if is_called_off is None else is_called_off
    people = [one for one in (await people_of([training.id])).get(training.id, ()) if one.is_counted]
    waiting = {one.id for one in people if one.state not in TAKES_PLACE}
    # Most know the same, so their news are computed once.
    news: dict[tuple[int, int | None, bool], frozenset[ChangeKind]] = {}
    unknowing: dict[UUID, frozenset[ChangeKind]] = {}
    everybody: list[Reader] = [*people, *await holders_of([training.id])]
    for one in everybody:
        key = snapshots.known_by(one), one.heard_number, one.id in waiting
        if key not in news:
            found = snapshots.news(one, sessions, training, is_called_off=is_off)
            news[key] = frozenset(it.kind for it in (for_who_waits(found) if one.id in waiting else found))
        if news[key]:
            unknowing[one.id] = news[key]
    return Readers(
        unknowing=frozenset(unknowing),
        knowing=frozenset(one.id for one in everybody) - unknowing.keys(),
        facilitators=await who_holds_and_hears(now, snapshots, is_called_off=is_off),
        kinds=frozenset[ChangeKind]().union(*unknowing.values()),
    )


async def _write_to(readers: Readers, training: Training, kind: str, batch: Batch) -> None:
    concerned = Registration.filter(
        training_id=training.id, state__not=RegistrationState.CANCELLED, participant__email_key__not_isnull=True
    )
    keys = [key for (key,) in await concerned.order_by("id").values_list("id") if key not in readers.knowing]
    wanted = [Wanted(str(key), f"{kind}:{key}:{batch.id}") for key in keys]
    if wanted:
        await enqueue_many(kind, wanted, {}, hub_id=training.hub_id, run_at=batch.run_at, batch_id=batch.id)


def _only_session(changes: Collection[DatedChange]) -> UUID | None:
    ids = {change.session_id for change in changes}
    return ids.pop() if len(ids) == 1 else None


async def _take_over(training_id: UUID, batch_id: UUID) -> None:
    """This batch says what an earlier batch was about to say, or was stopped from saying."""
    waiting = await waiting_batches(training_id)
    moment = clock.now()
    jobs = OutboxJob.filter(batch_id__in=waiting, **UNTRIED)
    await jobs.update(stopped_at=moment, outcome=Outcome.STOPPED)
    await CallList.filter(batch_id__in=waiting, closed_at=None).update(closed_at=moment)
    untold = {*waiting, await _stopped_batch(training_id)} - {None}
    await DatedChange.filter(batch_id__in=sorted(untold)).update(batch_id=batch_id)


async def _stopped_batch(training_id: UUID) -> UUID | None:
    lists = CallList.filter(training_id=training_id, reason__in=sorted(CHANGES)).order_by("-created_at", "-id")
    newest = await lists.first()
    if newest is None or newest.batch_id is None or not await StoppedBatch.exists(batch_id=newest.batch_id):
        return None
    return newest.batch_id


async def waiting_batches(training_id: UUID) -> list[UUID]:
    """Batches of earlier changes told again too: the batch is new, the change is not."""
    now = clock.now()
    recent = reads(DatedChange).filter(session__training_id=training_id, created_at__gt=now - STAFF_DELAY)
    changed = {batch for (batch,) in await recent.values_list("batch_id") if batch is not None}
    jobs = reads(OutboxJob).filter(batch_id__in=changed, **UNTRIED)
    lists = reads(CallList).filter(
        training_id=training_id, reason__in=sorted(CHANGES), closed_at=None, due_at__gt=now, batch_id__not_isnull=True
    )
    found = {batch for (batch,) in [*await jobs.values_list("batch_id"), *await lists.values_list("batch_id")]}
    return sorted(found | {job.batch_id for job in await waiting_for_facilitators([training_id]) if job.batch_id})


class NothingToTell(Refusal):
    sentence = N_("Ya se les avisó, o hubo otro cambio después. Abra la página otra vez para ver cómo está.")


@dataclass(frozen=True, slots=True)
class Untold:
    training: Training
    n_people: int
    is_off: bool
    is_moved: bool

    @property
    def words(self) -> str:
        n = self.n_people
        if self.is_off:
            said = ngettext("%(num)s persona no sabe que se canceló", "%(num)s personas no saben que se canceló", n)
        elif self.is_moved:
            said = ngettext("%(num)s persona no sabe que se movió", "%(num)s personas no saben que se movió", n)
        else:
            said = ngettext("%(num)s persona no sabe que cambió", "%(num)s personas no saben que cambió", n)
        return said % {"num": n}


async def untold_at(hub_ids: Collection[UUID]) -> list[Untold]:
    """By title: trainings whose last messages were stopped, with people who do not know everything."""
    found = []
    for call_list in await _stopped(hub_ids):
        training = call_list.training
        readers = await who_would_hear(training)
        if readers.unknowing:
            kinds = readers.kinds
            found.append(
                Untold(
                    training,
                    len(readers.unknowing),
                    is_off=ChangeKind.CANCELLED in kinds,
                    is_moved=ChangeKind.MOVED in kinds,
                )
            )
    return sorted(found, key=lambda one: (one.training.title, one.training.id))


async def tell_now(training_id: UUID, *, actor: Actor) -> None:
    async with transaction():
        training = await locked_training(training_id)
        stopped = [one for one in await _stopped([training.hub_id]) if one.training_id == training_id]
        readers = await who_would_hear(training)
        if not stopped or not (readers.unknowing or readers.facilitators):
            raise NothingToTell
        batch = Batch(uuid7(), clock.now())
        changes = await DatedChange.filter(batch_id=stopped[0].batch_id).order_by("created_at", "id")
        await DatedChange.filter(batch_id=stopped[0].batch_id).update(batch_id=batch.id)
        await tell_facilitators(training, readers.facilitators, batch, actor=actor)
        await write_and_call(readers, training, changes, batch)
        await record("registrations.tell_stopped", actor=actor, object_id=training_id, hub_id=training.hub_id)


async def _stopped(hub_ids: Collection[UUID]) -> list[CallList]:
    lists = CallList.filter(hub_id__in=sorted(hub_ids), reason__in=sorted(CHANGES))
    stopped = lists.filter(_is_ahead(), batch_id__in=Subquery(StoppedBatch.all().values("batch_id")))
    found = {one.training_id: one for one in await stopped.order_by("created_at", "id").prefetch_related("training")}
    newest = dict(
        await lists.filter(training_id__in=list(found)).order_by("created_at").values_list("training_id", "id")
    )
    return [one for one in found.values() if newest[one.training_id] == one.id]


def _is_ahead() -> Q:
    """Something is to come, or was within the last month: people may still come on the day they know."""
    ahead = Subquery(TrainingSession.filter(ends_at__gt=clock.now()).values("training_id"))
    return Q(training_id__in=ahead) | Q(created_at__gt=clock.now() - timedelta(days=30))


async def publish(training_id: UUID, *, actor: Actor) -> None:
    """Tells facilitators the first time. Refuses as `schedule.actions.publish`."""
    await _show(training_id, schedule.publish, actor)


async def unlist(training_id: UUID, *, actor: Actor) -> None:
    await _show(training_id, schedule.unlist, actor)


async def leaves_at(training_id: UUID) -> datetime | None:
    """When a stoppable message to facilitators leaves. None: none waits, or it says nothing."""
    waiting = await waiting_for_facilitators([training_id])
    return max([job.run_at for job in waiting if await says_something(job)], default=None)


async def _show(training_id: UUID, act: Callable[..., Awaitable[Training]], actor: Actor) -> None:
    async with transaction():
        was_draft = (await locked_training(training_id)).published_at is None
        training = await act(training_id, actor=actor)
        if was_draft:
            # Facilitators know of no session yet.
            before = replace(await standing(training_id), holders={})
            await keep_facts(before)
            now = await standing(training_id)
            hear = await who_holds_and_hears(now, await snapshots_with(now), is_called_off=False)
            await tell_facilitators(training, hear, Batch(uuid7(), clock.now() + STAFF_DELAY), actor=actor)


async def call_off_training(training_id: UUID, reason: str, *, actor: Actor) -> UUID | None:
    """Returns the batch, which can be stopped for ten minutes. None: a draft, or nobody was told that it takes
    place.
    """
    async with transaction():
        training = await locked_training(training_id)
        before = await standing(training.id)
        await schedule.cancel_training(training, reason, actor=actor)
        return await tell_changes(before, actor=actor)
