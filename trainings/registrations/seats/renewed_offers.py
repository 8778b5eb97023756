"""New offers after an untold change left groups with another time to answer than they know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import reads, transaction
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import StoppedBatch
from trainings.registrations.commands import OfferAgain
from trainings.registrations.models import RegistrationGroup, RegistrationState
from trainings.registrations.seats.counts import PAST_PROMOTING
from trainings.registrations.seats.one_by_one import for_each
from trainings.registrations.seats.sign_up import ask
from trainings.schedule.models import DatedChange, TrainingSession, TrainingState
from trainings.schedule.phase import phase
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_, gettext

BUT_WHO_HAS_TO_ANSWER = N_(
    "A quien tiene un lugar ofrecido se le ofrece otra vez en 10 minutos, porque su plazo cambió. Si fue un error, "
    "corríjalo antes."
)


@dataclass(frozen=True, slots=True)
class Untold:
    """A group that knows another time than counts, and when the message about the change was stopped."""

    group: RegistrationGroup
    stopped_at: datetime

    @property
    def is_due(self) -> bool:
        """Staff have ten minutes to undo a mistaken move, unless somebody loses a place meanwhile."""
        assert self.group.offered_until is not None
        return clock.now() >= min(self.stopped_at + STAFF_DELAY, self.group.offered_until)


async def offer_anew() -> int:
    """Offer places anew where the message about another time to answer was stopped; returns how many groups.

    A time to answer counts only for people told of it: theirs begins when the message or a call reaches them. A move
    undone within ten minutes is told to nobody. Safe from several processes at once.
    """
    found = await untold(reads(RegistrationGroup))
    due = sorted({one.group.training_id for one in found if one.is_due})
    return await for_each(due, _offer, trouble="places could not be offered anew")


async def _offer(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        sessions = await TrainingSession.filter(training_id=training_id)
        if phase(training, sessions, clock.now()) in PAST_PROMOTING:
            return 0
        due = [one.group for one in await untold(RegistrationGroup.filter(training_id=training_id)) if one.is_due]
        if due:
            await ask(OfferAgain(training_id=training_id, group_ids=tuple(one.id for one in due), actor=PROGRAM))
        return len(due)


async def told_all_the_same(batch_id: UUID) -> str:
    """A notice for the person who stopped these messages; empty: no offer is renewed because of it."""
    changes = reads(DatedChange).filter(batch_id=batch_id)
    trainings = {key for (key,) in await changes.values_list("session__training_id")}
    found = await untold(reads(RegistrationGroup).filter(training_id__in=sorted(trainings))) if trainings else []
    return gettext(BUT_WHO_HAS_TO_ANSWER) if found else ""


async def untold(groups: QuerySet[RegistrationGroup]) -> list[Untold]:
    """Groups that were told another time than counts, by their time."""
    moved = groups.filter(state=RegistrationState.OFFERED, offer_moved_at__not_isnull=True)
    ahead = moved.exclude(training__state=TrainingState.CANCELLED).order_by("offered_until", "id")
    running = [one for one in await ahead if one.offered_before is not None]
    if not running:
        return []
    stops = await _stops(running)
    return [Untold(one, stops[one.id]) for one in running if one.id in stops]


async def _stops(groups: Sequence[RegistrationGroup]) -> dict[UUID, datetime]:
    """When the message about a group's last move was stopped; only stopped ones."""
    moved_at = {one.id: one.offer_moved_at for one in groups if one.offer_moved_at is not None}
    changes = reads(DatedChange).filter(
        session__training_id__in=sorted({one.training_id for one in groups}), created_at__gte=min(moved_at.values())
    )
    noted = await changes.order_by("created_at", "id").values_list("session__training_id", "created_at", "batch_id")
    batches = sorted({batch_id for _training_id, _at, batch_id in noted if batch_id is not None})
    stopped = dict(await reads(StoppedBatch).filter(batch_id__in=batches).values_list("batch_id", "created_at"))
    found = {}
    for group in groups:
        # The time moved first, then it was noted what became of the session.
        since = [one for one in noted if one[0] == group.training_id and one[1] >= moved_at[group.id]]
        if since and since[0][2] in stopped:
            found[group.id] = stopped[since[0][2]]
    return found
