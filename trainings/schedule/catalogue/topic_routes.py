"""`/temas/{slug}`"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import SLUG, fold
from trainings.schedule import queries
from trainings.schedule.models import CourseKind, Topic
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.facts import rows_of
from trainings.schedule.public.filters import Filters
from trainings.schedule.public.pictures import list_card
from trainings.schedule.public.posted import Listed, next_change
from trainings.schedule.public.remembered import remembered
from trainings.schedule.public.sentences import audience_sentence
from trainings.schedule.words import KINDS
from trainings.web.allow import PUBLIC, allow
from trainings.web.i18n import N_, gettext
from trainings.web.og import picture_of
from trainings.web.render import render


class UnknownTopic(NotFound):
    sentence = N_("No encontramos este tema. Escoja uno en la lista de capacitaciones.")


@dataclass(frozen=True, slots=True)
class TopicCourse:
    title: str
    kind: CourseKind
    summary: str
    minutes: int
    contents: tuple[str, ...]
    audience: tuple[str, ...]


async def topic_name(slug: str) -> str:
    """Raises UnknownTopic."""
    found = await reads(Topic).filter(slug=slug).values_list("name") if SLUG.fullmatch(slug) else []
    if not found:
        raise UnknownTopic
    return str(found[0][0])


async def courses_of(slug: str) -> list[TopicCourse]:
    """By title; of a course and its copies the first."""
    found = await queries.courses(is_active=True)
    by_title = {fold(one.title): one for one in reversed(found) if one.topic.slug == slug}
    return [
        TopicCourse(
            title=course.title,
            kind=course.kind,
            summary=course.summary,
            minutes=course.minutes,
            contents=tuple(str(part["title"]) for part in course.contents),
            audience=tuple(course.audience),
        )
        for course in reversed(by_title.values())
    ]


MOST_SHOWN = 8


@allow(PUBLIC)
async def show(request: Request) -> Response:
    slug = request.path_params["slug"]
    name = await topic_name(slug)
    courses = tuple(await courses_of(slug))
    chosen = Filters(topic=slug)
    coming = chosen.chosen(await public_queries.coming_sessions(clock.now()))
    ids = list(dict.fromkeys(one.training_id for one in coming))
    trainings = tuple(await public_queries.listed_trainings(ids[:MOST_SHOWN]))
    return remembered(
        request,
        (name, courses, trainings, len(ids)),
        lambda: _page(request, chosen, name, courses, trainings, len(ids)),
        until=next_change(trainings, clock.now()),
    )


def _page(
    request: Request,
    chosen: Filters,
    name: str,
    courses: tuple[TopicCourse, ...],
    trainings: tuple[Listed, ...],
    n_trainings: int,
) -> Response:
    context = {
        "slug": chosen.topic,
        "name": name,
        "courses": [(course, gettext(KINDS[course.kind]), audience_sentence(course.audience)) for course in courses],
        "rows": rows_of(trainings),
        "n_trainings": n_trainings,
        "list_href": chosen.query(),
        "month_href": chosen.month(None),
    }
    return render(request, "schedule/public/topic.html", context)


@allow(PUBLIC)
async def picture(request: Request) -> Response:
    """For chats, in Spanish."""
    name = await topic_name(request.path_params["slug"])
    return await picture_of(list_card(name))


routes: list[BaseRoute] = [Route("/temas/{slug}", show), Route("/temas/{slug}/imagen.png", picture)]
