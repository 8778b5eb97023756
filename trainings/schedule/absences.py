"""When the people who hold sessions cannot: they say so themselves, no reason is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingState, Unavailability
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


async def sessions_then(user_id: UUID, absences: Sequence[Unavailability]) -> dict[UUID, list[tuple[datetime, str]]]:
    """Start and title of the sessions that the person is down for, by absence, in order."""
    if not absences:
        return {}
    held = reads(SessionFacilitator).filter(
        user_id=user_id,
        session__state=SessionState.PLANNED,
        session__starts_at__lt=max(absence.ends_at for absence in absences),
        session__ends_at__gt=min(absence.starts_at for absence in absences),
        session__training__state__not=TrainingState.CANCELLED,
    )
    rows = await held.order_by("session__starts_at").values_list(
        "session__starts_at", "session__ends_at", "session__training__title"
    )
    return by_absence(absences, rows)


def by_absence(
    absences: Iterable[Unavailability], rows: Sequence[tuple[datetime, datetime, str]]
) -> dict[UUID, list[tuple[datetime, str]]]:
    """Start and title of what is then, by absence; `rows`: start, end and title of each."""
    return {
        absence.id: [
            (starts_at, title)
            for starts_at, ends_at, title in rows
            if starts_at < absence.ends_at and absence.starts_at < ends_at
        ]
        for absence in absences
    }


@dataclass(frozen=True, slots=True)
class Unheld:
    """A session (or activity) to come, and somebody down for it who said that they cannot then.

    `edited_id`: of its training, or of the activity itself: there somebody else is put in.
    """

    id: UUID
    edited_id: UUID
    title: str
    starts_at: datetime
    who: str


async def unheld_at(hub_ids: Collection[UUID]) -> list[Unheld]:
    """At these hubs, by start. Whoever was put down all the same stays in it until they take their absence back."""
    held = _held_to_come(hub_ids).filter(user__unavailable__ends_at__gt=clock.now())
    times = ("session__ends_at", "user__unavailable__starts_at", "user__unavailable__ends_at")
    return away_then(await held.values_list(*_ABOUT, *times))


async def left_at(hub_ids: Collection[UUID]) -> list[Unheld]:
    """Sessions to come at these hubs, by start, of which somebody is down who has no account or role any more."""
    rows = await _held_to_come(hub_ids).values_list("user_id", *_ABOUT)
    known = await with_access(user_id for user_id, *_about in rows)
    return [Unheld(*about) for user_id, *about in rows if user_id not in known]


_ABOUT = ("session_id", "session__training_id", "session__training__title", "session__starts_at", "user__name")


def _held_to_come(hub_ids: Collection[UUID]) -> QuerySet[SessionFacilitator]:
    held = reads(SessionFacilitator).filter(
        session__training__hub_id__in=sorted(hub_ids),
        session__training__state__not=TrainingState.CANCELLED,
        session__state=SessionState.PLANNED,
        session__closed_at=None,
        session__ends_at__gt=clock.now(),
    )
    return held.order_by("session__starts_at", "session_id", "user__name")


def away_then(rows: Iterable[tuple[UUID, UUID, str, datetime, str, datetime, datetime, datetime]]) -> list[Unheld]:
    """Those who cannot then, each once. Of each row the last three: when it ends, and when they are away."""
    found = (
        Unheld(session_id, edited_id, title, starts_at, who)
        for session_id, edited_id, title, starts_at, who, ends_at, away_from, away_until in rows
        if starts_at < away_until and away_from < ends_at
    )
    return list(dict.fromkeys(found))
