"""Changes whose messages staff stopped: how many people do not know them, and telling them after all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallList, StoppedBatch
from trainings.registrations.calls.validity import CHANGES
from trainings.registrations.telling.facilitator_notes import Batch, tell_facilitators
from trainings.registrations.telling.telling import who_would_hear, write_and_call
from trainings.schedule.locks import locked_training
from trainings.schedule.models import ChangeKind, DatedChange, Training, TrainingSession
from trainings.web.i18n import N_, ngettext


class NothingToTell(Refusal):
    code = "nothing_to_tell"
    sentence = N_("Ya se les avisó, o hubo otro cambio después. Abra la página otra vez para ver cómo está.")


@dataclass(frozen=True, slots=True)
class Untold:
    """What `n_people` of a training, nameless cards included, do not know of its sessions to come."""

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
    """Trainings of these hubs whose last messages were stopped and whose people do not know everything, by title."""
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
    """Tell at once what was stopped. Refuses (NothingToTell) where nothing is left of it."""
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
