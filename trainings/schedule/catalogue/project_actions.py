from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import WrongInput
from trainings.lib.text import fold
from trainings.schedule.models import Project
from trainings.web.i18n import N_


class ProjectExists(WrongInput):
    sentence = N_("Ya hay un proyecto que se llama %(name)s.")


class PeriodReversed(WrongInput):
    sentence = N_("El proyecto termina antes de empezar. Corrija las fechas.")


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """Both days are included. `fiscal_year_month`: 1–12; `targets`: number by indicator code."""

    name: str
    donor: str
    starts_on: date
    ends_on: date
    fiscal_year_month: int = 1
    targets: Mapping[str, int] = field(default_factory=dict)


async def create_project(plan: ProjectPlan, *, actor: Actor) -> Project:
    """Refuses an existing name and a reversed period."""
    async with transaction():
        await _check(plan)
        project = await Project.create(
            name=plan.name,
            donor=plan.donor,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            fiscal_year_month=plan.fiscal_year_month,
            targets=dict(plan.targets),
        )
        await record("schedule.create_project", actor=actor, object_id=project.id)
    return project


async def correct_project(project_id: UUID, plan: ProjectPlan, *, actor: Actor) -> None:
    """Leaves the targets as they are. Refuses another project's name and a reversed period."""
    async with transaction():
        await _check(plan, but=project_id)
        await Project.filter(id=project_id).update(
            name=plan.name,
            donor=plan.donor,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            fiscal_year_month=plan.fiscal_year_month,
        )
        await record("schedule.correct_project", actor=actor, object_id=project_id)


async def _check(plan: ProjectPlan, *, but: UUID | None = None) -> None:
    assert 1 <= plan.fiscal_year_month <= 12
    if plan.ends_on < plan.starts_on:
        raise PeriodReversed(field="ends_on")
    others = await Project.exclude(id=but) if but else await Project.all()
    if any(fold(other.name) == fold(plan.name) for other in others):
        raise ProjectExists(field="name", name=plan.name)
