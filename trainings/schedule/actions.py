"""Registrations change the capacity: they know the waiting list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.text import slugify
from trainings.lib.tokens import slug_suffix, uuid7
from trainings.schedule import plans
from trainings.schedule.models import (
    TRAINING_MOVES,
    FacilitatorTold,
    FactsSnapshot,
    SessionFacilitator,
    SessionFeed,
    SessionState,
    SessionText,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.phase import last_end
from trainings.schedule.plans import NOT_EDITED, SessionPlan, TrainingPlan
from trainings.schedule.session_actions import (
    TrainingCalledOff,
    add_session,
    cancel_session,
    close_session,
    finish,
    keep_sessions,
    locked_training,
    move_session,
    reopen_session,
)
from trainings.web.i18n import N_

__all__ = [
    "Edited",
    "SessionPlan",
    "TrainingPlan",
    "add_session",
    "cancel_session",
    "cancel_training",
    "close_session",
    "create_training",
    "delete_draft",
    "edit_training",
    "move_session",
    "publish",
    "reopen",
    "reopen_session",
    "unlist",
]


class IllegalMove(Refusal):
    sentence = N_("Esta capacitación ya no se puede cambiar así. Abra la página otra vez para ver cómo está.")


class NoSessions(Refusal):
    sentence = N_("Falta una sesión con fecha. Agréguela antes de publicar.")


class NoVenue(Refusal):
    sentence = N_("Falta el lugar de una sesión. Escójalo antes de publicar.")


class NoReason(Refusal):
    sentence = N_("Escriba por qué se cancela: se le dirá a las personas inscritas.")


class AlreadyOver(Refusal):
    sentence = N_(
        "Todas las sesiones ya terminaron: ya no se puede cancelar. Si alguna no se realizó, anótelo junto a ella."
    )


class HubFixed(Refusal):
    sentence = N_("Una capacitación no cambia de ventanilla. Cree otra en la otra ventanilla.")


class CourseFixed(Refusal):
    sentence = N_(
        "Ya publicada, una capacitación no cambia de curso. Si el curso no es este, duplíquela, escoja el otro en la "
        "copia y cancele esta."
    )


class ChangedMeanwhile(Refusal):
    sentence = N_("Otra persona cambió esta capacitación mientras usted escribía. Ábrala otra vez y repita su cambio.")


class NotADraft(Refusal):
    sentence = N_("Solo se borra un borrador que nunca se publicó. Cancélela: así se avisa a las personas.")


class DraftInUse(Refusal):
    sentence = N_(
        "Este borrador ya tiene personas, convocatorias, listas o papeles, y no se puede borrar. Si no se realizará, "
        "cancélelo."
    )


@dataclass(frozen=True, slots=True)
class Edited:
    training: Training
    is_moved: bool


async def create_training(
    plan: TrainingPlan,
    sessions: Sequence[SessionPlan],
    *,
    actor: Actor,
    override_reason: str = "",
    training_id: UUID | None = None,
) -> Training:
    """A draft; its slug is fixed from now on. `training_id`: its key, if needed before. Refuses unknown courses, hubs
    and places, sessions that overlap or end before they start, and people or places taken then (a reason lets them
    stand, on record).
    """
    plans.check_plan(plan)
    async with transaction():
        terms = await plans.terms_of(plan.course_id)
        await plans.check_places(plan.hub_id, [plan.venue_id])
        training = await Training.create(
            id=training_id or uuid7(),
            **plan.columns(),
            **terms,
            slug=f"{slugify(plan.title) or 'capacitacion'}-{slug_suffix()}",
            short_code=await _free_short_code(),
            state=TrainingState.DRAFT,
            changed_at=clock.now(),
        )
        await keep_sessions(training, sessions, actor=actor, override_reason=override_reason)
        await record(
            "schedule.create_training", actor=actor, object_id=training.id, hub_id=training.hub_id, n=len(sessions)
        )
    return training


async def edit_training(
    training_id: UUID,
    plan: TrainingPlan,
    sessions: Sequence[SessionPlan],
    *,
    actor: Actor,
    override_reason: str = "",
    revision: int | None = None,
) -> Edited:
    """Without capacity and childcare places (`registrations.seats.actions.resize`). Only a draft loses sessions left
    out. Refuses as `create_training`, and: held sessions, a cancelled training, another hub, another course after
    publishing, an outdated `revision` (of the opened form).
    """
    plans.check_plan(plan)
    async with transaction():
        training = await locked_training(training_id)
        if training.state is TrainingState.CANCELLED:
            raise TrainingCalledOff
        if revision is not None and revision != training.revision:
            raise ChangedMeanwhile
        _check_fixed(training, plan)
        terms = await plans.terms_of(plan.course_id)
        await plans.check_places(plan.hub_id, [plan.venue_id])
        changed = await _write_changed(training, plan, terms if plan.course_id != training.course_id else {})
        is_moved = await keep_sessions(
            training,
            sessions,
            actor=actor,
            override_reason=override_reason,
            drop_others=training.state is TrainingState.DRAFT,
        )
        await finish(training, changed)
        await record(
            "schedule.edit_training", actor=actor, object_id=training.id, hub_id=training.hub_id, changed=changed
        )
    return Edited(training, is_moved)


def _check_fixed(training: Training, plan: TrainingPlan) -> None:
    if plan.hub_id != training.hub_id:
        raise HubFixed(field="hub")
    if plan.course_id != training.course_id and training.published_at is not None:
        raise CourseFixed(field="course")


async def _write_changed(training: Training, plan: TrainingPlan, terms: dict[str, Any]) -> list[str]:
    columns = {name: value for name, value in plan.columns().items() if name not in NOT_EDITED} | terms
    changed = [name for name, value in columns.items() if getattr(training, name) != value]
    if changed:
        await training.update_from_dict(columns).save(update_fields=changed)
    return changed


async def delete_draft(training_id: UUID, *, actor: Actor) -> None:
    """For good, with its sessions. Refuses what was ever published or cancelled (NotADraft), and a draft to which
    anything else refers (DraftInUse): the database says so.
    """
    try:
        async with transaction():
            training = await locked_training(training_id)
            if training.state is not TrainingState.DRAFT or training.published_at is not None:
                raise NotADraft
            ids = [key for (key,) in await TrainingSession.filter(training_id=training.id).values_list("id")]
            for model in (SessionFacilitator, SessionFeed, SessionText):
                await model.filter(session_id__in=ids).delete()
            for facts in (FactsSnapshot, FacilitatorTold):
                await facts.filter(training_id=training.id).delete()
            await TrainingSession.filter(training_id=training.id).delete()
            await training.delete()
            await record("schedule.delete_draft", actor=actor, object_id=training.id, hub_id=training.hub_id)
    except IntegrityError:
        raise DraftInUse from None


async def publish(training_id: UUID, *, actor: Actor) -> Training:
    """Refuses a cancelled training, and a training without sessions or places."""
    return await _show(training_id, TrainingState.PUBLISHED, "schedule.publish", actor)


async def unlist(training_id: UUID, *, actor: Actor) -> Training:
    """The training shows only by its address. Refuses as `publish`."""
    return await _show(training_id, TrainingState.UNLISTED, "schedule.unlist", actor)


async def _show(training_id: UUID, state: TrainingState, act: str, actor: Actor) -> Training:
    async with transaction():
        training = await locked_training(training_id)
        if training.state is TrainingState.CANCELLED:
            raise IllegalMove
        return await _become(training, state, act, actor)


async def reopen(training_id: UUID, *, actor: Actor) -> Training:
    """Back to the state before the cancellation."""
    async with transaction():
        training = await locked_training(training_id)
        if training.state is not TrainingState.CANCELLED:
            raise IllegalMove
        before = training.state_before or TrainingState.PUBLISHED
        await TrainingSession.filter(training_id=training.id).update(called_off_at=None)
        training.cancelled_at, training.cancel_reason, training.state_before = None, "", None
        await training.save(update_fields=["cancelled_at", "cancel_reason", "state_before"])
        return await _become(training, before, "schedule.reopen", actor)


async def cancel_training(training: Training, reason: str, *, actor: Actor) -> None:
    """In the transaction and under the lock of the caller, which tells people. Closed sessions were held; each session
    keeps its own state for a reopening. Refuses without a reason, and when all sessions were held.
    """
    if not reason.strip():
        raise NoReason(field="reason")
    if TrainingState.CANCELLED not in TRAINING_MOVES[training.state]:
        raise IllegalMove
    end = last_end(await TrainingSession.filter(training_id=training.id))
    if end is not None and clock.now() >= end and training.state is not TrainingState.DRAFT:
        raise AlreadyOver
    training.state_before, training.state = training.state, TrainingState.CANCELLED
    training.cancelled_at, training.cancel_reason = clock.now(), reason.strip()
    await training.save(update_fields=["state", "state_before", "cancelled_at", "cancel_reason"])
    not_closed = TrainingSession.filter(training_id=training.id, closed_at=None)
    await not_closed.update(called_off_at=training.cancelled_at)
    await finish(training)
    await record("schedule.cancel_training", actor=actor, object_id=training.id, hub_id=training.hub_id)


async def _become(training: Training, state: TrainingState, act: str, actor: Actor) -> Training:
    if training.state is state:
        return training
    if state not in TRAINING_MOVES[training.state]:
        raise IllegalMove
    columns: dict[str, Any] = {"state": state}
    if state is not TrainingState.DRAFT:
        await _check_complete(training)
        if training.published_at is None:
            columns |= {"published_at": clock.now()} | await plans.terms_of(training.course_id)
    await training.update_from_dict(columns).save(update_fields=list(columns))
    await finish(training)
    await record(act, actor=actor, object_id=training.id, hub_id=training.hub_id)
    return training


async def _check_complete(training: Training) -> None:
    sessions = await TrainingSession.filter(training_id=training.id, state=SessionState.PLANNED)
    if not sessions:
        raise NoSessions
    is_online = training.online_url is not None
    if not is_online and any(session.venue_id is None for session in sessions):
        raise NoVenue


async def _free_short_code() -> str:
    """Chosen before writing: a refused insert ends the transaction."""
    while True:
        code = slug_suffix().upper()
        if not await Training.exists(short_code=code):
            return code
