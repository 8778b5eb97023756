from __future__ import annotations

from dataclasses import dataclass

from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import SLUG, fold
from trainings.schedule import queries
from trainings.schedule.models import CourseKind, Topic
from trainings.web.i18n import N_


class UnknownTopic(NotFound):
    code = "unknown_topic"
    sentence = N_("No encontramos este tema. Escoja uno en la lista de capacitaciones.")


@dataclass(frozen=True, slots=True)
class TopicCourse:
    """`contents`: titles of its parts."""

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
    """Active courses by title; of a course and its copies the first."""
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
