from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tortoise.expressions import Q, Subquery

from trainings import clock
from trainings.accounts.permissions import DESK, HEAD_COUNTERS
from trainings.attendance.device_queries import roster_until, training_ends
from trainings.attendance.phones.devices import Load
from trainings.attendance.queries import gate_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession, TrainingState

AHEAD = timedelta(days=14)
JUST_OVER = timedelta(hours=12)
MOST = 60
TAKES_MARKS = (TrainingState.PUBLISHED, TrainingState.UNLISTED)
NOTHING = Load(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Offer:
    """By start. Sessions with training, hub and venue, activities with hub.

    `at_hand`: the training that the person comes from, if any.
    """

    sessions: tuple[TrainingSession, ...]
    activities: tuple[OutreachActivity, ...] = ()
    at_hand: UUID | None = None

    @property
    def hub_id(self) -> UUID | None:
        """The hub that answers for the phone: of the training at hand, else of the first item."""
        of_training = [one.training.hub_id for one in self.sessions if one.training_id == self.at_hand]
        of_any = [one.training.hub_id for one in self.sessions]
        return next(iter([*of_training, *of_any, *(one.hub_id for one in self.activities)]), None)

    def load(self, chosen: Collection[UUID] | None = None) -> Load:
        """All, or the chosen part; anything not on offer is left out."""
        sessions = tuple(one for one in self.sessions if chosen is None or one.id in chosen)
        activities = tuple(one for one in self.activities if chosen is None or one.id in chosen)
        hub_id = Offer(sessions, activities, self.at_hand).hub_id
        if hub_id is None:
            return NOTHING
        return Load(hub_id, [one.id for one in sessions], [one.id for one in activities])


async def offer_to(actor: Actor, session_id: UUID | None = None) -> Offer:
    """What this person may put onto a phone, coming from a session or from the list of phones.

    From a session: the sessions of its training that they may mark, and those that they hold. Else those that they
    hold, and at hubs where they work at the desk the sessions of the next 14 days and the activities where they may
    count. Raises UnknownSession for a session out of scope.
    """
    if session_id is None:
        wanted = _held_by(actor) | _at_hubs(actor)
        return Offer(await _sessions(wanted), await _activities(actor))
    training_id = (await gate_of(session_id, actor)).session.training_id
    of_training = Q(training_id=training_id) & in_scope(actor)
    open_ones = await _still_open(await _sessions(of_training))
    held = await _sessions(_held_by(actor))
    found = {one.id: one for one in (*open_ones, *held)}
    sessions = sorted(found.values(), key=lambda one: (one.starts_at, one.id))
    return Offer(tuple(sessions), await _activities(actor), training_id)


def in_scope(actor: Actor) -> Q:
    """Sessions that this person may mark: held by them, or of hubs where they work at the desk."""
    return _own(actor) | Q(training__hub_id__in=sorted(actor.hubs_with(DESK)))


def _own(actor: Actor) -> Q:
    return Q(id__in=Subquery(SessionFacilitator.filter(user_id=actor.id).values("session_id")))


def _held_by(actor: Actor) -> Q:
    return _own(actor) & Q(ends_at__gt=clock.now() - JUST_OVER)


def _at_hubs(actor: Actor) -> Q:
    now = clock.now()
    hubs = sorted(actor.hubs_with(DESK))
    return Q(training__hub_id__in=hubs, ends_at__gt=now - JUST_OVER, starts_at__lt=now + AHEAD)


async def _sessions(wanted: Q) -> tuple[TrainingSession, ...]:
    found = reads(TrainingSession).filter(wanted, state=SessionState.PLANNED, training__state__in=list(TAKES_MARKS))
    shown = found.order_by("starts_at", "id").limit(MOST)
    return tuple(await shown.prefetch_related("training__hub__seat", "training__venue", "venue"))


async def _still_open(sessions: tuple[TrainingSession, ...]) -> tuple[TrainingSession, ...]:
    ends = await training_ends({one.training_id for one in sessions})
    return tuple(one for one in sessions if clock.now() < roster_until(one, ends.get(one.training_id)))


async def _activities(actor: Actor) -> tuple[OutreachActivity, ...]:
    """Activities of the next 14 days where this person may count heads."""
    now, hubs = clock.now(), sorted(actor.hubs_with(HEAD_COUNTERS))
    coming = reads(OutreachActivity).filter(
        hub_id__in=hubs, state=ActivityState.PUBLISHED, ends_at__gt=now - JUST_OVER, starts_at__lt=now + AHEAD
    )
    return tuple(await coming.order_by("starts_at", "id").limit(MOST).select_related("hub"))
