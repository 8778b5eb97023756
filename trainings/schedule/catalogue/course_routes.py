"""`/panel/cursos`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CATALOGUE_EDITORS, EDITORS, STAFF, can_edit_course, can_rename_topic
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.people import choices
from trainings.schedule import queries
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import NoHubOfOnesOwn, NotYourCourse, UnknownOwner
from trainings.schedule.catalogue.course_forms import CourseForm, typed_course
from trainings.schedule.models import Course, Topic
from trainings.schedule.staff.forms import TICKED
from trainings.schedule.words import KINDS
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/cursos"
USUAL_SHARE = 80


@dataclass(frozen=True, slots=True)
class CourseLine:
    """`copied_for`: (id, name) of the reader's operators without a course of its title."""

    course: Course
    may_edit: bool
    copied_for: Sequence[tuple[UUID, str]]
    may_rename_topic: bool


@allow(*STAFF)
async def index(request: Request) -> Response:
    actor, courses = request.state.actor, await queries.courses()
    own = await queries.operators_led_by(actor)
    lines = _lines(actor, courses, own)
    context = {
        "lines": sorted(lines, key=lambda line: not line.course.is_active),
        "kinds": {kind: gettext(words) for kind, words in KINDS.items()},
        "may_add": actor.has_any(CATALOGUE_EDITORS),
        "has_several": len(own) > 1,
    }
    return render(request, "schedule/catalogue/courses.html", context)


def _lines(actor: Actor, courses: Sequence[Course], own: Mapping[UUID, str]) -> list[CourseLine]:
    titles = {(course.operator_id, fold(course.title)) for course in courses}
    owners: dict[UUID, set[UUID | None]] = {}
    for course in courses:
        owners.setdefault(course.topic_id, set()).add(course.operator_id)
    may_add = actor.has_any(CATALOGUE_EDITORS)
    return [
        CourseLine(
            course,
            may_edit=can_edit_course(actor, course.operator_id, own=own),
            copied_for=[one for one in own.items() if (one[0], fold(course.title)) not in titles],
            may_rename_topic=may_add and can_rename_topic(actor, owners[course.topic_id], own=own),
        )
        for course in courses
    ]


@allow(*CATALOGUE_EDITORS)
async def new(request: Request) -> Response:
    return await _form(request, Typed.of({"completion_share": USUAL_SHARE, "is_active": TICKED}))


@allow(*CATALOGUE_EDITORS)
async def create(request: Request) -> Response:
    return await _save(request, None)


@allow(*CATALOGUE_EDITORS)
async def edit(request: Request) -> Response:
    course = await _own_course(request)
    required = await queries.required_by(course.id)
    return await _form(request, typed_course(course, required), course=course)


@allow(*CATALOGUE_EDITORS)
async def update(request: Request) -> Response:
    return await _save(request, await _own_course(request))


async def _own_course(request: Request) -> Course:
    """Refuses (NotYourCourse) another owner's."""
    course, actor = await queries.course(request.path_params["id"]), request.state.actor
    if not can_edit_course(actor, course.operator_id, own=await queries.operators_led_by(actor)):
        raise NotYourCourse
    return course


@allow(*EDITORS)
async def copy(request: Request) -> Response:
    actor = request.state.actor
    owner = await _owner((await read_form(request)).value("operator"), actor)
    if owner is None:
        raise NoHubOfOnesOwn
    made = await course_actions.copy_course(request.path_params["id"], owner, actor=actor)
    return redirect(
        f"{INDEX}/{made.id}/editar",
        gettext(N_("Listo: esta copia es de su municipalidad. Cámbiela y escójala en sus capacitaciones.")),
    )


async def _owner(chosen: str, actor: Actor) -> UUID | None:
    """By id, or the only operator. Refuses (UnknownOwner) any other."""
    own = await queries.operators_led_by(actor)
    if len(own) <= 1 and not chosen:
        return next(iter(own), None)
    owner = next((key for key in own if str(key) == chosen), None)
    if owner is None:
        raise UnknownOwner(field="operator")
    return owner


async def _save(request: Request, course: Course | None) -> Response:
    typed = await read_form(request)
    try:
        await _keep(check(CourseForm, typed), course, typed.value("operator"), request)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, course=course, status=status)
    return redirect(INDEX, gettext(N_("Listo: el curso está guardado.")))


async def _keep(form: CourseForm, course: Course | None, chosen: str, request: Request) -> None:
    """Course and newly typed topic: both or neither."""
    actor = request.state.actor
    async with transaction():
        topic_id = form.topic or (await course_actions.create_topic(form.topic_name, actor=actor)).id
        if course is None:
            owner = await _owner(chosen, actor)
            if not can_edit_course(actor, owner, own=[owner] if owner else []):
                raise NoHubOfOnesOwn
            await course_actions.create_course(form.plan(topic_id), actor=actor, operator_id=owner)
        else:
            await course_actions.edit_course(course.id, form.plan(topic_id), actor=actor)


async def _form(request: Request, typed: Typed, *, course: Course | None = None, status: int = 200) -> Response:
    required = set(typed.values("prerequisites"))
    others = [one for one in await queries.courses() if course is None or one.id != course.id]
    context = {
        "form": typed,
        "course": course,
        "owners": [] if course else list((await queries.operators_led_by(request.state.actor)).items()),
        "others": [(one.id, one.title) for one in others if one.is_active or str(one.id) in required],
        "kinds": [(kind.value, gettext(words)) for kind, words in KINDS.items()],
        "topics": [(topic.id, topic.name) for topic in await reads(Topic).order_by("position", "name")],
        "actor_types": choices.actor_types(),
    }
    return render(request, "schedule/catalogue/course_form.html", context, status=status)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nuevo", new),
    Route(INDEX + "/nuevo", create, methods=["POST"]),
    Route(INDEX + "/{id:uuid}/editar", edit),
    Route(INDEX + "/{id:uuid}/editar", update, methods=["POST"]),
    Route(INDEX + "/{id:uuid}/copiar", copy, methods=["POST"]),
]
