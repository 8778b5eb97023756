"""Registrations tell the people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.schedule import calendar_texts
from trainings.schedule.bookings import check_bookings
from trainings.schedule.models import SessionFacilitator, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.plans import (
    SessionPlan,
    check_facilitators,
    check_places,
    check_times,
    session_field,
    without_who_left,
)
from trainings.web.i18n import N_


class SessionElsewhere(Refusal):
    sentence = N_("Una de las sesiones ya no está en esta capacitación. Abra la página otra vez.")


class AlreadyHeld(Refusal):
    sentence = N_(
        "Esa sesión ya terminó: ni se mueve ni se cancela. Si no se realizó, o fue otro día u otra hora, anótelo en la "
        "página de la capacitación, junto a esa sesión."
    )


class MovedIntoPast(Refusal):
    sentence = N_("Ese día y esa hora ya pasaron. Revise el año, el mes y el día.")


class MovedMeanwhile(Refusal):
    sentence = N_(
        "Otra persona cambió esta sesión mientras usted escribía. Arriba dice cómo está ahora: "
        "revise lo que escribió y envíelo otra vez."
    )


class OnlySession(Refusal):
    sentence = N_("Es la única sesión que queda. Para cancelarla, cancele la capacitación.")


class SessionIsOff(Refusal):
    sentence = N_("Esa sesión no se realiza. Si sí se realizó, dígalo primero en la página de la capacitación.")


class SessionCancelled(Refusal):
    sentence = N_("Esa sesión está cancelada. Agregue otra en la capacitación.")


class NotStarted(Refusal):
    sentence = N_("La sesión todavía no empieza. Ciérrela cuando termine.")


class EndOutside(WrongInput):
    sentence = N_("La sesión terminó entre su comienzo y ahora. Si sigue, ciérrela cuando termine.")


class PlaceGone(Refusal):
    sentence = N_(
        "Quienes la conocen no sabrían adónde ir. Escoja el lugar o, si es en línea, "
        "escriba el enlace en la capacitación."
    )


class TrainingCalledOff(Refusal):
    code = "called_off"
    sentence = N_("Esta capacitación está cancelada. Reábrala antes de cambiarla.")


CLOSED_EARLY = timedelta(minutes=15)
"""Closing at least this long before the planned end needs the true end."""


async def add_session(
    training_id: UUID, plan: SessionPlan, *, actor: Actor, override_reason: str = ""
) -> TrainingSession:
    """Refuses wrong times, places, people who are taken, a cancelled training."""
    async with transaction():
        training = await _open_training(training_id)
        await keep_sessions(training, [replace(plan, id=None)], actor=actor, override_reason=override_reason)
        await finish(training)
        session = await TrainingSession.filter(training_id=training.id).order_by("-created_at", "-id").first()
        assert session is not None
        await record("schedule.add_session", actor=actor, object_id=session.id, hub_id=training.hub_id)
        return session


async def move_session(
    session_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    venue_id: UUID | None,
    *,
    actor: Actor,
    override_reason: str = "",
    known_as: str = "",
) -> TrainingSession:
    """Refuses a session held or cancelled, a past time, and as `add_session`; facilitators without access are taken
    out. `known_as`: the `when_and_where` of the form; refuses (MovedMeanwhile) if it has changed.
    """
    async with transaction():
        training, session = await locked_session(session_id)
        _check_movable(training, session)
        if known_as and known_as != when_and_where(session):
            raise MovedMeanwhile
        facilitators = await SessionFacilitator.filter(session_id=session.id).values_list("user_id")
        plan = SessionPlan(starts_at, ends_at, venue_id, tuple(user_id for (user_id,) in facilitators), session.id)
        plans = await without_who_left([plan])
        await keep_sessions(training, plans, actor=actor, override_reason=override_reason)
        await finish(training)
        await record("schedule.move_session", actor=actor, object_id=session.id, hub_id=training.hub_id)
        return await TrainingSession.get(id=session.id)


def when_and_where(session: TrainingSession) -> str:
    """One word, for the form that moves it."""
    return f"{session.starts_at:%Y%m%dT%H%M}/{session.ends_at:%Y%m%dT%H%M}/{session.venue_id or ''}"


async def cancel_session(session_id: UUID, *, actor: Actor) -> None:
    """Twice is once. Refuses a session that was held, and the training's last session left."""
    async with transaction():
        training, session = await locked_session(session_id)
        if session.state is SessionState.CANCELLED:
            return
        await check_cancellable(training, session)
        session.state, session.cancelled_at = SessionState.CANCELLED, clock.now()
        # A cancelled session is never at 0, also without a text to count from.
        session.sequence = max(session.sequence, 1)
        await session.save(update_fields=["state", "cancelled_at", "sequence"])
        await finish(training)
        await record("schedule.cancel_session", actor=actor, object_id=session.id, hub_id=training.hub_id)


