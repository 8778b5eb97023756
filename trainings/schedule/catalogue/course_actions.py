from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotAllowed, NotFound, Refusal
from trainings.lib.text import fold, slugify
from trainings.schedule import calendar_texts
from trainings.schedule.calendar_texts import STILL_SHOWN
from trainings.schedule.models import Course, CourseKind, CoursePrerequisite, Topic, Training
from trainings.schedule.plans import terms_of
from trainings.web.i18n import N_


class UnknownTopic(Refusal):
    sentence = N_("Escoja un tema de la lista.")


class TopicExists(Refusal):
    sentence = N_("Ya hay un tema con ese nombre. Escójalo de la lista.")


class CourseExists(Refusal):
    sentence = N_("Ya hay un curso con ese título. Corríjalo, o escriba otro título.")


class NotYourCourse(NotAllowed):
    sentence = N_("Este curso lo cambia quien lo hizo. Cópielo para su municipalidad y cambie la copia.")


class NoHubOfOnesOwn(Refusal):
    sentence = N_("Usted todavía no coordina ninguna ventanilla. Pida que se la den, y vuelva a intentarlo.")


class UnknownOwner(Refusal):
    sentence = N_("Escoja de quién será el curso: de una de las municipalidades o asociaciones donde usted coordina.")


class WrongHours(Refusal):
    sentence = N_("Escriba cuántas horas dura.")


class WrongShare(Refusal):
    sentence = N_("Escriba de 1 a 100.")


class UnknownPrerequisite(Refusal):
    sentence = N_("Escoja de la lista los cursos que van antes.")


class PrerequisiteCircle(Refusal):
    sentence = N_("«%(title)s» ya pide completar antes este mismo curso. Quite la marca, o corrija primero el otro.")


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """`contents`: (title, minutes); `completion_share`: whole %; `pass_mark`: 0–100."""

    kind: CourseKind
    topic_id: UUID
    title: str
    minutes: int
    summary: str = ""
    contents: tuple[tuple[str, int], ...] = ()
    audience: tuple[str, ...] = ()
    completion_share: int = 80
    pass_mark: int | None = None
    is_active: bool = True
    prerequisite_ids: frozenset[UUID] = frozenset()

    def columns(self) -> dict[str, Any]:
        names = [column.name for column in fields(self) if column.name != "prerequisite_ids"]
        values = {name: getattr(self, name) for name in names}
        contents = [{"title": title, "minutes": minutes} for title, minutes in self.contents]
        return values | {"contents": contents, "audience": list(self.audience)}


async def create_course(plan: CoursePlan, *, actor: Actor, operator_id: UUID | None = None) -> Course:
    """Of the operator, or of the platform. Refuses an unknown topic or prerequisite, a title the owner has already, no
    hours, a share over 100 %.
    """
    async with transaction():
        await _check(plan, operator_id)
        course = await Course.create(**plan.columns(), operator_id=operator_id)
        await _require(course, plan.prerequisite_ids)
        await record("schedule.create_course", actor=actor, object_id=course.id)
    return course


async def edit_course(course_id: UUID, plan: CoursePlan, *, actor: Actor) -> Course:
    """Drafts follow, and calendars in topic and summary; a published training keeps its terms. Refuses as
    `create_course`, and prerequisites that lead back to this course.
    """
    async with transaction():
        # One correction at a time: two could close a circle, each from its side.
        await lock(Topic, [topic_id for (topic_id,) in await Topic.all().values_list("id")])
        course = await Course.get_or_none(id=course_id)
        if course is None:
            raise NotFound(N_("No encontramos ese curso."))
        await _check(plan, course.operator_id, but=course.id)
        columns = plan.columns()
        changed = [name for name, value in columns.items() if getattr(course, name) != value]
        if changed:
            await course.update_from_dict(columns).save(update_fields=changed)
        if await _require(course, plan.prerequisite_ids):
            changed.append("prerequisites")
        if not changed:
            return course
        await Training.filter(course_id=course.id, published_at=None).update(**await terms_of(course.id))
        if {"topic_id", "summary"} & set(changed):
            await _calendars_follow(Training.filter(course_id=course.id))
        await record("schedule.edit_course", actor=actor, object_id=course.id, changed=changed)
    return course


