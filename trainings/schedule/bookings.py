"""Who and what is taken: a facilitator or a place cannot be at two sessions at once, unless staff say why they can."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db.models import Record
from trainings.errors import Refusal
from trainings.lib.dates import day_and_time
from trainings.places.models import Venue
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession, TrainingState
from trainings.schedule.plans import LONGEST_SESSION, SessionPlan, session_field
from trainings.web.i18n import N_, language

M = TypeVar("M", bound=Record)


class Booked(Refusal):
    """Taken at that time. A reason given with the plan lets it stand; it is kept in the audit."""

    code = "booked"


class FacilitatorBooked(Booked):
    code = "facilitator_booked"
    sentence = N_(
        "%(who)s ya está en «%(what)s», %(when)s. Cambie la hora, escoja a otra persona o diga por qué se puede."
    )


class VenueBooked(Booked):
    code = "venue_booked"
    sentence = N_(
        "%(who)s ya está ocupado por «%(what)s», %(when)s. Cambie la hora o el lugar, o diga por qué se puede."
    )


@dataclass(frozen=True, slots=True)
class _Booking:
    """A session that stands, with what it occupies."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    venue_id: UUID | None
    facilitator_ids: frozenset[UUID]
    hub_id: UUID
    hub: str
    title: str

    def meets(self, plan: SessionPlan) -> bool:
        return self.starts_at < plan.ends_at and plan.starts_at < self.ends_at

    def as_seen_by(self, actor: Actor) -> str:
        """The title, or only the hub where the training is none of the actor's business."""
        return self.title if actor.roles_everywhere or self.hub_id in actor.roles_at else self.hub


async def check_bookings(
    sessions: Mapping[int, SessionPlan],
    *,
    actor: Actor,
    hub_id: UUID,
    override_reason: str = "",
    but: Collection[UUID] = (),
) -> None:
    """Refuses a facilitator or place that is taken at the time, with who and when; `but` are sessions being replaced.

    In the caller's transaction: the people and places are locked, so that two plans made at once see each other.
    With a reason the clash stands and is recorded.
    """
    people = {person for session in sessions.values() for person in session.facilitator_ids}
    places = {session.venue_id for session in sessions.values() if session.venue_id is not None}
    # NO KEY: rows written before in this transaction refer to these already, and so may another's. With the stronger
    # lock each would wait for the other.
    venues = {venue.id: venue for venue in await _of(Venue, places).select_for_update(no_key=True)}
    users = {user.id: user for user in await _of(User, people).select_for_update(no_key=True)}
    clashes: set[UUID] = set()
    for number, session in sessions.items():
        for booking in await _bookings_at(session, but):
            refusal = _clash(session, booking, users, venues, actor, session_field(number))
            if refusal is not None and not override_reason:
                raise refusal
            if refusal is not None:
                clashes.add(booking.id)
    if clashes:
        await record(
            "schedule.override_booking",
            actor=actor,
            hub_id=hub_id,
            reason=override_reason,
            session_ids=sorted(str(one) for one in clashes),
        )


def _of(model: type[M], ids: Collection[UUID]) -> QuerySet[M]:
    return model.filter(pk__in=sorted(ids)).order_by("id")


def _clash(
    plan: SessionPlan,
    booking: _Booking,
    users: dict[UUID, User],
    venues: dict[UUID, Venue],
    actor: Actor,
    field: str,
) -> Booked | None:
    what, when = booking.as_seen_by(actor), day_and_time(booking.starts_at, language())
    for person in plan.facilitator_ids:
        if person in booking.facilitator_ids and person in users:
            return FacilitatorBooked(field=field, who=users[person].name, what=what, when=when)
    if plan.venue_id is not None and plan.venue_id == booking.venue_id:
        return VenueBooked(field=field, who=venues[plan.venue_id].name, what=what, when=when)
    return None


async def _bookings_at(plan: SessionPlan, but: Collection[UUID]) -> list[_Booking]:
    """Sessions of any hub at the time of the plan, drafts too: what is planned is taken."""
    at_once = TrainingSession.filter(
        state=SessionState.PLANNED,
        training__state__not=TrainingState.CANCELLED,
        starts_at__lt=plan.ends_at,
        starts_at__gt=plan.starts_at - LONGEST_SESSION,
        ends_at__gt=plan.starts_at,
    )
    rows = await at_once.order_by("starts_at").values(
        "id", "starts_at", "ends_at", "venue_id", "training__hub_id", "training__hub__name", "training__title"
    )
    rows = [row for row in rows if row["id"] not in but]
    who = await _facilitators_of(row["id"] for row in rows)
    return [
        _Booking(
            id=row["id"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            venue_id=row["venue_id"],
            facilitator_ids=frozenset(who.get(row["id"], ())),
            hub_id=row["training__hub_id"],
            hub=row["training__hub__name"],
            title=row["training__title"],
        )
        for row in rows
    ]


async def _facilitators_of(session_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    rows = await SessionFacilitator.filter(session_id__in=list(session_ids)).values_list("session_id", "user_id")
    for session_id, user_id in rows:
        found.setdefault(session_id, set()).add(user_id)
    return found
