"""Plans that tests begin from, and what was written of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests import make
from tests.cast import Cast
from trainings.accounts.models import User
from trainings.audit.models import AuditLine
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import (
    Training,
    TrainingSession,
)

NOBODY = UUID(int=0)


async def plan_for(cast: Cast, **fields: Any) -> TrainingPlan:
    course = await make.make_course()
    values: dict[str, Any] = {"title": course.title, "capacity": 20, "venue_id": cast.venue.id}
    return TrainingPlan(course_id=course.id, hub_id=cast.hub.id, **(values | fields))


def meeting(days: int = 3, start: int = 8, end: int = 12, *people: User, **fields: Any) -> SessionPlan:
    return SessionPlan(
        make.tomorrow_at(start, days=days),
        make.tomorrow_at(end, days=days),
        **{"facilitator_ids": tuple(user.id for user in people)} | fields,
    )


async def sessions_of(training: Training) -> list[TrainingSession]:
    return await TrainingSession.filter(training_id=training.id).order_by("starts_at").prefetch_related("facilitators")


async def acts() -> list[str]:
    return [line.act for line in await AuditLine.all().order_by("id") if line.act.startswith("schedule.")]


def plan_of(training: Training, **fields: Any) -> TrainingPlan:
    columns = {name: getattr(training, name) for name in TrainingPlan.__dataclass_fields__}
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in columns.items()}
    return TrainingPlan(**(values | fields))


async def standing(training: Training) -> list[SessionPlan]:
    return [
        SessionPlan(one.starts_at, one.ends_at, one.venue_id, tuple(who.user_id for who in one.facilitators), one.id)
        for one in await sessions_of(training)
    ]