async def copy_course(course_id: UUID, operator_id: UUID, *, actor: Actor) -> Course:
    """Refuses if the operator has one of that title."""
    async with transaction():
        course = await Course.get_or_none(id=course_id).prefetch_related("prerequisites")
        if course is None:
            raise NotFound(N_("No encontramos ese curso."))
        plan = CoursePlan(
            kind=course.kind,
            topic_id=course.topic_id,
            title=course.title,
            minutes=course.minutes,
            summary=course.summary,
            contents=tuple((part["title"], part.get("minutes", 0)) for part in course.contents),
            audience=tuple(course.audience),
            completion_share=course.completion_share,
            pass_mark=course.pass_mark,
            prerequisite_ids=frozenset([one.required_id for one in course.prerequisites]),
        )
        return await create_course(plan, actor=actor, operator_id=operator_id)


async def create_topic(name: str, *, actor: Actor, slug: str = "", position: int = 0) -> Topic:
    """The slug (from the name, unless given) is fixed. Refuses an existing topic."""
    slug = slug or slugify(name)
    if any(fold(other) == fold(name) for (other,) in await Topic.all().values_list("name")):
        raise TopicExists(field="topic_name")
    try:
        async with transaction():
            topic = await Topic.create(name=name, slug=slug, position=position)
            await record("schedule.create_topic", actor=actor, object_id=topic.id, slug=slug)
    except IntegrityError as exc:
        raise TopicExists(field="topic_name") from exc
    return topic


async def rename_topic(topic_id: UUID, name: str, *, actor: Actor) -> Topic:
    """Calendars follow, the slug stays. Refuses another topic's name."""
    async with transaction():
        topics = {
            topic.id: topic for topic in await lock(Topic, [one for (one,) in await Topic.all().values_list("id")])
        }
        topic = topics.get(topic_id)
        if topic is None:
            raise NotFound(N_("No encontramos ese tema."))
        if any(fold(other.name) == fold(name) for other in topics.values() if other.id != topic.id):
            raise TopicExists(field="topic_name")
        if topic.name == name:
            return topic
        topic.name = name
        await topic.save(update_fields=["name"])
        await _calendars_follow(Training.filter(course__topic_id=topic.id), renamed=[f"tema:{topic.slug}"])
        await record("schedule.rename_topic", actor=actor, object_id=topic.id)
    return topic


async def _calendars_follow(trainings: QuerySet[Training], *, renamed: Collection[str] = ()) -> None:
    recent = trainings.filter(sessions__starts_at__gte=clock.now() - STILL_SHOWN)
    ids = [one for (one,) in await recent.distinct().values_list("id")]
    await calendar_texts.refresh(training_ids=ids, renamed=renamed)
    await calendar_texts.restamp(ids)


async def _check(plan: CoursePlan, operator_id: UUID | None, *, but: UUID | None = None) -> None:
    if plan.minutes <= 0:
        raise WrongHours(field="hours")
    if not 1 <= plan.completion_share <= 100:
        raise WrongShare(field="completion_share")
    if not await Topic.exists(id=plan.topic_id):
        raise UnknownTopic(field="topic")
    alike = await Course.filter(operator_id=operator_id).values_list("id", "title")
    if any(fold(title) == fold(plan.title) for course_id, title in alike if course_id != but):
        raise CourseExists(field="title")


async def _require(course: Course, wanted: Collection[UUID]) -> bool:
    required: dict[UUID, set[UUID]] = {}
    for one, other in await CoursePrerequisite.all().values_list("course_id", "required_id"):
        required.setdefault(one, set()).add(other)
    standing = required.get(course.id, set())
    if standing == set(wanted):
        return False
    titles = dict(await Course.filter(id__in=list(wanted)).values_list("id", "title"))
    if len(titles) != len(wanted):
        raise UnknownPrerequisite(field="prerequisites")
    for one in sorted(wanted, key=titles.__getitem__):
        if course.id in _leads_to(one, required):
            raise PrerequisiteCircle(field="prerequisites", title=titles[one])
    await CoursePrerequisite.filter(course_id=course.id).exclude(required_id__in=list(wanted)).delete()
    for one in sorted(set(wanted) - standing):
        await CoursePrerequisite.create(course=course, required_id=one)
    return True


def _leads_to(start: UUID, required: Mapping[UUID, Collection[UUID]]) -> set[UUID]:
    found, waiting = set[UUID](), [start]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(required.get(one, ()))
    return found
