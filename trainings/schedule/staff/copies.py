from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.schedule.actions import create_training
from trainings.schedule.bookings import Owner
from trainings.schedule.models import OF_REAL, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.months import Month
from trainings.schedule.plans import SessionPlan, TrainingPlan, without_who_left
from trainings.schedule.session_actions import locked_training
from trainings.schedule.staff.corrections import was_not_held
from trainings.schedule.staff.series import ordinal, same_weekday_in
from trainings.web.i18n import N_

PATH = "/panel/capacitaciones"


class NothingToCopy(Refusal):
    sentence = N_("Esa capacitación no tiene sesiones que copiar.")


@dataclass(frozen=True, slots=True)
class Copy:
    """A training or activity (`owner`) as planned for another month. `is_last_of_month`: a fifth weekday, which the
    other month lacks, comes on its last. `made_path`: the draft, if copied before. `kind`: of an activity, in words.
    """

    owner: Owner
    first_day: date
    plans: tuple[SessionPlan, ...]
    is_last_of_month: bool
    made_path: str
    kind: str = ""


async def duplicate_training(
    training_id: UUID, first_day: date, *, actor: Actor, override_reason: str = ""
) -> Training:
    """From `first_day` (local) on, at the same distances; the sessions of `to_copy`. Refuses as `create_training`."""
    async with transaction():
        training = await locked_training(training_id)
        sessions = await TrainingSession.filter(training_id=training.id).prefetch_related("facilitators")
        return await _copy(training, to_copy(sessions), first_day, actor, override_reason)


def to_copy(sessions: Sequence[TrainingSession]) -> list[SessionPlan]:
    """Sessions that stand; if none does, cancelled sessions that were never held."""
    return _standing(sessions) or [_plan_as_held(session) for session in sessions if was_not_held(session)]


async def copy_to_month(
    training_id: UUID, month: Month, *, actor: Actor, override_reason: str = ""
) -> tuple[Training, bool]:
    """On the same weekday of another month, and whether it is new; twice is once: the key names origin and month.
    Refuses a training without sessions, and as `create_training`.
    """
    async with transaction():
        training = await locked_training(training_id)
        made = await Training.get_or_none(id=copy_key(training.id, month))
        if made is not None:
            return made, False
        plans = _standing(await TrainingSession.filter(training_id=training.id).prefetch_related("facilitators"))
        if not plans:
            raise NothingToCopy
        first_day, key = day_in(month, plans), copy_key(training.id, month)
        return await _copy(training, plans, first_day, actor, override_reason, key=key), True


async def copies_of(hub_id: UUID, month: Month, target: Month) -> list[Copy]:
    """Trainings that begin in one month as they would be in another, by day; without cancelled trainings."""
    held = reads(TrainingSession).filter(
        OF_REAL,
        training__hub_id=hub_id,
        training__state__not=TrainingState.CANCELLED,
        state=SessionState.PLANNED,
        starts_at__gte=month.starts_at,
        starts_at__lt=month.ends_at,
    )
    ids = {training_id for (training_id,) in await held.values_list("training_id")}
    trainings = await reads(Training).filter(id__in=sorted(ids)).prefetch_related("sessions__facilitators")
    keys = [copy_key(one, target) for one in ids]
    made = {training_id for (training_id,) in await reads(Training).filter(id__in=keys).values_list("id")}
    copies = [
        foreseen(Owner(one.id, one.title), _standing(list(one.sessions)), target, path=PATH, made=made)
        for one in trainings
    ]
    return sorted(
        (copy for copy in copies if copy.first_day >= month.first), key=lambda copy: (copy.first_day, copy.owner.title)
    )


def foreseen(
    owner: Owner, plans: Sequence[SessionPlan], month: Month, *, path: str, made: Collection[UUID], kind: str = ""
) -> Copy:
    """`made`: keys of existing drafts, each at `path`."""
    assert owner.id is not None, "what is copied is there"
    old_day, new_day, key = _first_day(plans), day_in(month, plans), copy_key(owner.id, month)
    return Copy(
        owner=owner,
        first_day=old_day,
        plans=tuple(shifted(plans, new_day)),
        is_last_of_month=ordinal(old_day) != ordinal(new_day),
        made_path=f"{path}/{key}" if key in made else "",
        kind=kind,
    )


def day_in(month: Month, plans: Sequence[SessionPlan]) -> date:
    return same_weekday_in(_first_day(plans), month.year, month.number)


def shifted(plans: Sequence[SessionPlan], first_day: date) -> list[SessionPlan]:
    """Weeks and hours keep their distances."""
    shift = first_day - _first_day(plans) if plans else timedelta()
    return [
        replace(plan, starts_at=plan.starts_at + shift, ends_at=plan.ends_at + shift)
        for plan in sorted(plans, key=lambda plan: plan.starts_at)
    ]


def copy_key(owner_id: UUID, month: Month) -> UUID:
    return uuid5(owner_id, str(month))


def _standing(sessions: Sequence[TrainingSession]) -> list[SessionPlan]:
    return [_plan_as_held(session) for session in sessions if session.state is SessionState.PLANNED]


def _plan_as_held(session: TrainingSession) -> SessionPlan:
    people = tuple(facilitator.user_id for facilitator in session.facilitators)
    return SessionPlan(session.starts_at, session.ends_at, session.venue_id, people)


def _first_day(plans: Sequence[SessionPlan]) -> date:
    return clock.local(min(plan.starts_at for plan in plans)).date()


async def _copy(
    training: Training,
    plans: Sequence[SessionPlan],
    first_day: date,
    actor: Actor,
    override_reason: str,
    *,
    key: UUID | None = None,
) -> Training:
    plan, shift = _plan_of(training), first_day - _first_day(plans) if plans else timedelta()
    moved = replace(
        plan,
        opens_at=training.opens_at + shift if training.opens_at else None,
        closes_at=training.closes_at + shift if training.closes_at else None,
    )
    held = await without_who_left(shifted(plans, first_day))
    return await create_training(moved, held, actor=actor, override_reason=override_reason, training_id=key)


def _plan_of(training: Training) -> TrainingPlan:
    columns = ((column.name, getattr(training, column.name)) for column in fields(TrainingPlan))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in columns}
    return TrainingPlan(**values)
