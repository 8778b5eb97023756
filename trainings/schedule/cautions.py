"""What staff should know of planned sessions before saving: days off, clashes, too few seats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.places.feasts import feasts_in
from trainings.places.models import Hub, Venue
from trainings.schedule import queries
from trainings.schedule.bookings import NOBODY, Booked, Owner, clashes_of
from trainings.schedule.holidays import days_off_during
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.plans import SessionPlan
from trainings.web.i18n import N_, gettext

K = TypeVar("K", int, UUID)


@dataclass(frozen=True, slots=True)
class Cautions:
    """Of one session: the holiday or feast, a sentence for each clash, one for too few seats.

    Too few seats are told at the first session in a place. `is_past`: already over, as with a mistyped year.
    """

    day_off: str = ""
    clashes: tuple[str, ...] = ()
    seats: str = ""
    is_past: bool = False


NONE = Cautions()


async def cautions_of(
    plans: Mapping[int, SessionPlan],
    *,
    hub: Hub,
    actor: Actor,
    venue_id: UUID | None = None,
    capacity: int | None = None,
    owners: Mapping[int, Owner] = NOBODY,
    but: Collection[UUID] = (),
    may_be_past: bool = False,
) -> dict[int, Cautions]:
    """Cautions of each plan. `venue_id` and `capacity` are the training's, `but` its stored sessions.

    `may_be_past`: not public yet, so a past day is told and saved all the same.

    `owners` by number: the place of a plan without a venue (else the hub's seat), and clashes among plans saved
    together. People and places of other hubs are left out.
    """
    wanted = {number: replace(plan, venue_id=plan.venue_id or venue_id) for number, plan in plans.items()}
    venues = {venue.id: venue for venue in await reads(Venue).filter(hub_id=hub.id)}
    people = {user.id for user in await queries.people_who_facilitate(hub.id, hub.operator_id)}
    known = {number: _of_the_hub(plan, venues, people) for number, plan in wanted.items()}
    clashes = await clashes_of(known, actor=actor, but=but, owners=owners)
    where = {
        number: venues[plan.venue_id].municipality_id if plan.venue_id else _town(owners.get(number), hub)
        for number, plan in known.items()
    }
    feasts = await feasts_in(set(where.values()))
    seats = _seats({number: venues.get(plan.venue_id) for number, plan in known.items() if plan.venue_id}, capacity)
    return {
        number: Cautions(
            day_off=days_off_during(plan.starts_at, plan.ends_at, feasts[where[number]]),
            clashes=tuple(said(clash) for clash in clashes[number]),
            seats=seats.get(number, ""),
            is_past=may_be_past and plan.ends_at <= clock.now(),
        )
        for number, plan in known.items()
    }


async def cautions_of_training(training: Training) -> dict[UUID, Cautions]:
    """Without clashes. The training is loaded with hub and places."""
    venues = {session.id: session.venue for session in training.sessions}
    codes = {
        session_id: venue.municipality_id if venue else training.hub.seat_id for session_id, venue in venues.items()
    }
    feasts = await feasts_in(set(codes.values()))
    seats = _seats(venues, training.capacity)
    return {
        session.id: Cautions(
            day_off=days_off_during(session.starts_at, session.ends_at, feasts[codes[session.id]]),
            seats=seats.get(session.id, ""),
            is_past=training.state is TrainingState.DRAFT and session.ends_at <= clock.now(),
        )
        for session in training.sessions
    }


def has_clashes(cautions: Mapping[int, Cautions]) -> bool:
    return any(one.clashes for one in cautions.values())


def said(clash: Booked) -> str:
    return gettext(clash.text) % clash.values


def _seats(venues: Mapping[K, Venue | None], capacity: int | None) -> dict[K, str]:
    """For each place that is too small, at its first session."""
    first: dict[UUID, K] = {}
    for key, venue in venues.items():
        if venue is not None:
            first.setdefault(venue.id, key)
    return {key: few_seats(venues[key], capacity) for key in first.values()}


def few_seats(venue: Venue | None, capacity: int | None) -> str:
    """A sentence with both numbers if the place holds fewer people than may register; else empty."""
    if venue is None or venue.capacity is None or capacity is None or capacity <= venue.capacity:
        return ""
    words = gettext(N_("En %(place)s caben %(seats)s personas y el cupo es de %(capacity)s."))
    return words % {"place": venue.name, "seats": venue.capacity, "capacity": capacity}


def _of_the_hub(plan: SessionPlan, venues: Collection[UUID], people: Collection[UUID]) -> SessionPlan:
    return replace(
        plan,
        venue_id=plan.venue_id if plan.venue_id in venues else None,
        facilitator_ids=tuple(person for person in plan.facilitator_ids if person in people),
    )


def _town(owner: Owner | None, hub: Hub) -> str:
    return owner.town if owner is not None and owner.town else hub.seat_id
