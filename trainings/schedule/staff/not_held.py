"""Record that a past session never took place (rain, nobody came). Nobody is told."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import end_of
from trainings.schedule.plans import SessionPlan, check_times
from trainings.schedule.session_actions import (
    MovedMeanwhile,
    SessionCancelled,
    TrainingCalledOff,
    finish,
    locked_session,
    raise_sequence,
    when_and_where,
)
from trainings.web.i18n import N_

ACT = "schedule.not_held"


class NotOverYet(Refusal):
    code = "not_over_yet"
    sentence = N_("La sesión todavía no termina. Si no se va a realizar, cancélela: así se le avisa a la gente.")


def was_not_held(session: TrainingSession) -> bool:
    """Cancelled once it was over; an earlier cancellation is told to people."""
    if session.state is not SessionState.CANCELLED or session.cancelled_at is None:
        return False
    return session.cancelled_at >= end_of(session)


async def say_not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """A session did not take place; twice is once. The reason is recorded, and nobody is told.

    It may be the last one left: the training stays, for another date. SEQUENCE rises, for calendars. Refuses before its
    end, a cancelled session, and as `move_session` an outdated `known_as`.
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
    """Undo `say_not_held`; nothing if it stands as held.

    Refuses a session cancelled before its end (people were told), a cancelled training, and an overlap with another
    session of the training.
    """
    async with transaction():
        training, session = await _locked(session_id)
        if session.state is not SessionState.CANCELLED:
            return
        if not was_not_held(session):
            raise SessionCancelled
        others = TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED)
        plan = SessionPlan(session.starts_at, session.ends_at)
        check_times([plan], [(one.starts_at, one.ends_at) for one in await others])
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
