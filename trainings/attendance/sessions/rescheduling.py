"""Changing known sessions: rows, hours, completion and messages, all or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from trainings.attendance.actions import locked_stays, settle
from trainings.attendance.moments import compare_again
from trainings.attendance.phones.closings import close_reported
from trainings.attendance.queries import totals_of
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import NotFound, Refusal
from trainings.registrations.seats.cards import move_releases
from trainings.registrations.seats.waiting import fill_places, renew_offers
from trainings.registrations.telling.changes import call_off_training, tell_changes
from trainings.schedule import actions as schedule
from trainings.schedule.changes import standing
from trainings.schedule.models import TrainingSession
from trainings.schedule.staff.corrections import correct_session
from trainings.schedule.staff.not_held import say_held, say_not_held, was_not_held
from trainings.schedule.staff.restoring import restore_session, restore_training
from trainings.web.i18n import N_


class SomebodyCame(Refusal):
    code = "somebody_came"
    sentence = N_(
        "Hay marcas de quienes llegaron a esta sesión: %(n)s. Si llegaron, sí se realizó; si son un error, "
        "deshágalas primero en su página de asistencia."
    )


async def change_sessions(training_id: UUID, act: Callable[[], Awaitable[object]], *, actor: Actor) -> UUID | None:
    """Change a training's sessions with all consequences; if `act` refuses, nothing happens.

    Minutes and completion are computed anew (sessions not cancelled count). Reserved places keep their time before the
    first session, offered ones end at its start. People are told after ten minutes. Returns the batch that may be
    stopped until then; None: nobody is told.
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
    """Refuses as `schedule.actions.move_session`; returns as `change_sessions`."""

    async def act() -> None:
        await schedule.move_session(
            session_id, starts_at, ends_at, venue_id, actor=actor, override_reason=override_reason, known_as=known_as
        )

    return await change_sessions(await _training_of(session_id), act, actor=actor)


async def correct(
    session_id: UUID, starts_at: datetime, ends_at: datetime, *, actor: Actor, reason: str, known_as: str = ""
) -> None:
    """When it was really held: marks, hours and completion as with a move, and nobody is told.

    A phone's closing may take effect now. Refuses as `correct_session`.
    """
    training_id = await _training_of(session_id)
    async with transaction():
        await locked_stays(training_id)
        await correct_session(session_id, starts_at, ends_at, actor=actor, reason=reason, known_as=known_as)
        await compare_again(training_id)
        await settle(training_id)
    await close_reported([session_id])


async def not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """Said once its time is over: hours and completion as for a cancelled session.

    Nobody is told: it is too late to act, and the message would read as if the next session were cancelled. Refuses
    (SomebodyCame) while anybody is marked there, and as `say_not_held`.
    """
    training_id = await _training_of(session_id)
    async with transaction():
        await locked_stays(training_id)
        session = await TrainingSession.get(id=session_id)
        n_here = await n_marked(session)
        if n_here and not was_not_held(session):
            raise SomebodyCame(n=n_here)
        await say_not_held(session_id, actor=actor, reason=reason, known_as=known_as)
        await compare_again(training_id)
        await settle(training_id)


async def n_marked(session: TrainingSession) -> int:
    """Arrivals, whatever became of the session."""
    here = await totals_of(session)
    return here.n_present + here.n_unnamed + here.n_companions


async def held(session_id: UUID, *, actor: Actor) -> None:
    """Undo `not_held`: marks made meanwhile count. Refuses as `say_held`."""
    training_id = await _training_of(session_id)
    async with transaction():
        await locked_stays(training_id)
        await say_held(session_id, actor=actor)
        await compare_again(training_id)
        await settle(training_id)
    await close_reported([session_id])


async def cancel(session_id: UUID, *, actor: Actor) -> UUID | None:
    """Refuses as `schedule.actions.cancel_session`; returns as `change_sessions`."""

    async def act() -> None:
        await schedule.cancel_session(session_id, actor=actor)

    return await change_sessions(await _training_of(session_id), act, actor=actor)


async def restore(session_id: UUID, *, actor: Actor, override_reason: str = "") -> UUID | None:
    """Undo a cancellation. Refuses as `restore_session`; returns as `change_sessions`."""

    async def act() -> None:
        await restore_session(session_id, actor=actor, override_reason=override_reason)

    return await change_sessions(await _training_of(session_id), act, actor=actor)


async def call_off(training_id: UUID, reason: str, *, actor: Actor) -> UUID | None:
    """Cancel all sessions. Refuses as `schedule.actions.cancel_training`."""
    async with transaction():
        await locked_stays(training_id)
        batch_id = await call_off_training(training_id, reason, actor=actor)
        await compare_again(training_id)
        await settle(training_id)
        return batch_id


async def reopen(training_id: UUID, *, actor: Actor, override_reason: str = "") -> UUID | None:
    """A cancelled training takes place after all; or was held all the same, and nobody is told. Refuses as
    `restore_training`; returns as `change_sessions`.
    """

    async def act() -> None:
        called_off = await TrainingSession.filter(training_id=training_id, called_off_at__not_isnull=True)
        came = [await n_marked(one) for one in called_off]
        await restore_training(training_id, actor=actor, override_reason=override_reason, somebody_came=any(came))

    return await change_sessions(training_id, act, actor=actor)


async def _training_of(session_id: UUID) -> UUID:
    found = await TrainingSession.get_or_none(id=session_id)
    if found is None:
        raise NotFound(N_("No encontramos esa sesión."))
    return found.training_id
