"""When the people who hold sessions or answer for activities cannot: they say so themselves, no reason is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.schedule.dated import Planned, are_at_once, planned_between, planned_to_come
from trainings.schedule.models import Unavailability
from trainings.schedule.plans import with_access
from trainings.web.i18n import N_

KEPT = timedelta(days=7)
"""So long after its end an absence is kept: as long as a need for support, for nobody asks for it any more."""
LONGEST = timedelta(days=366)
MOST = 60
"""Absences to come of one person."""


class UnknownAbsence(NotFound):
    code = "unknown_absence"
    sentence = N_("No encontramos esas fechas entre las suyas.")


class AbsenceReversed(Refusal):
    code = "absence_reversed"
    sentence = N_("Termina antes de empezar. Corrija el día o la hora.")


class AbsencePast(Refusal):
    code = "absence_past"
    sentence = N_("Esas fechas ya pasaron. Escriba las que vienen.")


class AbsenceTooLong(Refusal):
    code = "absence_too_long"
    sentence = N_("Es más de un año. Escriba un tiempo más corto.")


class TooManyAbsences(Refusal):
    code = "too_many_absences"
    sentence = N_("Ya anotó %(most)s fechas. Quite una que ya no haga falta.")


class AbsenceSaidBefore(Refusal):
    code = "absence_said_before"
    sentence = N_("Ese tiempo ya está anotado. Quite el otro si quiere cambiarlo.")


def whole_days(first: date, last: date) -> tuple[datetime, datetime]:
    """From the midnight that begins the first day to the one that ends the last, UTC."""
    return clock.midnight(first), clock.midnight(last + timedelta(days=1))


def hours_of(day: date, starts: time, ends: time) -> tuple[datetime, datetime]:
    """Some hours of a day, UTC."""
    return clock.at(day, starts), clock.at(day, ends)


async def say_absent(starts_at: datetime, ends_at: datetime, *, actor: Actor) -> Unavailability:
    """The actor cannot hold sessions then. Refuses what ends before it starts, is over, too long, or said before."""
    assert actor.id is not None, "only people of the staff are absent"
    if ends_at <= starts_at:
        raise AbsenceReversed(field="last_day")
    if ends_at <= clock.now():
        raise AbsencePast(field="day")
    if ends_at - starts_at > LONGEST:
        raise AbsenceTooLong(field="last_day")
    async with transaction():
        # Whoever plans a session with this person holds the row too: one of both sees the other.
        await lock(User, [actor.id])
        own = Unavailability.filter(user_id=actor.id, ends_at__gt=clock.now())
        if await own.count() >= MOST:
            raise TooManyAbsences(most=MOST)
        if await own.filter(starts_at__lte=starts_at, ends_at__gte=ends_at).exists():
            raise AbsenceSaidBefore(field="day")
        absence = await Unavailability.create(user_id=actor.id, starts_at=starts_at, ends_at=ends_at)
        await record("schedule.say_absent", actor=actor, object_id=absence.id)
    return absence


async def take_back_absence(absence_id: UUID, *, actor: Actor) -> None:
    """The actor can come after all. Refuses what is not the actor's own, or is gone."""
    async with transaction():
        found = await lock(Unavailability, [absence_id])
        if not found or found[0].user_id != actor.id:
            raise UnknownAbsence
        await found[0].delete()
        await record("schedule.take_back_absence", actor=actor, object_id=absence_id)


async def forget_over() -> int:
    """Delete what has been over for a week; how many."""
    return await Unavailability.filter(ends_at__lt=clock.now() - KEPT).delete()


async def absences_of(user_id: UUID) -> list[Unavailability]:
    """When somebody cannot, what is over left out, in order."""
    return await reads(Unavailability).filter(user_id=user_id, ends_at__gt=clock.now()).order_by("starts_at", "id")


async def planned_then(user_id: UUID, absences: Sequence[Unavailability]) -> dict[UUID, list[Planned]]:
    """Sessions that the person is down for and activities that they answer for, by absence, in order."""
    if not absences:
        return {}
    start, end = min(one.starts_at for one in absences), max(one.ends_at for one in absences)
    found = await planned_between(start, end, people=[user_id])
    return {absence.id: [one for one in found if are_at_once(one, absence)] for absence in absences}


@dataclass(frozen=True, slots=True)
class Unheld:
    """A session or activity to come, and somebody down for it who cannot hold it: there somebody else is put in.

    `has_left`: they have no account or role any more; else they said that they cannot then.
    """

    thing: Planned
    who: str
    has_left: bool = False


async def unheld_at(hub_ids: Collection[UUID]) -> list[Unheld]:
    """At these hubs: first those who are away, then of sessions those who left, each by start.

    Whoever was put down all the same stays in it until they take their absence back.
    """
    down = [(one, user_id, who) for one in await planned_to_come(hub_ids) for user_id, who in one.people.items()]
    people = {user_id for _one, user_id, _who in down}
    absences, known = await _absences_to_come(people), await with_access(people)
    away = [Unheld(one, who) for one, user_id, who in down if any(are_at_once(one, it) for it in absences[user_id])]
    left = [Unheld(one, who, has_left=True) for one, user_id, who in down if user_id not in known]
    return away + [one for one in left if not one.thing.is_activity]


async def _absences_to_come(people: Collection[UUID]) -> defaultdict[UUID, list[Unavailability]]:
    found = defaultdict[UUID, list[Unavailability]](list)
    for absence in await reads(Unavailability).filter(user_id__in=sorted(people), ends_at__gt=clock.now()):
        found[absence.user_id].append(absence)
    return found
