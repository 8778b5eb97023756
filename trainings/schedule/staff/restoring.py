"""Restore a cancelled session or training, if places and people are free."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.schedule import actions
from trainings.schedule.bookings import check_bookings
from trainings.schedule.locks import locked_training
from trainings.schedule.models import SessionFacilitator, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.plans import SessionPlan, check_times
from trainings.schedule.session_actions import TrainingCalledOff, finish, locked_session
from trainings.web.i18n import N_


class DatePassed(Refusal):
    code = "date_passed"
    sentence = N_("Esa fecha ya pasó. Agregue una sesión nueva en la capacitación.")


class AllDatesPassed(Refusal):
    code = "all_dates_passed"
    sentence = N_("Todas sus fechas ya pasaron. Haga una copia de la capacitación con fechas nuevas.")


async def restore_session(session_id: UUID, *, actor: Actor, override_reason: str = "") -> TrainingSession:
    """A cancelled session takes place as planned; nothing if it stands.

    Refuses in a cancelled training, after its end, an overlap within the training, and taken people or places (a reason
    lets it stand, on record).
    """
    async with transaction():
        training, session = await locked_session(session_id)
        if session.state is SessionState.PLANNED:
            return session
        if training.state is TrainingState.CANCELLED:
            raise TrainingCalledOff
        if clock.now() >= session.ends_at:
            raise DatePassed
        others = TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED)
        check_times([_plan(session, ())], [(one.starts_at, one.ends_at) for one in await others])
        await _check_free(training, [session], actor, override_reason)
        session.state, session.cancelled_at = SessionState.PLANNED, None
        await session.save(update_fields=["state", "cancelled_at"])
        await finish(training)
        await record("schedule.restore_session", actor=actor, object_id=session.id, hub_id=training.hub_id)
        return await TrainingSession.get(id=session_id)


async def restore_training(
    training_id: UUID, *, actor: Actor, override_reason: str = "", somebody_came: bool = False
) -> Training:
    """A cancelled training takes place with the sessions that stood.

    Refuses a training not cancelled, one that is over (unless `somebody_came`), and people or places taken meanwhile.
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
