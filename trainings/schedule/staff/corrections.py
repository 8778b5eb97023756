"""Correct the time of a past session. Nobody is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.schedule.models import SessionState, TrainingSession, TrainingState
from trainings.schedule.plans import SessionPlan, check_times, session_field
from trainings.schedule.session_actions import (
    MovedMeanwhile,
    SessionCancelled,
    TrainingCalledOff,
    finish,
    locked_session,
    number_sessions,
    raise_sequence,
    when_and_where,
)
from trainings.web.i18n import N_


class NotHeldYet(Refusal):
    code = "not_held_yet"
    sentence = N_("A esa hora todavía no ha terminado. Anótelo cuando ya se haya realizado.")


async def correct_session(
    session_id: UUID, starts_at: datetime, ends_at: datetime, *, actor: Actor, reason: str, known_as: str = ""
) -> None:
    """Record a session's true time, with a reason, and tell nobody.

    It replaces the plan: a shorter time lowers the minutes against which the share is counted. Clashes are not checked,
    for it happened. SEQUENCE rises as with a move, for calendars. Refuses a time that is not over, an overlap with
    another session of the training, a cancelled session, and as `move_session` an outdated `known_as`.
    """
    async with transaction():
        training, session = await locked_session(session_id)
        if training.state is TrainingState.CANCELLED:
            raise TrainingCalledOff
        if session.state is SessionState.CANCELLED:
            raise SessionCancelled
        if known_as and known_as != when_and_where(session):
            raise MovedMeanwhile
        if (session.starts_at, session.ends_at, session.ended_at) == (starts_at, ends_at, None):
            return
        await _check_held(session, starts_at, ends_at)
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


async def _check_held(session: TrainingSession, starts_at: datetime, ends_at: datetime) -> None:
    others = TrainingSession.filter(training_id=session.training_id, state=SessionState.PLANNED).exclude(id=session.id)
    check_times([SessionPlan(starts_at, ends_at)], [(one.starts_at, one.ends_at) for one in await others])
    if ends_at > clock.now():
        raise NotHeldYet(field=session_field(0))
