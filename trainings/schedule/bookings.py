"""Nobody and no place is at two sessions at once, unless staff give a reason. Days off and few seats are only told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.db.models import Record
from trainings.errors import Refusal
from trainings.lib.dates import day_and_time, held_on, time_range
from trainings.places.feasts import feasts_in
from trainings.places.models import Hub, Venue
from trainings.schedule import queries
from trainings.schedule.dated import Planned, are_at_once, planned_between
from trainings.schedule.holidays import days_off_during
from trainings.schedule.models import Training, TrainingState, Unavailability
from trainings.schedule.plans import SessionPlan, session_field
from trainings.web.i18n import N_, gettext, language

M = TypeVar("M", bound=Record)


class Booked(Refusal):
    """Taken at that time; a reason, on record, lets it stand. `others`: further clashes of the plan."""

    others: tuple[Booked, ...] = ()


class FacilitatorBooked(Booked):
    sentence = N_(
        "%(who)s ya está en «%(what)s», %(when)s. Cambie la hora, escoja a otra persona o diga por qué se puede."
    )


class FacilitatorAway(Booked):
    sentence = N_(
        "%(who)s avisó que no puede %(when)s. Cambie la fecha, escoja a otra persona o diga por qué se puede."
    )


class VenueBooked(Booked):
    sentence = N_(
        "%(who)s ya está ocupado por «%(what)s», %(when)s. Cambie la hora o el lugar, o diga por qué se puede."
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """The training or activity of a plan: plans of two owners saved together can clash. `id` None: there is one owner.
    `town`: municipality (INE code) of an open-air activity.
    """

    id: UUID | None = None
    title: str = ""
    town: str = ""


NOBODY: Mapping[int, Owner] = {}


@dataclass(frozen=True, slots=True)
class _Taken:
    bookings: list[Planned]
    absences: list[Unavailability]
    users: Mapping[UUID, User]
    venues: Mapping[UUID, Venue]


async def check_bookings(
    sessions: Mapping[int, SessionPlan],
    *,
    actor: Actor,
    hub_id: UUID,
    override_reason: str = "",
    but: Collection[UUID] = (),
) -> None:
    """Refuses facilitators and places taken at that time, with name and time. `but`: sessions being replaced. Locks
    people and places in the caller's transaction: simultaneous plans see each other. With a reason clashes stand and
    are recorded.
    """
    people, places = _people_in(sessions.values()), _places_in(sessions.values())
    # NO KEY: rows written before in this transaction refer to these already, and so may another's. With the stronger
    # lock both would wait for each other.
    venues = {venue.id: venue for venue in await _of(Venue, places).select_for_update(no_key=True)}
    users = {user.id: user for user in await _of(User, people).select_for_update(no_key=True)}
    taken = await _taken(sessions.values(), users, venues, but)
    clashes = [clash for number, plan in sessions.items() for clash in _clashes(plan, taken, actor, number)]
    if not clashes:
        return
    if not override_reason:
        first = clashes[0].refusal
        first.others = tuple(clash.refusal for clash in clashes[1:])
        raise first
    away = sorted({str(clash.cause_id) for clash in clashes if isinstance(clash.refusal, FacilitatorAway)})
    booked = sorted({str(clash.cause_id) for clash in clashes if not isinstance(clash.refusal, FacilitatorAway)})
    detail: dict[str, Any] = {"absence_ids": away} if away else {}
    await record(
        "schedule.override_booking",
        actor=actor,
        hub_id=hub_id,
        reason=override_reason,
        session_ids=booked,
        **detail,
    )


async def clashes_of(
    sessions: Mapping[int, SessionPlan],
    *,
    actor: Actor,
    but: Collection[UUID] = (),
    owners: Mapping[int, Owner] = NOBODY,
) -> dict[int, list[Booked]]:
    """By number of the plan, to show before saving. `owners`, one a plan: clashes among the plans count too."""
    plans = list(sessions.values())
    users = {user.id: user for user in await _of(User, _people_in(plans))}
    venues = {venue.id: venue for venue in await _of(Venue, _places_in(plans))}
    taken = await _taken(plans, users, venues, but)
    return {
        number: [
            clash.refusal
            for beside in (taken, _beside(taken, number, sessions, owners))
            for clash in _clashes(plan, beside, actor, number)
        ]
        for number, plan in sessions.items()
    }


def _beside(taken: _Taken, number: int, sessions: Mapping[int, SessionPlan], owners: Mapping[int, Owner]) -> _Taken:
    """Under their titles: they are the actor's own."""
    plan, own = sessions[number], owners.get(number)
    bookings = [
        Planned(
            id=owner.id,
            owner_id=owner.id,
            title=gettext(N_("%(title)s, que también se copia")) % {"title": owner.title},
            hub_id=None,
            hub="",
            starts_at=other.starts_at,
            ends_at=other.ends_at,
            venue_id=other.venue_id,
            people=dict.fromkeys(other.facilitator_ids, ""),
        )
        for n, other in sessions.items()
        if are_at_once(other, plan)
        if own is not None and (owner := owners[n]).id is not None and owner.id != own.id
    ]
    return replace(taken, bookings=bookings, absences=[])


