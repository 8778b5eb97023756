"""Changes whose telling somebody stopped: how many people do not know of them, and telling them after all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallList, StoppedBatch
from trainings.registrations.facilitator_notes import Batch, tell_facilitators
from trainings.registrations.sign_up import locked_training
from trainings.registrations.telling import Readers, who_hears, write_and_call
from trainings.schedule.changes import differences
from trainings.schedule.models import ChangeKind, SessionChange, Training, TrainingSession, TrainingState
from trainings.web.i18n import N_, ngettext


class NothingToTell(Refusal):
    code = "nothing_to_tell"
    sentence = N_("Ya se les avisó, o hubo otro cambio después. Abra la página otra vez para ver cómo está.")


@dataclass(frozen=True, slots=True)
class Untold:
    """What `n_people` of a training, cards without a name among them, do not know of its sessions to come."""

    training: Training
    n_people: int
    is_off: bool
    is_moved: bool

    @property
    def words(self) -> str:
        """«7 personas no saben que se movió»."""
        n = self.n_people
        if self.is_off:
            said = ngettext("%(num)s persona no sabe que se canceló", "%(num)s personas no saben que se canceló", n)
        elif self.is_moved:
            said = ngettext("%(num)s persona no sabe que se movió", "%(num)s personas no saben que se movió", n)
        else:
            said = ngettext("%(num)s persona no sabe que cambió", "%(num)s personas no saben que cambió", n)
        return said % {"num": n}


async def untold_at(hub_ids: Collection[UUID]) -> list[Untold]:
    """Trainings of these hubs of which something was stopped that somebody does not know yet, by title."""
    found = []
    for training_id, changes in (await _stopped(hub_ids)).items():
        training = await Training.get(id=training_id)
        sessions = await TrainingSession.filter(training_id=training_id)
        readers = await _readers(training, changes, sessions)
        if not readers.unknowing:
            continue
        is_off = training.state is TrainingState.CANCELLED
        kinds = {one.kind for one in differences(changes, sessions, training, is_called_off=is_off)}
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
    """Tell at once what was stopped of this training. Refuses (NothingToTell) where nothing is left of that."""
    async with transaction():
        training = await locked_training(training_id)
        changes = (await _stopped([training.hub_id])).get(training_id, [])
        sessions = await TrainingSession.filter(training_id=training_id)
        readers = await _readers(training, changes, sessions)
        if not readers:
            raise NothingToTell
        batch = Batch(uuid7(), clock.now())
        await SessionChange.filter(id__in=[one.id for one in changes]).update(batch_id=batch.id)
        if readers.is_news_to_all:
            await tell_facilitators(training, changes, {}, batch, actor=actor)
        await write_and_call(readers, training, changes, batch)
        await record("registrations.tell_stopped", actor=actor, object_id=training_id, hub_id=training.hub_id)


async def _readers(
    training: Training, changes: Sequence[SessionChange], sessions: Sequence[TrainingSession]
) -> Readers:
    return await who_hears(training, changes, sessions, is_called_off=training.state is TrainingState.CANCELLED)


async def _stopped(hub_ids: Collection[UUID]) -> Mapping[UUID, list[SessionChange]]:
    """By training the last changes of its sessions to come, in order, where it was theirs that somebody stopped.

    To come is also what people still come to on the day that they know, over as it may be by its new one.
    """
    lists = CallList.filter(hub_id__in=sorted(hub_ids), closed_at__not_isnull=True)
    stopped = StoppedBatch.filter(batch_id__in=Subquery(lists.values("batch_id")))
    batches = {batch_id for (batch_id,) in await stopped.values_list("batch_id")}
    if not batches:
        return {}
    is_ahead = Q(session__ends_at__gt=clock.now()) | Q(old_ends_at__gt=clock.now())
    ahead = SessionChange.filter(is_ahead, batch_id__in=sorted(batches))
    ids = {session_id for (session_id,) in await ahead.values_list("session_id")}
    changes = SessionChange.filter(session_id__in=sorted(ids)).order_by("created_at", "id")
    last = {one.session_id: one for one in await changes.select_related("session", "old_venue__municipality")}
    found: dict[UUID, list[SessionChange]] = defaultdict(list)
    for change in sorted(last.values(), key=lambda one: (one.created_at, one.id)):
        if change.batch_id in batches:
            found[change.session.training_id].append(change)
    return found
