"""A facilitator or a place cannot be at two sessions at once, nor a facilitator at one during an absence, unless staff
give a reason.
"""

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
from trainings.db.models import Record
from trainings.errors import Refusal
from trainings.lib.dates import day_and_time, held_on, time_range
from trainings.places.models import Venue
from trainings.schedule.dated import Planned, are_at_once, planned_between
from trainings.schedule.models import Unavailability
from trainings.schedule.plans import SessionPlan, session_field
from trainings.web.i18n import N_, gettext, language

M = TypeVar("M", bound=Record)


class Booked(Refusal):
    """Taken at that time. A reason given with the plan lets it stand, and the audit keeps it.

    The first clash of a plan is raised; `others` are the rest.
    """

    code = "booked"
    others: tuple[Booked, ...] = ()


class FacilitatorBooked(Booked):
    code = "facilitator_booked"
    sentence = N_(
        "%(who)s ya está en «%(what)s», %(when)s. Cambie la hora, escoja a otra persona o diga por qué se puede."
    )


class FacilitatorAway(Booked):
    code = "facilitator_away"
    sentence = N_(
        "%(who)s avisó que no puede %(when)s. Cambie la fecha, escoja a otra persona o diga por qué se puede."
    )


class VenueBooked(Booked):
    code = "venue_booked"
    sentence = N_(
        "%(who)s ya está ocupado por «%(what)s», %(when)s. Cambie la hora o el lugar, o diga por qué se puede."
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """The training or activity of a plan: plans of two owners saved together can clash.

    `id`: none if there is only one owner. `town`: municipality (INE code) of an open-air activity.
    """

    id: UUID | None = None
    title: str = ""
    town: str = ""


NOBODY: Mapping[int, Owner] = {}


@dataclass(frozen=True, slots=True)
class _Taken:
    """Sessions and absences that may clash with some plans, and names by id."""

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
    """Refuses facilitators and places taken at that time, with name and time. `but`: sessions being replaced.

    Locks people and places in the caller's transaction, so that two simultaneous plans see each other. With a reason
    the clashes stand and are recorded.
    """
    people, places = _people_in(sessions.values()), _places_in(sessions.values())
    # NO KEY: rows written before in this transaction refer to these already, and so may another's. With the stronger
    # lock each would wait for the other.
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
    """All clashes by number of the plan, to show before saving.

    `owners`, one a plan: clashes among the plans count too.
    """
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
    """What plans of other owners take at the same time, under their titles: they are the actor's own."""
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
    """`cause_id`: the session or the absence."""

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
    """«el 4 de marzo de 2027», «del 4 al 15 de marzo de 2027», «el 4 de marzo de 2027, de 8:00 a 12:00»."""
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
