"""A venue's details written anew: a better description, or a move to another place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.attendance.actions import lock_all_stays
from trainings.attendance.sessions.rescheduling import change_sessions
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.outreach.actions import TimeAndPlace, move_activity
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.actions import VenueDetails, create_venue, update_venue
from trainings.places.models import AccessFeature, Hub, Venue
from trainings.registrations.calls.people import n_to_tell
from trainings.schedule.actions import move_session
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.web.i18n import N_, gettext

KNOWN = (TrainingState.PUBLISHED, TrainingState.UNLISTED)
GOES_THERE = ("name", "address", "municipality")
"""Details by which people find a venue."""


@dataclass(frozen=True, slots=True)
class AtVenue:
    """A training or activity to come at a venue that others may know of; of a training, how many people are told of a
    change. `starts_at`: of the first of `n_sessions`.
    """

    title: str
    path: str
    starts_at: datetime
    n_sessions: int
    n_people: int


def is_said_otherwise(venue: Venue, details: VenueDetails) -> bool:
    """Whether people would look for another name, or elsewhere."""
    return any(getattr(details_of(venue), name) != getattr(details, name) for name in GOES_THERE)


async def coming_at(venue: Venue) -> list[AtVenue]:
    """Still to come and known to others, by time."""
    sessions = reads(TrainingSession).filter(
        venue_id=venue.id, state=SessionState.PLANNED, starts_at__gt=clock.now(), training__state__in=KNOWN
    )
    found: dict[UUID, list[TrainingSession]] = {}
    for one in await sessions.order_by("starts_at", "id").select_related("training"):
        found.setdefault(one.training_id, []).append(one)
    activities = reads(OutreachActivity).filter(
        venue_id=venue.id, state=ActivityState.PUBLISHED, starts_at__gt=clock.now()
    )
    coming = [await _of_training(ones) for ones in found.values()]
    coming += [AtVenue(one.title, f"/panel/actividades/{one.id}", one.starts_at, 1, 0) for one in await activities]
    return sorted(coming, key=lambda one: (one.starts_at, one.title))


async def _of_training(sessions: Sequence[TrainingSession]) -> AtVenue:
    training = sessions[0].training
    n_people = sum(await n_to_tell(training.id))
    path = f"/panel/capacitaciones/{training.id}/cambios"
    return AtVenue(training.title, path, sessions[0].starts_at, len(sessions), n_people)


async def relocate(venue: Venue, details: VenueDetails, *, hub: Hub, actor: Actor) -> Venue:
    """Move everything to come at this venue to a new one with these details, all or nothing.

    People are told as of any change of place, in ten minutes. The old venue stays for past sessions and for telling the
    change, and is offered no more. Refuses as `create_venue`, also the same name: nobody could tell the two apart.
    """
    async with transaction():
        sessions = await _held_to_come(venue)
        new = await create_venue(replace(details, is_active=True), hub=hub, actor=actor)
        reason = gettext(N_("El lugar es otro: %(name)s")) % {"name": details.name}
        for training_id in sorted({one.training_id for one in sessions}):
            there = [one for one in sessions if one.training_id == training_id]
            await _move(training_id, there, venue, new, actor=actor, reason=reason)
        await _move_activities(venue, new, actor=actor, reason=reason)
        await update_venue(venue, replace(details_of(venue), is_active=False), hub=hub, actor=actor)
    return new


async def _held_to_come(venue: Venue) -> list[TrainingSession]:
    """Read under the locks of all trainings: somebody may be moving it now. Locked at once and before writing, against
    deadlocks.
    """
    coming = TrainingSession.filter(venue_id=venue.id, state=SessionState.PLANNED, starts_at__gt=clock.now()).exclude(
        training__state=TrainingState.CANCELLED
    )
    held = {training_id for (training_id,) in await coming.values_list("training_id")}
    await lock_all_stays(held)
    return await coming.filter(training_id__in=sorted(held))


async def _move(
    training_id: UUID, sessions: Sequence[TrainingSession], old: Venue, new: Venue, *, actor: Actor, reason: str
) -> None:
    async def act() -> None:
        await Training.filter(id=training_id, venue_id=old.id).update(venue_id=new.id)
        for one in sessions:
            await move_session(one.id, one.starts_at, one.ends_at, new.id, actor=actor, override_reason=reason)

    await change_sessions(training_id, act, actor=actor)


async def _move_activities(old: Venue, new: Venue, *, actor: Actor, reason: str) -> None:
    there = OutreachActivity.filter(venue_id=old.id, starts_at__gt=clock.now())
    for one in await there.exclude(state=ActivityState.CANCELLED).order_by("id"):
        at = TimeAndPlace(one.starts_at, one.ends_at, new.municipality_id, new.id, one.place)
        await move_activity(one.id, at, actor=actor, override_reason=reason)


def details_of(venue: Venue) -> VenueDetails:
    values: dict[str, Any] = {name: getattr(venue, name, None) for name in VenueDetails.__dataclass_fields__}
    access = tuple(AccessFeature(code) for code in venue.access)
    return VenueDetails(**(values | {"municipality": venue.municipality_id, "access": access}))
