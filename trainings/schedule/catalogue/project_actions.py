from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.schedule.models import Project


class ProjectExists(Refusal):
    sentence = "There is a project %(name)s already."


class PeriodReversed(Refusal):
    sentence = "The project ends before it starts."


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
    assert 1 <= plan.fiscal_year_month <= 12
    if plan.ends_on < plan.starts_on:
        raise PeriodReversed
    async with transaction():
        if any(fold(other) == fold(plan.name) for (other,) in await Project.all().values_list("name")):
            raise ProjectExists(name=plan.name)
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