def _people_in(plans: Iterable[SessionPlan]) -> set[UUID]:
    return {person for plan in plans for person in plan.facilitator_ids}


def _places_in(plans: Iterable[SessionPlan]) -> set[UUID]:
    return {plan.venue_id for plan in plans if plan.venue_id is not None}


def _of(model: type[M], ids: Collection[UUID]) -> QuerySet[M]:
    return model.filter(pk__in=sorted(ids)).order_by("id")


@dataclass(frozen=True, slots=True)
class _Clash:
    cause_id: UUID
    refusal: Booked


def _clashes(plan: SessionPlan, taken: _Taken, actor: Actor, number: int) -> list[_Clash]:
    field = session_field(number)
    found: list[_Clash] = []
    for booking in taken.bookings:
        if not are_at_once(booking, plan):
            continue
        what, when = _as_seen_by(actor, booking), day_and_time(booking.starts_at, language())
        for person in plan.facilitator_ids:
            if person in booking.people and person in taken.users:
                who = taken.users[person].name
                found.append(_Clash(booking.id, FacilitatorBooked(field=field, who=who, what=what, when=when)))
        if plan.venue_id is not None and plan.venue_id == booking.venue_id:
            who = taken.venues[plan.venue_id].name
            found.append(_Clash(booking.id, VenueBooked(field=field, who=who, what=what, when=when)))
    for absence in taken.absences:
        if are_at_once(absence, plan) and absence.user_id in plan.facilitator_ids and absence.user_id in taken.users:
            who = taken.users[absence.user_id].name
            found.append(_Clash(absence.id, FacilitatorAway(field=field, who=who, when=span_in_words(absence))))
    return found


def _as_seen_by(actor: Actor, booking: Planned) -> str:
    """Without access to it only the hub."""
    is_theirs = booking.hub_id is None or actor.roles_everywhere or booking.hub_id in actor.roles_at
    return booking.title if is_theirs else booking.hub


def span_in_words(absence: Unavailability) -> str:
    """«el 4 de marzo de 2027, de 8:00 a 12:00»."""
    first, end = clock.local(absence.starts_at), clock.local(absence.ends_at)
    last = clock.local(absence.ends_at - timedelta(microseconds=1)).date()
    days = held_on((first.date() + timedelta(days=n) for n in range((last - first.date()).days + 1)), language())
    is_whole = first == first.replace(hour=0, minute=0) and end == end.replace(hour=0, minute=0)
    return days if is_whole else f"{days}, {time_range(absence.starts_at, absence.ends_at, language())}"


async def _taken(
    plans: Collection[SessionPlan], users: Mapping[UUID, User], venues: Mapping[UUID, Venue], but: Collection[UUID]
) -> _Taken:
    if not plans or not (users or venues):
        return _Taken([], [], users, venues)
    start, end = min(plan.starts_at for plan in plans), max(plan.ends_at for plan in plans)
    absences = Unavailability.filter(user_id__in=sorted(users), starts_at__lt=end, ends_at__gt=start)
    found = await planned_between(start, end, people=users, venues=venues)
    bookings = [one for one in found if one.id not in but]
    return _Taken(bookings, await absences.order_by("starts_at", "id"), users, venues)


K = TypeVar("K", int, UUID)


@dataclass(frozen=True, slots=True)
class Cautions:
    """Cautions of one session. Too few seats are told at the first session in a place. `is_past`: as with a mistyped
    year.
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
    """`venue_id` and `capacity` are the training's, `but` its stored sessions. `may_be_past`: not public yet, so a past
    day is told and saved. `owners` by number: the place of a plan without a venue (else the hub's seat), and clashes
    among plans saved together. People and places of other hubs are left out.
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
    """Without clashes. Hub and places are loaded."""
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
    first: dict[UUID, K] = {}
    for key, venue in venues.items():
        if venue is not None:
            first.setdefault(venue.id, key)
    return {key: few_seats(venues[key], capacity) for key in first.values()}


def few_seats(venue: Venue | None, capacity: int | None) -> str:
    """Both numbers if the place holds fewer people than may register; else empty."""
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
