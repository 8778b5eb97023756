"""Copies of trainings, as drafts: one on other days, or a whole month of a hub in another month.

Activities of the month are copied by `outreach.copies`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.schedule.actions import create_training
from trainings.schedule.bookings import Owner
from trainings.schedule.locks import locked_training
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.not_held import was_not_held
from trainings.schedule.plans import SessionPlan, TrainingPlan, without_who_left
from trainings.schedule.series import ordinal, same_weekday_in
from trainings.web.i18n import N_


class NothingToCopy(Refusal):
    code = "nothing_to_copy"
    sentence = N_("Esa capacitación no tiene sesiones que copiar.")


@dataclass(frozen=True, slots=True)
class Copy:
    """What a training or activity (`owner`) of one month would be in another.

    `is_last_of_month`: it was on a fifth weekday, which the other month does not have, and comes on its last.
    `made_path`: the draft, where it was copied there before. `kind`: of an activity, in words.
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
    """A draft like this one with its first session on `first_day` (local), the others as far behind as they were.

    Of its sessions those of `to_copy`. Refuses as `create_training`: the same people may be taken on the new days.
    """
    async with transaction():
        training = await locked_training(training_id)
        sessions = await TrainingSession.filter(training_id=training.id).prefetch_related("facilitators")
        return await _copy(training, to_copy(sessions), first_day, actor, override_reason)


def to_copy(sessions: Sequence[TrainingSession]) -> list[TrainingSession]:
    """What stands; where nothing does, what was to be held and never was: such a training is held another time."""
    standing = [session for session in sessions if session.state is SessionState.PLANNED]
    return standing or [session for session in sessions if was_not_held(session)]


async def copy_to_month(
    training_id: UUID, month: date, *, actor: Actor, override_reason: str = ""
) -> tuple[Training, bool]:
    """A draft like this one in another month, on the same weekday of it; and whether it is new. Twice is once.

    The key of the copy says of what and for which month it is: it is known again though it be moved or renamed.
    Refuses a training without sessions, and as `create_training`.
    """
    async with transaction():
        training = await locked_training(training_id)
        made = await Training.get_or_none(id=copy_key(training.id, month))
        if made is not None:
            return made, False
        sessions = await _planned(training.id)
        if not sessions:
            raise NothingToCopy
        first_day = same_weekday_in(_first_day(sessions), month.year, month.month)
        key = copy_key(training.id, month)
        return await _copy(training, sessions, first_day, actor, override_reason, key=key), True


async def copies_of(hub_id: UUID, month: date, target: date) -> list[Copy]:
    """What the hub's trainings that begin in a month would be in another, by day. Called-off ones are left out.

    Both months are told by a day in them.
    """
    start, end = bounds(month)
    held = reads(TrainingSession).filter(
        training__hub_id=hub_id,
        training__state__not=TrainingState.CANCELLED,
        state=SessionState.PLANNED,
        starts_at__gte=start,
        starts_at__lt=end,
    )
    ids = {training_id for (training_id,) in await held.values_list("training_id")}
    trainings = await reads(Training).filter(id__in=sorted(ids)).prefetch_related("sessions__facilitators")
    keys = [copy_key(one, target) for one in ids]
    made = {training_id for (training_id,) in await reads(Training).filter(id__in=keys).values_list("id")}
    copies = [_foreseen(training, target, made) for training in trainings if _begins(training) >= start]
    return sorted(copies, key=lambda copy: (copy.first_day, copy.owner.title))


def shifted(sessions: Sequence[TrainingSession], first_day: date) -> list[SessionPlan]:
    """These meetings with the first on that day, in order: weeks and hours stay as far from each other as they were."""
    shift = first_day - _first_day(sessions) if sessions else timedelta()
    return [
        SessionPlan(
            session.starts_at + shift,
            session.ends_at + shift,
            session.venue_id,
            tuple(facilitator.user_id for facilitator in session.facilitators),
        )
        for session in sorted(sessions, key=lambda session: session.starts_at)
    ]


def copy_key(owner_id: UUID, month: date) -> UUID:
    """The key of a training's or activity's copy in that month."""
    return uuid5(owner_id, f"{month:%Y-%m}")


def bounds(month: date) -> tuple[datetime, datetime]:
    """The moments between which a month is, told by a day in it."""
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    return clock.midnight(month.replace(day=1)), clock.midnight(following)


def _foreseen(training: Training, target: date, made: set[UUID]) -> Copy:
    sessions = [session for session in training.sessions if session.state is SessionState.PLANNED]
    old_day = _first_day(sessions)
    new_day = same_weekday_in(old_day, target.year, target.month)
    key = copy_key(training.id, target)
    return Copy(
        owner=Owner(training.id, training.title),
        first_day=old_day,
        plans=tuple(shifted(sessions, new_day)),
        is_last_of_month=ordinal(old_day) != ordinal(new_day),
        made_path=f"/panel/capacitaciones/{key}" if key in made else "",
    )


async def _planned(training_id: UUID) -> list[TrainingSession]:
    found = TrainingSession.filter(training_id=training_id, state=SessionState.PLANNED)
    return await found.prefetch_related("facilitators")


def _first_day(sessions: Sequence[TrainingSession]) -> date:
    return clock.local(min(session.starts_at for session in sessions)).date()


def _begins(training: Training) -> datetime:
    return min(session.starts_at for session in training.sessions if session.state is SessionState.PLANNED)


async def _copy(
    training: Training,
    sessions: Sequence[TrainingSession],
    first_day: date,
    actor: Actor,
    override_reason: str,
    *,
    key: UUID | None = None,
) -> Training:
    """The draft; its window moves with its sessions. Who has no access any more does not hold them."""
    plan, shift = _plan_of(training), first_day - _first_day(sessions) if sessions else timedelta()
    moved = replace(
        plan,
        opens_at=training.opens_at + shift if training.opens_at else None,
        closes_at=training.closes_at + shift if training.closes_at else None,
    )
    plans = await without_who_left(shifted(sessions, first_day))
    return await create_training(moved, plans, actor=actor, override_reason=override_reason, training_id=key)


def _plan_of(training: Training) -> TrainingPlan:
    columns = ((column.name, getattr(training, column.name)) for column in fields(TrainingPlan))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in columns}
    return TrainingPlan(**values)
