"""Past sessions are put right, and nobody is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.schedule import actions
from trainings.schedule.bookings import check_bookings
from trainings.schedule.models import SessionFacilitator, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import end_of
from trainings.schedule.plans import SessionPlan, check_times, session_field
from trainings.schedule.session_actions import (
    MovedMeanwhile,
    SessionCancelled,
    TrainingCalledOff,
    finish,
    locked_session,
    locked_training,
    number_sessions,
    raise_sequence,
    when_and_where,
)
from trainings.web.i18n import N_


class NotHeldYet(Refusal):
    sentence = N_("A esa hora todavía no ha terminado. Anótelo cuando ya se haya realizado.")


async def correct_session(
    session_id: UUID, starts_at: datetime, ends_at: datetime, *, actor: Actor, reason: str, known_as: str = ""
) -> None:
    """Record a session's true time, with a reason. It replaces the plan: a shorter time lowers the minutes against
    which the share is counted. Clashes are not checked, for it happened. SEQUENCE rises. Refuses a time that is not
    over, an overlap within the training, a cancelled session, and as `move_session` an outdated `known_as`.
    """
    async with transaction():
        training, session = await _locked(session_id)
        if session.state is SessionState.CANCELLED:
            raise SessionCancelled
        if known_as and known_as != when_and_where(session):
            raise MovedMeanwhile
        if (session.starts_at, session.ends_at, session.ended_at) == (starts_at, ends_at, None):
            return
        await _check_beside(session, starts_at, ends_at)
        if ends_at > clock.now():
            raise NotHeldYet(field=session_field(0))
        is_told = _on_papers(starts_at, ends_at) != _on_papers(session.starts_at, session.held_until)
        corrected_at = clock.now() if is_told else session.corrected_at
        await TrainingSession.filter(id=session.id).update(
            starts_at=starts_at, ends_at=ends_at, ended_at=None, corrected_at=corrected_at
        )
        await number_sessions(training)
        await finish(training)
        if training.state is not TrainingState.DRAFT:
            await raise_sequence(session)
        await record(
            "schedule.correct_session",
            actor=actor,
            object_id=session.id,
            hub_id=training.hub_id,
            reason=reason,
            was=[session.starts_at.isoformat(), session.held_until.isoformat()],
        )


def _on_papers(starts_at: datetime, ends_at: datetime) -> tuple[date, timedelta]:
    """Papers tell the day and the number of hours, not the start."""
    return clock.local(starts_at).date(), ends_at - starts_at


async def _check_beside(session: TrainingSession, starts_at: datetime, ends_at: datetime) -> None:
    """Refuses an overlap with another session of the training."""
    others = TrainingSession.filter(training_id=session.training_id, state=SessionState.PLANNED).exclude(id=session.id)
    check_times([SessionPlan(starts_at, ends_at)], [(one.starts_at, one.ends_at) for one in await others])


ACT = "schedule.not_held"


class NotOverYet(Refusal):
    sentence = N_("La sesión todavía no termina. Si no se va a realizar, cancélela: así se le avisa a la gente.")


def was_not_held(session: TrainingSession) -> bool:
    """Cancelled once it was over; an earlier cancellation is told to people."""
    if session.state is not SessionState.CANCELLED or session.cancelled_at is None:
        return False
    return session.cancelled_at >= end_of(session)


async def say_not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """Twice is once; the reason is recorded. The last session left may go: the training stays, for another date.
    SEQUENCE rises; nobody is told. Refuses before its end, a cancelled session, and as `move_session` an outdated
    `known_as`.
    """
    async with transaction():
        training, session = await _locked(session_id)
        if was_not_held(session):
            return
        if session.state is SessionState.CANCELLED:
            raise SessionCancelled
        if known_as and known_as != when_and_where(session):
            raise MovedMeanwhile
        if clock.now() < end_of(session):
            raise NotOverYet
        await _become(training, session, SessionState.CANCELLED)
        await record(ACT, actor=actor, object_id=session.id, hub_id=training.hub_id, reason=reason)


async def say_held(session_id: UUID, *, actor: Actor) -> None:
    """Refuses a session cancelled before its end (people were told), a cancelled training, and an overlap within the
    training.
    """
    async with transaction():
        training, session = await _locked(session_id)
        if session.state is not SessionState.CANCELLED:
            return
        if not was_not_held(session):
            raise SessionCancelled
        await _check_beside(session, session.starts_at, session.ends_at)
        await _become(training, session, SessionState.PLANNED)
        await TrainingSession.filter(id=session.id).update(corrected_at=clock.now())
        await record("schedule.held", actor=actor, object_id=session.id, hub_id=training.hub_id)


async def _locked(session_id: UUID) -> tuple[Training, TrainingSession]:
    training, session = await locked_session(session_id)
    if training.state is TrainingState.CANCELLED:
        raise TrainingCalledOff
    return training, session


async def _become(training: Training, session: TrainingSession, state: SessionState) -> None:
    cancelled_at = clock.now() if state is SessionState.CANCELLED else None
    # A cancelled session is never at 0, also without a text to count from.
    sequence = max(session.sequence, 1)
    await TrainingSession.filter(id=session.id).update(state=state, cancelled_at=cancelled_at, sequence=sequence)
    await finish(training)
    await raise_sequence(session)


class DatePassed(Refusal):
    sentence = N_("Esa fecha ya pasó. Agregue una sesión nueva en la capacitación.")


class AllDatesPassed(Refusal):
    sentence = N_("Todas sus fechas ya pasaron. Haga una copia de la capacitación con fechas nuevas.")


async def restore_session(session_id: UUID, *, actor: Actor, override_reason: str = "") -> TrainingSession:
    """As planned. Refuses in a cancelled training, after its end, an overlap within the training, and taken people or
    places (a reason lets it stand, on record).
    """
    async with transaction():
        training, session = await locked_session(session_id)
        if session.state is SessionState.PLANNED:
            return session
        if training.state is TrainingState.CANCELLED:
            raise TrainingCalledOff
        if clock.now() >= session.ends_at:
            raise DatePassed
        await _check_beside(session, session.starts_at, session.ends_at)
        await _check_free(training, [session], actor, override_reason)
        session.state, session.cancelled_at = SessionState.PLANNED, None
        await session.save(update_fields=["state", "cancelled_at"])
        await finish(training)
        await record("schedule.restore_session", actor=actor, object_id=session.id, hub_id=training.hub_id)
        return await TrainingSession.get(id=session_id)


async def restore_training(
    training_id: UUID, *, actor: Actor, override_reason: str = "", somebody_came: bool = False
) -> Training:
    """With the sessions that stood. Refuses one not cancelled, one that is over (unless `somebody_came`), and people or
    places taken meanwhile.
    """
    async with transaction():
        training = await locked_training(training_id)
        if training.state is not TrainingState.CANCELLED:
            raise actions.IllegalMove
        planned = await TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED)
        ahead = [one for one in planned if one.ends_at > clock.now()]
        if planned and not ahead and not somebody_came:
            raise AllDatesPassed
        await _check_free(training, ahead, actor, override_reason)
        return await actions.reopen(training_id, actor=actor)


async def _check_free(
    training: Training, sessions: Sequence[TrainingSession], actor: Actor, override_reason: str
) -> None:
    people: dict[UUID, list[UUID]] = {one.id: [] for one in sessions}
    for held in await SessionFacilitator.filter(session_id__in=list(people)).order_by("user_id"):
        people[held.session_id].append(held.user_id)
    await check_bookings(
        {number: _plan(one, people[one.id]) for number, one in enumerate(sessions)},
        actor=actor,
        hub_id=training.hub_id,
        override_reason=override_reason,
        but=set(people),
    )


def _plan(session: TrainingSession, facilitator_ids: Sequence[UUID]) -> SessionPlan:
    return SessionPlan(session.starts_at, session.ends_at, session.venue_id, tuple(facilitator_ids), session.id)
