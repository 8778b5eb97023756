"""No reason is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.db.prepared import Select
from trainings.errors import NotFound, Refusal
from trainings.schedule.dated import Planned, are_at_once, planned_between, planned_to_come, sessions_to_come
from trainings.schedule.models import Unavailability
from trainings.schedule.plans import with_access
from trainings.web.i18n import N_

ABSENT = Select(Unavailability, where="this.user_id IN ?list AND this.ends_at > ?", are_few=True)
KEPT = timedelta(days=7)
"""Counted from its end, as for support needs."""
LONGEST = timedelta(days=366)
MOST = 60


class UnknownAbsence(NotFound):
    sentence = N_("No encontramos esas fechas entre las suyas.")


class AbsenceReversed(Refusal):
    sentence = N_("Termina antes de empezar. Corrija el día o la hora.")


class AbsencePast(Refusal):
    sentence = N_("Esas fechas ya pasaron. Escriba las que vienen.")


class AbsenceTooLong(Refusal):
    sentence = N_("Es más de un año. Escriba un tiempo más corto.")


class TooManyAbsences(Refusal):
    sentence = N_("Ya anotó %(most)s fechas. Quite una que ya no haga falta.")


class AbsenceSaidBefore(Refusal):
    sentence = N_("Ese tiempo ya está anotado. Quite el otro si quiere cambiarlo.")


def whole_days(first: date, last: date) -> tuple[datetime, datetime]:
    """UTC, both days whole."""
    return clock.midnight(first), clock.midnight(last + timedelta(days=1))


def hours_of(day: date, starts: time, ends: time) -> tuple[datetime, datetime]:
    return clock.at(day, starts), clock.at(day, ends)


async def say_absent(starts_at: datetime, ends_at: datetime, *, actor: Actor) -> Unavailability:
    """Refuses an end before the start, and a time over, too long or given before."""
    assert actor.id is not None, "only people of the staff are absent"
    if ends_at <= starts_at:
        raise AbsenceReversed(field="last_day")
    if ends_at <= clock.now():
        raise AbsencePast(field="day")
    if ends_at - starts_at > LONGEST:
        raise AbsenceTooLong(field="last_day")
    async with transaction():
        # A plan with this person locks the row too, so the later of both sees the other.
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
    """Refuses another person's."""
    async with transaction():
        found = await lock(Unavailability, [absence_id])
        if not found or found[0].user_id != actor.id:
            raise UnknownAbsence
        await found[0].delete()
        await record("schedule.take_back_absence", actor=actor, object_id=absence_id)


async def forget_over() -> int:
    """A week after their end; returns how many."""
    return await Unavailability.filter(ends_at__lt=clock.now() - KEPT).delete()


async def absences_of(user_id: UUID) -> list[Unavailability]:
    return await reads(Unavailability).filter(user_id=user_id, ends_at__gt=clock.now()).order_by("starts_at", "id")


async def planned_then(user_id: UUID, absences: Sequence[Unavailability]) -> dict[UUID, list[Planned]]:
    if not absences:
        return {}
    start, end = min(one.starts_at for one in absences), max(one.ends_at for one in absences)
    found = await planned_between(start, end, people=[user_id])
    return {absence.id: [one for one in found if are_at_once(one, absence)] for absence in absences}


@dataclass(frozen=True, slots=True)
class Unheld:
    """A coming session or activity whose person cannot hold it. `has_left`: without account or role; else absent."""

    thing: Planned
    who: str
    has_left: bool = False


async def unheld_at(hub_ids: Collection[UUID]) -> list[Unheld]:
    """Absent people first, then sessions of people without access. Put in despite an absence, a person stays listed
    until they take it back.
    """
    return await _unheld(await planned_to_come(hub_ids))


async def unheld_in(training_id: UUID) -> list[Unheld]:
    """As `unheld_at`."""
    return await _unheld(await sessions_to_come(training_id))


async def _unheld(things: Iterable[Planned]) -> list[Unheld]:
    down = [(one, user_id, who) for one in things for user_id, who in one.people.items()]
    people = {user_id for _one, user_id, _who in down}
    if not people:
        return []
    absences, known = await _absences_to_come(people), await with_access(people)
    away = [Unheld(one, who) for one, user_id, who in down if any(are_at_once(one, it) for it in absences[user_id])]
    left = [Unheld(one, who, has_left=True) for one, user_id, who in down if user_id not in known]
    return away + [one for one in left if not one.thing.is_activity]


async def _absences_to_come(people: Collection[UUID]) -> defaultdict[UUID, list[Unavailability]]:
    found = defaultdict[UUID, list[Unavailability]](list)
    for absence in await ABSENT.rows(sorted(people), clock.now()):
        found[absence.user_id].append(absence)
    return found
