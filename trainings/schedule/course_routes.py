"""`/panel/cursos`: the catalogue that trainings are runs of."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CATALOGUE_EDITORS, STAFF
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.people import choices
from trainings.schedule import actions, queries
from trainings.schedule.course_forms import CourseForm, typed_course
from trainings.schedule.forms import TICKED
from trainings.schedule.models import Course, Topic
from trainings.schedule.words import KINDS
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/cursos"
USUAL_SHARE = 80


@allow(*STAFF)
async def index(request: Request) -> Response:
    courses = await queries.courses()
    context = {
        "here": "capacitaciones",
        "courses": sorted(courses, key=lambda course: not course.is_active),
        "kinds": {kind: gettext(words) for kind, words in KINDS.items()},
        "can_edit": request.state.actor.has_any(CATALOGUE_EDITORS),
    }
    return render(request, "schedule/staff/courses.html", context)


@allow(*CATALOGUE_EDITORS)
async def new(request: Request) -> Response:
    return await _form(request, Typed.of({"completion_share": USUAL_SHARE, "is_active": TICKED}))


@allow(*CATALOGUE_EDITORS)
async def create(request: Request) -> Response:
    return await _save(request, None)


@allow(*CATALOGUE_EDITORS)
async def edit(request: Request) -> Response:
    course = await queries.course(request.path_params["id"])
    required = await queries.required_by(course.id)
    return await _form(request, typed_course(course, required), course=course)


@allow(*CATALOGUE_EDITORS)
async def update(request: Request) -> Response:
    return await _save(request, await queries.course(request.path_params["id"]))


async def _save(request: Request, course: Course | None) -> Response:
    typed = await read_form(request)
    try:
        await _keep(check(CourseForm, typed), course, request)
    except FormErrors as exc:
        return await _form(request, exc.typed, course=course, status=422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _form(request, typed.refused(refusal), course=course, status=refusal.status)
    response = redirect(INDEX)
    flash(response, gettext(N_("Listo: el curso está guardado.")))
    return response


async def _keep(form: CourseForm, course: Course | None, request: Request) -> None:
    """The entry, and the topic where a new one was typed: both or neither."""
    actor = request.state.actor
    async with transaction():
        topic_id = form.topic or (await actions.create_topic(form.topic_name, actor=actor)).id
        if course is None:
            await actions.create_course(form.plan(topic_id), actor=actor)
        else:
            await actions.edit_course(course.id, form.plan(topic_id), actor=actor)


async def _form(request: Request, typed: Typed, *, course: Course | None = None, status: int = 200) -> Response:
    required = set(typed.values("prerequisites"))
    others = [one for one in await queries.courses() if course is None or one.id != course.id]
    context = {
        "here": "capacitaciones",
        "form": typed,
        "course": course,
        "others": [(one.id, one.title) for one in others if one.is_active or str(one.id) in required],
        "kinds": [(kind.value, gettext(words)) for kind, words in KINDS.items()],
        "topics": [(topic.id, topic.name) for topic in await reads(Topic).order_by("position", "name")],
        "actor_types": choices.actor_types(),
    }
    return render(request, "schedule/staff/course_form.html", context, status=status)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nuevo", new),
    Route(INDEX + "/nuevo", create, methods=["POST"]),
    Route(INDEX + "/{id:uuid}/editar", edit),
    Route(INDEX + "/{id:uuid}/editar", update, methods=["POST"]),
]
