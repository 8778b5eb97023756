"""Rows, hours, completion and messages change together, all or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from trainings import clock
from trainings.attendance.phones.closings import close_reported
from trainings.attendance.queries import session_of, totals_of
from trainings.attendance.scans import compare_again
from trainings.attendance.settling import lock_all_stays, locked_stays, settle
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.outreach.actions import TimeAndPlace, move_activity
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.actions import VenueDetails, create_venue, update_venue
from trainings.places.models import AccessFeature, Hub, Venue
from trainings.registrations.calls.people import n_to_tell
from trainings.registrations.seats.cards import move_releases
from trainings.registrations.seats.waiting import fill_places, renew_offers
from trainings.registrations.telling.changes import call_off_training, tell_changes
from trainings.schedule import actions as schedule
from trainings.schedule.actions import move_session
from trainings.schedule.changes import standing
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.staff.corrections import (
    correct_session,
    restore_session,
    restore_training,
    say_held,
    say_not_held,
    was_not_held,
)
from trainings.web.i18n import N_, gettext

T = TypeVar("T")


class SomebodyCame(Refusal):
    sentence = N_(
        "Hay marcas de quienes llegaron a esta sesión: %(n)s. Si llegaron, sí se realizó; si son un error, "
        "deshágalas primero en su página de asistencia."
    )


async def change_sessions(training_id: UUID, act: Callable[[], Awaitable[object]], *, actor: Actor) -> UUID | None:
    """If `act` refuses, nothing happens. Reserved places keep their time before the first session, offered places end
    at its start. People are told after ten minutes. Returns the batch that may be stopped until then; None: nobody
    is told.
    """
    async with transaction():
        # All trainings whose people made up for sessions here, before any is locked alone: against deadlocks.
        await locked_stays(training_id)
        before = await standing(training_id)
        await act()
        await compare_again(training_id)
        await move_releases(before, actor=actor)
        await renew_offers(before, actor=actor)
        await fill_places(before.training.id)
        batch_id = await tell_changes(before, actor=actor)
        await settle(training_id)
        return batch_id


async def move(
    session_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    venue_id: UUID | None,
    *,
    actor: Actor,
    override_reason: str = "",
    known_as: str = "",
) -> UUID | None:
    """Refuses as `schedule.session_actions.move_session`; returns as `change_sessions`."""
    act = partial(
        schedule.move_session,
        *(session_id, starts_at, ends_at, venue_id),
        actor=actor,
        override_reason=override_reason,
        known_as=known_as,
    )
    return await change_sessions((await session_of(session_id)).training_id, act, actor=actor)


async def cancel(session_id: UUID, *, actor: Actor) -> UUID | None:
    """Refuses as `schedule.session_actions.cancel_session`; returns as `change_sessions`."""
    act = partial(schedule.cancel_session, session_id, actor=actor)
    return await change_sessions((await session_of(session_id)).training_id, act, actor=actor)


async def restore(session_id: UUID, *, actor: Actor, override_reason: str = "") -> UUID | None:
    """Refuses as `restore_session`; returns as `change_sessions`."""
    act = partial(restore_session, session_id, actor=actor, override_reason=override_reason)
    return await change_sessions((await session_of(session_id)).training_id, act, actor=actor)


# -- hours alone: nobody is told, or by other words


async def correct(
    session_id: UUID, starts_at: datetime, ends_at: datetime, *, actor: Actor, reason: str, known_as: str = ""
) -> None:
    """When it was really held; nobody is told. A phone's closing may take effect now. Refuses as `correct_session`."""
    act = partial(correct_session, session_id, starts_at, ends_at, actor=actor, reason=reason, known_as=known_as)
    await _counted_anew((await session_of(session_id)).training_id, act)
    await close_reported([session_id])


async def not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """Said once its time is over. Nobody is told: the message would read as if the next session were cancelled. Refuses
    (SomebodyCame) while anybody is marked there, and as `say_not_held`.
    """

    async def act() -> None:
        session = await session_of(session_id)
        n_here = await n_marked(session)
        if n_here and not was_not_held(session):
            raise SomebodyCame(n=n_here)
        await say_not_held(session_id, actor=actor, reason=reason, known_as=known_as)

    await _counted_anew((await session_of(session_id)).training_id, act)


async def held(session_id: UUID, *, actor: Actor) -> None:
    """Marks made meanwhile count. Refuses as `say_held`."""
    await _counted_anew((await session_of(session_id)).training_id, partial(say_held, session_id, actor=actor))
    await close_reported([session_id])


async def call_off(training_id: UUID, reason: str, *, actor: Actor) -> UUID | None:
    """Cancel all sessions. Refuses as `schedule.actions.cancel_training`."""
    return await _counted_anew(training_id, partial(call_off_training, training_id, reason, actor=actor))


async def _counted_anew(training_id: UUID, act: Callable[[], Awaitable[T]]) -> T:
    async with transaction():
        await locked_stays(training_id)
        done = await act()
        await compare_again(training_id)
        await settle(training_id)
    return done


async def n_marked(session: TrainingSession) -> int:
    """Arrivals, whatever became of the session."""
    here = await totals_of(session)
    return here.n_present + here.n_unnamed + here.n_companions


async def reopen(training_id: UUID, *, actor: Actor, override_reason: str = "") -> UUID | None:
    """A cancelled training takes place after all; or was held, and nobody is told. Refuses as `restore_training`;
    returns as `change_sessions`.
    """

    async def act() -> None:
        called_off = await TrainingSession.filter(training_id=training_id, called_off_at__not_isnull=True)
        came = [await n_marked(one) for one in called_off]
        await restore_training(training_id, actor=actor, override_reason=override_reason, somebody_came=any(came))

    return await change_sessions(training_id, act, actor=actor)


KNOWN = (TrainingState.PUBLISHED, TrainingState.UNLISTED)
GOES_THERE = ("name", "address", "municipality")


@dataclass(frozen=True, slots=True)
class AtVenue:
    """`n_people`: told of a change. `starts_at`: of the first of `n_sessions`."""

    title: str
    path: str
    starts_at: datetime
    n_sessions: int
    n_people: int


def is_said_otherwise(venue: Venue, details: VenueDetails) -> bool:
    return any(getattr(details_of(venue), name) != getattr(details, name) for name in GOES_THERE)


async def coming_at(venue: Venue) -> list[AtVenue]:
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
    """Move everything to come from this venue to a new venue, all or nothing. People are told in ten minutes. The old
    venue stays for past sessions, and is offered no more. Refuses as `create_venue`, also the same name.
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
    """Locks all trainings at once and before writing, against deadlocks."""
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