async def check_cancellable(training: Training, session: TrainingSession) -> None:
    """Refuses as `cancel_session`."""
    _check_movable(training, session)
    others = reads(TrainingSession).filter(training_id=training.id, state=SessionState.PLANNED)
    if not await others.exclude(id=session.id).exists():
        raise OnlySession


def closes_early(session: TrainingSession, at: datetime) -> bool:
    return session.starts_at <= at < session.ends_at - CLOSED_EARLY


async def close_session(
    session_id: UUID, *, actor: Actor, at: datetime | None = None, ended_at: datetime | None = None
) -> None:
    """Its minutes count from now on; twice is once. Refuses before its start, and a cancelled session. `at`: time of
    the closing, if it arrives later. `ended_at`: the true end; else an early closing is the end. Refuses
    (EndOutside) an end before the start or after the closing.
    """
    async with transaction():
        training, session = await locked_session(session_id)
        if session.state is SessionState.CANCELLED:
            raise SessionCancelled
        if session.called_off_at is not None:
            raise TrainingCalledOff
        if clock.now() < session.starts_at:
            raise NotStarted
        if session.closed_at is not None:
            return
        session.closed_at, session.closed_by_id = min(at or clock.now(), clock.now()), actor.id
        if ended_at is not None or closes_early(session, session.closed_at):
            _end_early(session, ended_at or session.closed_at)
        await session.save(update_fields=["closed_at", "closed_by_id", "ended_at", "corrected_at"])
        early = {"ended_at": session.ended_at.isoformat()} if session.ended_at is not None else {}
        await record("schedule.close_session", actor=actor, object_id=session.id, hub_id=training.hub_id, **early)


def _end_early(session: TrainingSession, ended_at: datetime) -> None:
    assert session.closed_at is not None
    if not session.starts_at <= ended_at <= session.closed_at:
        raise EndOutside(field="ended")
    if ended_at < session.ends_at:
        session.ended_at, session.corrected_at = ended_at, clock.now()


async def reopen_session(session_id: UUID, *, actor: Actor) -> None:
    """Refuses (SessionIsOff) a cancelled session, and of a cancelled training a session that was held."""
    async with transaction():
        training, session = await locked_session(session_id)
        if session.closed_at is None:
            return
        if session.state is SessionState.CANCELLED:
            raise SessionIsOff
        if training.state is TrainingState.CANCELLED:
            raise TrainingCalledOff
        session.reopened_at = clock.now()
        if session.ended_at is not None:
            session.corrected_at = session.reopened_at
        session.closed_at = session.closed_by_id = session.ended_at = None
        await session.save(update_fields=["closed_at", "closed_by_id", "ended_at", "reopened_at", "corrected_at"])
        await record("schedule.reopen_session", actor=actor, object_id=session.id, hub_id=training.hub_id)


# -- for the actions of trainings


async def keep_sessions(
    training: Training,
    sessions: Sequence[SessionPlan],
    *,
    actor: Actor,
    override_reason: str = "",
    drop_others: bool = False,
) -> bool:
    """Write these sessions of a locked training; returns whether any is new or changed time or place. Sessions left out
    stay, unless `drop_others`. Outside drafts, refuses a session without a place, also if only its link was removed.
    """
    standing = {
        one.id: one for one in await TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED)
    }
    wanted = [replace(plan, venue_id=plan.venue_id or training.venue_id) for plan in sessions]
    if not {plan.id for plan in wanted if plan.id is not None} <= standing.keys():
        raise SessionElsewhere
    others = [one for one in standing.values() if one.id not in {plan.id for plan in wanted}]
    _check_placed(training, [*wanted, *others])
    check_times(wanted, [] if drop_others else [(one.starts_at, one.ends_at) for one in others])
    await check_places(training.hub_id, [plan.venue_id for plan in wanted])
    people = await _facilitators(standing)
    changed = {n: plan for n, plan in enumerate(wanted) if _differs(plan, standing, people)}
    for number, plan in changed.items():
        if plan.id is not None:
            _check_movable(training, standing[plan.id])
            _check_still_comes(training, plan, number)
    await check_facilitators(changed)
    await check_bookings(
        changed, actor=actor, hub_id=training.hub_id, override_reason=override_reason, but=standing.keys()
    )
    if drop_others:
        await _drop(others)
    moved = [await _keep_one(training, plan, standing, people) for plan in changed.values()]
    await number_sessions(training)
    return any(moved)


async def finish(training: Training, changed: Iterable[str] = ()) -> None:
    """Last step of every visible change. `changed`: columns written."""
    training.revision, training.changed_at = training.revision + 1, clock.now()
    await training.save(update_fields=["revision", "changed_at"])
    await calendar_texts.refresh(
        training_ids=[training.id], is_refiltered=not calendar_texts.FILTERED_BY.isdisjoint(changed)
    )


