"""Offering places anew to whom a change, of which nobody was told, left with another time to answer than they know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import reads, transaction
from trainings.outbox.actions import STAFF_DELAY, STOPPED
from trainings.registrations import places
from trainings.registrations.models import RegistrationGroup, RegistrationState
from trainings.registrations.one_by_one import for_each
from trainings.registrations.sign_up import locked_training
from trainings.schedule.models import SessionChange, TrainingSession, TrainingState
from trainings.schedule.phase import phase
from trainings.web.i18n import N_, gettext

MOVED_OFFER = "registrations.move_offer"
"""The audit line of a time to answer that is another than before, with both."""
BUT_WHO_HAS_TO_ANSWER = N_(
    "A quien tiene un lugar ofrecido se le ofrece otra vez en 10 minutos, porque su plazo cambió. Si fue un error, "
    "corríjalo antes."
)


class _Change(NamedTuple):
    """That something became of a session, and when the messages about it were stopped, if they were."""

    at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Untold:
    """A group that knows another time than counts; the message about the change was stopped at this moment."""

    group: RegistrationGroup
    stopped_at: datetime

    @property
    def is_due(self) -> bool:
        """Ten minutes are left to put right what was moved by mistake, as long as nobody loses a place in them."""
        assert self.group.offered_until is not None
        return clock.now() >= min(self.stopped_at + STAFF_DELAY, self.group.offered_until)


async def offer_anew() -> int:
    """Offer their places anew where the message about another time to answer was stopped; to how many groups.

    A time to answer applies only to who was told of it: theirs begins when the message or a call reaches them. What was
    moved back within ten minutes is told to nobody. Safe at any time, and when several processes do it at once.
    """
    found = await untold(reads(RegistrationGroup))
    due = sorted({one.group.training_id for one in found if one.is_due})
    return await for_each(due, _offer, trouble="places could not be offered anew")


async def _offer(training_id: UUID) -> int:
    async with transaction():
        training = await locked_training(training_id)
        sessions = await TrainingSession.filter(training_id=training_id)
        if phase(training, sessions, clock.now()) in places.PAST_PROMOTING:
            return 0
        due = [one.group for one in await untold(RegistrationGroup.filter(training_id=training_id)) if one.is_due]
        for group in due:
            # Whatever the training gives by now: nobody knows that they know of it.
            group.reached_at = group.offered_until = None
            await group.save(update_fields=["reached_at", "offered_until"])
            await places.move_up(group, training, actor=PROGRAM, again=True)
        return len(due)


async def told_all_the_same(batch_id: UUID) -> str:
    """What who stopped these messages has to know; empty where nobody is to be offered their place anew for it."""
    changes = reads(SessionChange).filter(batch_id=batch_id)
    trainings = {key for (key,) in await changes.values_list("session__training_id")}
    found = await untold(reads(RegistrationGroup).filter(training_id__in=sorted(trainings))) if trainings else []
    return gettext(BUT_WHO_HAS_TO_ANSWER) if found else ""


async def untold(groups: QuerySet[RegistrationGroup]) -> list[Untold]:
    """Of these groups those that were told another time than counts, in the order of their time."""
    offered = groups.filter(state=RegistrationState.OFFERED, offered_until__not_isnull=True)
    ahead = offered.exclude(training__state=TrainingState.CANCELLED).order_by("offered_until", "id")
    running = {one.id: one for one in await ahead}
    if not running:
        return []
    lines = reads(AuditLine).filter(act=MOVED_OFFER, object_id__in=list(running)).order_by("created_at", "id")
    moves: dict[UUID, list[AuditLine]] = defaultdict(list)
    for line in await lines:
        assert line.object_id is not None
        moves[line.object_id].append(line)
    if not moves:
        return []
    stops = await _stops({running[key].training_id for key in moves}, min(of[0].created_at for of in moves.values()))
    found = [_untold(running[key], of_group, stops[running[key].training_id]) for key, of_group in moves.items()]
    return [one for one in found if one is not None]


def _untold(group: RegistrationGroup, moves: Sequence[AuditLine], stops: Sequence[_Change]) -> Untold | None:
    """None where they know the time: what was not stopped in its ten minutes is told."""
    assert group.reached_at is not None
    told: str | None = None
    stopped_at: datetime | None = None
    for move in moves:
        if move.created_at < group.reached_at:
            continue
        told = told or move.detail["old"]
        # The time moved first, then it was noted what became of the session.
        change = next((one for one in stops if one.at >= move.created_at), None)
        if change is not None and change.stopped_at is not None:
            stopped_at = change.stopped_at
        else:
            told = move.detail["new"]
    if stopped_at is None or told is None or datetime.fromisoformat(told) == group.offered_until:
        return None
    return Untold(group, stopped_at)


async def _stops(training_ids: Collection[UUID], since: datetime) -> dict[UUID, list[_Change]]:
    """What became of the sessions of each training since then, in order; when the messages about it were stopped."""
    changes = reads(SessionChange).filter(session__training_id__in=list(training_ids), created_at__gte=since)
    noted = await changes.order_by("created_at", "id").values_list("session__training_id", "created_at", "batch_id")
    batches = {batch_id for _training_id, _at, batch_id in noted if batch_id is not None}
    lines = reads(AuditLine).filter(act=STOPPED, object_id__in=sorted(batches))
    stopped = dict(await lines.values_list("object_id", "created_at"))
    found: dict[UUID, list[_Change]] = defaultdict(list)
    for training_id, at, batch_id in noted:
        found[training_id].append(_Change(at, stopped.get(batch_id)))
    return found
