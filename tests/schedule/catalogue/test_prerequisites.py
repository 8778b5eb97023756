"""Courses that go before others: kept, shown, and never in a circle."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, post, posted
from tests.schedule.wishes import NOBODY
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan, PrerequisiteCircle, UnknownPrerequisite
from trainings.schedule.models import Course, CoursePrerequisite
from trainings.schedule.queries import required_by


def plan_of(course: Course, *required: UUID) -> CoursePlan:
    plan = CoursePlan(kind=course.kind, topic_id=course.topic_id, title=course.title, minutes=course.minutes)
    return replace(plan, prerequisite_ids=frozenset(required))


async def three_courses() -> tuple[Course, Course, Course]:
    first, second, third = [await make.make_course(title) for title in ("Riesgos", "Trata", "Diplomado")]
    return first, second, third


async def test_prerequisites_are_kept_changed_and_told_by_title(cast: Cast) -> None:
    first, second, third = await three_courses()

    await course_actions.edit_course(third.id, plan_of(third, second.id, first.id), actor=PROGRAM)
    both = list((await required_by(third.id)).values())
    await course_actions.edit_course(third.id, plan_of(third, first.id), actor=PROGRAM)
    one = list((await required_by(third.id)).values())
    await course_actions.edit_course(third.id, plan_of(third), actor=PROGRAM)

    assert (both, one) == (["Riesgos", "Trata"], ["Riesgos"])
    assert await CoursePrerequisite.all().count() == 0
    lines = await AuditLine.filter(act="schedule.edit_course", object_id=third.id).order_by("id")
    assert ["prerequisites" in line.detail["changed"] for line in lines] == [True, True, True]


async def test_new_course_may_ask_for_an_earlier_one(cast: Cast) -> None:
    first, *_others = await three_courses()
    plan = replace(plan_of(first, first.id), title="Riesgos, segunda parte")

    course = await course_actions.create_course(plan, actor=PROGRAM)

    assert list((await required_by(course.id)).values()) == ["Riesgos"]


async def test_circle_is_refused_however_long_and_nothing_of_it_is_kept(cast: Cast) -> None:
    first, second, third = await three_courses()
    await course_actions.edit_course(second.id, plan_of(second, first.id), actor=PROGRAM)
    await course_actions.edit_course(third.id, plan_of(third, second.id), actor=PROGRAM)

    with pytest.raises(PrerequisiteCircle) as of_itself:
        await course_actions.edit_course(first.id, plan_of(first, first.id), actor=PROGRAM)
    with pytest.raises(PrerequisiteCircle) as of_three:
        await course_actions.edit_course(first.id, replace(plan_of(first, third.id), summary="Otro"), actor=PROGRAM)
    with pytest.raises(UnknownPrerequisite):
        await course_actions.edit_course(first.id, plan_of(first, NOBODY), actor=PROGRAM)

    assert of_itself.value.values == {"title": "Riesgos"}
    assert (of_three.value.values, of_three.value.field) == ({"title": "Diplomado"}, "prerequisites")
    assert list((await required_by(first.id)).values()) == []
    assert (await Course.get(id=first.id)).summary == ""


async def test_circle_is_not_closed_by_two_at_once(cast: Cast) -> None:
    first, second, _third = await three_courses()

    outcomes = await asyncio.gather(
        course_actions.edit_course(first.id, plan_of(first, second.id), actor=PROGRAM),
        course_actions.edit_course(second.id, plan_of(second, first.id), actor=PROGRAM),
        return_exceptions=True,
    )

    assert sum(isinstance(one, PrerequisiteCircle) for one in outcomes) == 1
    assert await CoursePrerequisite.all().count() == 1


# -- pages


async def test_form_offers_other_courses_in_use_and_keeps_a_retired_one_that_is_asked_for(
    client: AsyncClient, cast: Cast
) -> None:
    first, second, third = await three_courses()
    await Course.filter(id__in=[first.id, second.id]).update(is_active=False)
    await CoursePrerequisite.create(course=third, required=first)
    await as_(client, cast, "platform")

    page = (await client.get(f"/panel/cursos/{third.id}/editar")).text
    answer = await post(client, f"/panel/cursos/{third.id}/editar", posted(page))

    assert posted(page)["prerequisites"] == [str(first.id)]
    assert str(second.id) not in page
    assert f'value="{third.id}"' not in page
    assert answer.status_code == 303
    assert list((await required_by(third.id)).values()) == ["Riesgos"]


async def test_form_refuses_a_circle_with_the_title_and_keeps_what_was_marked(client: AsyncClient, cast: Cast) -> None:
    first, second, _third = await three_courses()
    await CoursePrerequisite.create(course=second, required=first)
    await as_(client, cast, "platform")
    page = (await client.get(f"/panel/cursos/{first.id}/editar")).text

    answer = await post(client, f"/panel/cursos/{first.id}/editar", posted(page) | {"prerequisites": [second.id]})

    assert answer.status_code == 409
    assert "«Trata» ya pide completar antes este mismo curso." in answer.text
    assert 'href="#prerequisites"' in answer.text
    assert posted(answer.text)["prerequisites"] == [str(second.id)]


async def test_public_page_says_what_came_before_when_it_was_published(client: AsyncClient, cast: Cast) -> None:
    first, second, third = await three_courses()
    before = await make.make_training(hub=cast.hub, course=third)
    await course_actions.edit_course(third.id, plan_of(third, first.id, second.id), actor=PROGRAM)
    after = await make.make_training(hub=cast.hub, course=third)

    nothing, told = [(await client.get(f"/capacitaciones/{one.slug}")).text for one in (before, after)]

    assert "Antes hay que completar" not in nothing
    assert "Antes hay que completar «Riesgos» y «Trata»." in told