async def _open_training(training_id: UUID) -> Training:
    training = await locked_training(training_id)
    if training.state is TrainingState.CANCELLED:
        raise TrainingCalledOff
    return training


async def locked_session(session_id: UUID) -> tuple[Training, TrainingSession]:
    """Under its training's lock. Raises NotFound."""
    where = await TrainingSession.get_or_none(id=session_id)
    if where is None:
        raise NotFound(N_("No encontramos esa sesión."))
    training = await locked_training(where.training_id)
    return training, await TrainingSession.get(id=session_id)


def _check_movable(training: Training, session: TrainingSession) -> None:
    if training.state is TrainingState.CANCELLED:
        raise TrainingCalledOff
    if session.state is SessionState.CANCELLED:
        raise SessionCancelled
    is_over = session.closed_at is not None or clock.now() >= session.ends_at
    if is_over and training.state is not TrainingState.DRAFT:
        raise AlreadyHeld


def _check_placed(training: Training, sessions: Iterable[SessionPlan | TrainingSession]) -> None:
    if training.state is TrainingState.DRAFT or training.online_url is not None:
        return
    if any(one.venue_id is None and one.ends_at > clock.now() for one in sessions):
        raise PlaceGone(field="venue")


def _check_still_comes(training: Training, plan: SessionPlan, number: int) -> None:
    """A mistyped date would announce a past day, and a held session cannot move back."""
    if plan.ends_at <= clock.now() and training.state is not TrainingState.DRAFT:
        raise MovedIntoPast(field=session_field(number))


async def _facilitators(standing: Mapping[UUID, TrainingSession]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {session_id: set() for session_id in standing}
    rows = await SessionFacilitator.filter(session_id__in=list(standing)).values_list("session_id", "user_id")
    for session_id, user_id in rows:
        found[session_id].add(user_id)
    return found


def _differs(plan: SessionPlan, standing: Mapping[UUID, TrainingSession], people: Mapping[UUID, set[UUID]]) -> bool:
    if plan.id is None:
        return True
    return _is_moved(plan, standing[plan.id]) or people[plan.id] != set(plan.facilitator_ids)


def _is_moved(plan: SessionPlan, session: TrainingSession) -> bool:
    before = (session.starts_at, session.ends_at, session.venue_id)
    return before != (plan.starts_at, plan.ends_at, plan.venue_id)


async def _keep_one(
    training: Training,
    plan: SessionPlan,
    standing: Mapping[UUID, TrainingSession],
    people: Mapping[UUID, set[UUID]],
) -> bool:
    """True: people must be told."""
    columns: dict[str, Any] = {"starts_at": plan.starts_at, "ends_at": plan.ends_at, "venue_id": plan.venue_id}
    if plan.id is None:
        session = await TrainingSession.create(
            training_id=training.id, position=0, stamped_at=clock.whole_second_after(None), **columns
        )
        before: set[UUID] = set()
        is_moved = True
    else:
        session, before = standing[plan.id], people[plan.id]
        is_moved = _is_moved(plan, session)
        await session.update_from_dict(columns).save(update_fields=list(columns))
    after = set(plan.facilitator_ids)
    await SessionFacilitator.filter(session_id=session.id, user_id__in=before - after).delete()
    for user_id in sorted(after - before):
        await SessionFacilitator.create(session_id=session.id, user_id=user_id)
    return is_moved


async def _drop(sessions: Sequence[TrainingSession]) -> None:
    """Only of drafts: nobody has seen their sessions."""
    ids = [session.id for session in sessions]
    await SessionFacilitator.filter(session_id__in=ids).delete()
    await TrainingSession.filter(id__in=ids).delete()


async def number_sessions(training: Training) -> None:
    """By time, with cancelled sessions: each reader counts the days and must find the same."""
    sessions = await TrainingSession.filter(training_id=training.id).order_by("starts_at", "id")
    for number, session in enumerate(sessions, start=1):
        if session.position != number:
            session.position = number
            await session.save(update_fields=["position"])


async def raise_sequence(before: TrainingSession) -> None:
    """Sessions outside feeds too: messages carry the number, and the next must be higher."""
    stamped_at = clock.whole_second_after(before.stamped_at)
    behind = TrainingSession.filter(id=before.id, sequence__lte=before.sequence)
    await behind.update(sequence=before.sequence + 1, stamped_at=stamped_at)


async def locked_training(training_id: UUID) -> Training:
    """Holds the row until the transaction ends."""
    found = await lock(Training, [training_id])
    if not found:
        raise NotFound(N_("No encontramos esa capacitación."))
    return found[0]
