"""`/panel/cursos/temas/{slug}`: the address stays: calendars and posters carry it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CATALOGUE_EDITORS, can_rename_topic
from trainings.db import reads
from trainings.errors import NotAllowed, NotFound
from trainings.lib.text import SLUG
from trainings.people.forms import printable, required
from trainings.schedule import queries
from trainings.schedule.catalogue.course_actions import TopicExists, rename_topic
from trainings.schedule.models import Course, Topic
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

PAGE, CATALOGUE = "/panel/cursos/temas/{slug}", "/panel/cursos"


class NotYourTopic(NotAllowed):
    sentence = N_("Ese tema es también de cursos de otros. Su nombre lo corrige quien administra la plataforma.")


class TopicForm(Form):
    topic_name: Annotated[str, printable(160), AfterValidator(required)]


@allow(*CATALOGUE_EDITORS)
async def edit(request: Request) -> Response:
    topic = await _topic(request)
    return _page(request, topic, Typed.of({"topic_name": topic.name}))


@allow(*CATALOGUE_EDITORS)
async def update(request: Request) -> Response:
    topic, typed = await _topic(request), await read_form(request)
    try:
        await rename_topic(topic.id, check(TopicForm, typed).topic_name, actor=request.state.actor)
    except (FormErrors, TopicExists) as error:
        typed, status = as_refused(typed, error)
        return _page(request, topic, typed, status=status)
    return redirect(CATALOGUE, gettext(N_("Listo: el tema tiene su nuevo nombre, también en los calendarios.")))


async def _topic(request: Request) -> Topic:
    slug = request.path_params["slug"]
    # PostgreSQL refuses other texts.
    found = await reads(Topic).get_or_none(slug=slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise NotFound(N_("No encontramos ese tema."))
    owners = [owner for (owner,) in await reads(Course).filter(topic_id=found.id).values_list("operator_id")]
    own = await queries.operators_led_by(request.state.actor)
    if not can_rename_topic(request.state.actor, owners, own=own):
        raise NotYourTopic
    return found


def _page(request: Request, topic: Topic, typed: Typed, *, status: int = 200) -> Response:
    return render(request, "schedule/catalogue/topic_form.html", {"form": typed, "topic": topic}, status=status)


routes: list[BaseRoute] = [
    Route(PAGE, edit),
    Route(PAGE, update, methods=["POST"]),
]
