"""`/panel/proyectos`: donors' projects, which all hubs share. Who plans adds one, the platform corrects it."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.models import Role
from trainings.accounts.permissions import CATALOGUE_EDITORS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.lib import dates
from trainings.people.forms import printable, required
from trainings.schedule.catalogue.project_actions import ProjectPlan, correct_project, create_project
from trainings.schedule.models import Project
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import redirect, render

INDEX = "/panel/proyectos"
ONE = INDEX + "/{id:uuid}/editar"
LONGEST = 160


class UnknownProject(NotFound):
    sentence = N_("No encontramos ese proyecto.")


class ProjectForm(Form):
    name: Annotated[str, printable(LONGEST), AfterValidator(required)]
    donor: Annotated[str, printable(LONGEST), AfterValidator(required)]
    starts_on: date
    ends_on: date
    fiscal_year_month: int = Field(default=1, ge=1, le=12)

    def plan(self) -> ProjectPlan:
        return ProjectPlan(self.name, self.donor, self.starts_on, self.ends_on, self.fiscal_year_month)


@allow(*CATALOGUE_EDITORS)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    projects = await reads(Project).order_by("-ends_on", "name")
    context = {"projects": projects, "may_correct": actor.has_any((Role.PLATFORM_ADMIN,))}
    return render(request, "panel/trainings/projects.html", context)


@allow(*CATALOGUE_EDITORS)
async def new(request: Request) -> Response:
    return _form(request, Typed.of({"fiscal_year_month": 1}))


@allow(*CATALOGUE_EDITORS)
async def create(request: Request) -> Response:
    return await _save(request, None)


@allow(Role.PLATFORM_ADMIN)
async def edit(request: Request) -> Response:
    project = await _project(request.path_params["id"])
    return _form(request, Typed.of({name: getattr(project, name) for name in ProjectForm.model_fields}), project)


@allow(Role.PLATFORM_ADMIN)
async def update(request: Request) -> Response:
    return await _save(request, await _project(request.path_params["id"]))


async def _project(project_id: UUID) -> Project:
    project = await reads(Project).get_or_none(id=project_id)
    if project is None:
        raise UnknownProject
    return project


async def _save(request: Request, project: Project | None) -> Response:
    typed, actor = await read_form(request), request.state.actor
    try:
        plan = check(ProjectForm, typed).plan()
        if project is None:
            await create_project(plan, actor=actor)
        else:
            await correct_project(project.id, plan, actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return _form(request, typed, project, status=status)
    return redirect(INDEX, gettext(N_("Listo: el proyecto está guardado.")))


def _form(request: Request, typed: Typed, project: Project | None = None, *, status: int = 200) -> Response:
    months = [(month, dates.month_name(date(2000, month, 1), language())) for month in range(1, 13)]
    context = {"form": typed, "project": project, "months": months}
    return render(request, "panel/trainings/project_form.html", context, status=status)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nuevo", new),
    Route(INDEX + "/nuevo", create, methods=["POST"]),
    Route(ONE, edit),
    Route(ONE, update, methods=["POST"]),
]
